import type { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { BeforeMaking } from "../doors/keyed-request.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import { refuseReversed } from "../doors/times.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { invalid } from "../kernel/errors.ts";
import { splitKeyMark } from "./merge/split.ts";
import { newDataset, type Prepared, prepareOnce } from "./prepare-once.ts";
import { buildDatasetInputSchema, type Format, type Recipe, sortedNames } from "./recipe-contract.ts";
import type { DatasetStore } from "./store.ts";

interface RequestDeps {
  readonly store: DatasetStore;
  readonly settings: Pick<Settings, "minReward" | "maxExamples" | "includeTools" | "trainSplit" | "splitKey">;
  readonly clock: Clock;
}
export type BuildDatasetInput = z.output<typeof buildDatasetInputSchema>;
/** Asking for datasets: fixes what is to be built, once for equal requests, and starts nothing. */
export function createDatasetRequests({ store, settings, clock }: RequestDeps) {
  /** @throws not_found `dataset_not_found`; invalid `golden_not_ready`, `golden_other_format`, `golden_unresolved` */
  async function checkGolden(agentId: string, ids: readonly string[], format: Format): Promise<void> {
    for (const id of ids) {
      const golden = await store.read(agentId, id);
      if (golden === undefined) throw noSuchRecord("dataset", agentId, id, { field: "include_golden" });
      if (golden.recipe.kind === "golden" && golden.status === "ready") {
        if (golden.unresolved !== undefined)
          throw invalid(
            "golden_unresolved",
            `${golden.unresolved.lines} of the lines of "${id}" hold what redaction ${golden.unresolved.redaction_version} replaces.`,
            {
              field: "include_golden",
              remedy: "Send its file again, and name the dataset that is made of it.",
            },
          );
        if ((golden.recipe.format ?? "sft") === format) continue;
        throw invalid(
          "golden_other_format",
          `"${id}" holds ${golden.recipe.format ?? "sft"} lines; they cannot join a ${format} dataset.`,
          { field: "include_golden", remedy: "Leave it out, or build in its format." },
        );
      }
      throw invalid("golden_not_ready", `"${id}" is not a finished golden dataset of the agent.`, {
        field: "include_golden",
        remedy: "Build it with build-golden first, and name it by its id.",
      });
    }
  }

  return {
    /**
     * Fixes what is to be built: the recipe with all its defaults and how far the ledger is at this moment. The same
     * request in the same state of the ledger is the same dataset. Starts nothing.
     * @throws not_found `dataset_not_found`; invalid `golden_not_ready`, `golden_other_format`, `golden_unresolved`,
     *   `dates_reversed`
     */
    async prepare(input: BuildDatasetInput, before?: BeforeMaking): Promise<Prepared> {
      const { agent_id: agentId, name, description } = input;
      refuseReversed(buildDatasetInputSchema, input);
      await checkGolden(agentId, input.include_golden ?? [], input.format ?? "sft");
      const recipe: Recipe = defined({
        kind: "episodes" as const,
        min_reward: input.min_reward ?? settings.minReward,
        sources: input.sources === undefined ? undefined : [...new Set(input.sources)].toSorted(),
        start_date: input.start_date,
        end_date: input.end_date,
        max_examples: input.max_examples ?? settings.maxExamples,
        include_tools: input.include_tools ?? settings.includeTools,
        train_split: input.train_split ?? settings.trainSplit,
        test_split: input.test_split ?? 0,
        split_key: splitKeyMark(settings.splitKey),
        system_prompt: input.system_prompt || undefined,
        include_golden: input.include_golden?.length
          ? [...new Set(input.include_golden)].toSorted()
          : undefined,
        // What is as it would be anyway is not named: the same request is the same dataset as before.
        format: input.format === "sft" ? undefined : input.format,
        tools: sortedNames(input.tools),
        models: sortedNames(input.models),
        tags: sortedNames(input.tags),
        include_endings: sortedNames(input.include_endings),
        include_spelt_out: input.include_spelt_out === true ? true : undefined,
        min_per_tool: input.min_per_tool,
        cap: input.cap,
        cap_by: input.cap === undefined ? undefined : (input.cap_by ?? "tool"),
        max_tokens: input.max_tokens,
        for_model: input.for_model,
        near_duplicates: input.near_duplicates,
        learn: input.learn === "all" ? undefined : input.learn,
        min_gap: input.min_gap,
        test_after: input.test_after,
        bom: input.bom === true ? true : undefined,
      });
      const watermark = await store.watermark(agentId);
      // After the watermark: what it counts stands before this place.
      const awaited_places = { episodes: await store.feedEnd("episodes") };
      const created_at = toIso(clock.now());
      const dataset = await newDataset(store, { agentId, name, description, recipe, watermark, created_at });
      return await prepareOnce(store, { ...dataset, awaited_places }, before);
    },
  };
}
