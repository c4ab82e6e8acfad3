import type { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { Files } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { invalid, isLightningError } from "../kernel/errors.ts";
import { sha256 } from "../kernel/hashing.ts";
import { hashedId } from "../kernel/ids.ts";
import { bare } from "../ledger/ledger.ts";
import type { buildDatasetInputSchema, buildGoldenInputSchema, Dataset, Format, Recipe } from "./contract.ts";
import { readGolden } from "./golden/golden.ts";
import { goldenPartLines, goldenPartWarnings, removeGoldenParts } from "./golden/parts.ts";
import { splitKeyMark } from "./merge/split.ts";
import { sourceFileKey } from "./shards/file-keys.ts";
import type { DatasetStore } from "./store.ts";

interface RequestDeps {
  readonly store: DatasetStore;
  readonly files: Files;
  readonly settings: Pick<
    Settings,
    "minReward" | "maxExamples" | "includeTools" | "trainSplit" | "splitKey" | "redactSecrets"
  >;
  readonly clock: Clock;
}
export type BuildDatasetInput = z.output<typeof buildDatasetInputSchema>;
export type BuildGoldenInput = z.output<typeof buildGoldenInputSchema>;
/** `existed`: an equal request was made before; its dataset is answered. */
export interface Prepared {
  readonly dataset: Dataset;
  readonly existed: boolean;
}

/** Golden files are taken whole. */
const NO_LIMIT = 10_000_000;

/** Asking for datasets: fixes what is to be built, once for equal requests, and starts nothing. */
export function createDatasetRequests({ store, files, settings, clock }: RequestDeps) {
  /** Creates the record if there is none; one that failed starts afresh. */
  async function createOnce(dataset: Dataset): Promise<Prepared> {
    for (;;) {
      const stored = await store.read(dataset.agent_id, dataset.id);
      try {
        if (stored === undefined) return { dataset: bare(await store.create(dataset)), existed: false };
        if (stored.status !== "failed") return { dataset: bare(stored), existed: true };
        const afresh = await store.update(stored, {
          status: "pending",
          claimed_by: undefined,
          cancel_requested: undefined,
          awaited_rewards: undefined,
          scored_at: undefined,
          error: undefined,
          error_code: undefined,
          completed_at: undefined,
        });
        return { dataset: bare(afresh), existed: true };
      } catch (error) {
        // Somebody created or changed it in between: look again.
        if (!isLightningError(error) || (error.kind !== "conflict" && error.kind !== "precondition"))
          throw error;
      }
    }
  }

  /** @throws invalid `golden_not_ready`, `golden_other_format` */
  async function checkGolden(agentId: string, ids: readonly string[], format: Format): Promise<void> {
    for (const id of ids) {
      const golden = await store.read(agentId, id);
      if (golden?.recipe.kind === "golden" && golden.status === "ready") {
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
     * @throws invalid `golden_not_ready`, `dates_reversed`
     */
    async prepare(input: BuildDatasetInput): Promise<Prepared> {
      const { agent_id: agentId, name, description } = input;
      if (input.start_date !== undefined && input.end_date !== undefined && input.start_date > input.end_date)
        throw invalid("dates_reversed", "start_date lies after end_date.", {
          field: "start_date",
          remedy: "Exchange the two.",
        });
      await checkGolden(agentId, input.include_golden ?? [], input.format ?? "sft");
      const recipe = present<Recipe>({
        kind: "episodes",
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
        min_per_tool: input.min_per_tool,
        cap: input.cap,
        cap_by: input.cap === undefined ? undefined : (input.cap_by ?? "tool"),
        max_tokens: input.max_tokens,
        near_duplicates: input.near_duplicates,
        learn: input.learn === "all" ? undefined : input.learn,
        min_gap: input.min_gap,
        test_after: input.test_after,
        bom: input.bom === true ? true : undefined,
      });
      const watermark = {
        episodes: await store.newestEpisode(agentId),
        rewards: await store.newestReward(agentId),
      };
      return await createOnce(record(agentId, name, description, recipe, watermark));
    },

    /**
     * Checks and stores a golden file, and creates its dataset's record. Starts nothing.
     * @throws invalid `golden_invalid` naming line, rule and remedy, and nothing is stored then; `golden_content`,
     * `golden_part_missing`
     */
    async prepareGolden(input: BuildGoldenInput): Promise<Prepared> {
      const { agent_id: agentId, name, description } = input;
      const { content, parts } = input;
      if ((content === undefined) === (parts === undefined))
        throw invalid(
          "golden_content",
          "A golden dataset is made of `content` or of `parts`, and of one of them.",
          {
            field: "content",
            remedy: "Give the file's text as content; of a large file the parts that addGoldenPart answered.",
          },
        );
      const golden =
        content === undefined
          ? undefined
          : await readGolden(content, { redact: settings.redactSecrets, format: input.format });
      const recipe = present<Recipe>({
        kind: "golden",
        max_examples: NO_LIMIT,
        include_tools: true,
        train_split: input.train_split ?? settings.trainSplit,
        test_split: input.test_split ?? 0,
        split_key: splitKeyMark(settings.splitKey),
        source_sha256: sha256(content ?? (parts ?? []).join("\n")),
        format: input.format === "sft" ? undefined : input.format,
        bom: input.bom === true ? true : undefined,
      });
      const plain = record(agentId, name, description, recipe, { episodes: "", rewards: "" });
      // Also where the parts have gone since: the request may come again after its answer was lost.
      const known = await store.read(agentId, plain.id);
      if (known !== undefined && known.status !== "failed") {
        if (parts !== undefined) await removeGoldenParts(files, input);
        return { dataset: bare(known), existed: true };
      }
      const warnings = golden?.warnings ?? (await goldenPartWarnings(files, input, parts ?? []));
      const lines = golden === undefined ? goldenPartLines(files, input, parts ?? []) : asLines(golden.lines);
      // Before the record, so that a record always has its file; the same content goes under the same key.
      await files.write(sourceFileKey(plain.id), lines);
      const prepared = await createOnce(
        present<Dataset>({
          ...plain,
          warnings: Object.keys(warnings).length > 0 ? { ...warnings } : undefined,
        }),
      );
      if (parts !== undefined) await removeGoldenParts(files, input);
      return prepared;
    },
  };

  function record(
    agentId: string,
    name: string,
    description: string | undefined,
    recipe: Recipe,
    watermark: Dataset["watermark"],
  ): Dataset {
    return present<Dataset>({
      id: hashedId("dataset", [agentId, name, recipe, watermark]),
      type: "dataset",
      agent_id: agentId,
      name,
      description,
      status: "pending",
      recipe,
      watermark,
      created_at: toIso(clock.now()),
    });
  }
}

/** Without members that are undefined: the ledger takes none. */
function present<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}

const sortedNames = (names: readonly string[] | undefined): string[] | undefined =>
  names === undefined ? undefined : [...new Set(names)].toSorted();

async function* asLines(lines: readonly string[]): AsyncGenerator<string> {
  for (let at = 0; at < lines.length; at += 256) yield `${lines.slice(at, at + 256).join("\n")}\n`;
}
