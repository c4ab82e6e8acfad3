import type { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { Episode } from "../episodes/contract.ts";
import { type Files, lines as linesOf } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { conflict, invalid, isLightningError, notFound } from "../kernel/errors.ts";
import { sha256 } from "../kernel/hashing.ts";
import { hashedId } from "../kernel/ids.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { bare, type Page } from "../ledger/ledger.ts";
import type { Provider } from "../provider/provider.ts";
import type {
  buildDatasetInputSchema,
  buildGoldenInputSchema,
  Dataset,
  Format,
  goldenPartInputSchema,
  Recipe,
  Split,
} from "./contract.ts";
import { type EdgeRow, edgePage, edgesOf, edgesOfEpisode, type ToldEdge, tellEdge } from "./edges.ts";
import { type Estimate, type EstimateInput, estimate, type PriceTables } from "./estimate.ts";
import { readGolden } from "./golden.ts";
import {
  addGoldenPart,
  type GoldenPart,
  goldenPartLines,
  goldenPartWarnings,
  removeGoldenParts,
} from "./golden-parts.ts";
import { sourceFileKey } from "./keys.ts";
import { splitKeyMark } from "./split.ts";
import { createDatasetStore, unlessChanged } from "./store.ts";

export interface DatasetDeps {
  readonly ledger: Ledger;
  readonly files: Files;
  readonly settings: Pick<
    Settings,
    | "minReward"
    | "maxExamples"
    | "includeTools"
    | "trainSplit"
    | "splitKey"
    | "redactSecrets"
    | "baseModel"
    | "epochs"
    | "trainingType"
  >;
  readonly clock: Clock;
  /** Prices and limits; without them costs are unknown. */
  readonly tables?: PriceTables | undefined;
  readonly provider?: Pick<Provider, "kind" | "listJobs" | "listFiles"> | undefined;
}
export type BuildDatasetInput = z.output<typeof buildDatasetInputSchema>;
export type GoldenPartInput = z.output<typeof goldenPartInputSchema>;
export type BuildGoldenInput = z.output<typeof buildGoldenInputSchema>;
/** `existed`: an equal request was made before; its dataset is answered. */
export interface Prepared {
  readonly dataset: Dataset;
  readonly existed: boolean;
}

/** Golden files are taken whole. */
const NO_LIMIT = 10_000_000;

/** The verbs of datasets. Building itself is the orchestration `buildDataset`, under the dataset's id. */
export function createDatasetService(deps: DatasetDeps) {
  const { ledger, files, settings, clock } = deps;
  const store = createDatasetStore(ledger);

  async function get(agentId: string, id: string): Promise<Dataset> {
    const stored = await store.read(agentId, id);
    if (stored === undefined)
      throw notFound("dataset_not_found", `The agent "${agentId}" has no dataset "${id}".`, {
        field: "dataset_id",
        remedy: "List the agent's datasets to see their ids.",
      });
    return bare(stored);
  }

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

    /**
     * Checks and keeps a part of a golden file that is too large for one request.
     * @throws invalid `golden_invalid` naming line, rule and remedy; nothing of the file is kept then
     */
    addGoldenPart: (input: GoldenPartInput): Promise<GoldenPart> =>
      addGoldenPart(files, input, { redact: settings.redactSecrets, format: input.format }),

    get,

    /** What training on it would take and cost. @throws not_found `dataset_not_found`, conflict `dataset_not_ready` */
    estimate: async (input: EstimateInput): Promise<Estimate> =>
      await estimate(deps, await get(input.agent_id, input.dataset_id), input),

    /**
     * Asks for the end of a build; its next step ends it.
     * @throws conflict `dataset_finished`
     */
    async cancel(agentId: string, id: string): Promise<Dataset> {
      for (;;) {
        const stored = await store.read(agentId, id);
        if (stored === undefined) return await get(agentId, id);
        if (stored.cancel_requested === true) return bare(stored);
        if (stored.status === "ready" || stored.status === "failed")
          throw conflict(
            "dataset_finished",
            `The build has already ended: the dataset is ${stored.status}.`,
            {
              field: "dataset_id",
            },
          );
        if (await unlessChanged(store.update(stored, { cancel_requested: true })))
          return await get(agentId, id);
      }
    },

    /** Edges of a dataset, a page of some 500 at a time; `continuation` is the next page's number. */
    async edges(agentId: string, id: string, continuation?: string) {
      const dataset = await get(agentId, id);
      const page = continuation === undefined ? 0 : Number(continuation);
      const pages = dataset.lineage?.pages ?? 0;
      if (!Number.isSafeInteger(page) || page < 0 || (page >= pages && page > 0))
        throw invalid("bad_continuation", "The dataset has no such page.", { field: "continuation" });
      const rows = pages === 0 ? [] : await edgePage(ledger, dataset, page);
      return {
        edges: rows.map((row) => tellEdge(dataset, row)),
        ...(page + 1 < pages ? { continuation: String(page + 1) } : {}),
      };
    },

    /**
     * Why a line is in a dataset: its edge, and those of the duplicates it stands for.
     * @param line first digits of the SHA-256 of the line's text, or its number with its side
     * @throws not_found `example_not_found`
     */
    async why(agentId: string, id: string, line: string, split: Split) {
      const dataset = await get(agentId, id);
      const hash = /^\d{1,7}$/.test(line)
        ? await hashOfLine(dataset, Number(line), split)
        : line.toLowerCase();
      const own: ToldEdge[] = [];
      const others: ToldEdge[] = [];
      if (hash !== undefined)
        for await (const rows of edgesOf(ledger, dataset))
          for (const row of rows) {
            if (isSame(row[0], hash)) own.push(tellEdge(dataset, row));
            else if (row[8] !== undefined && isSame(row[8], hash)) others.push(tellEdge(dataset, row));
          }
      if (own.length === 0)
        throw notFound("example_not_found", `The dataset has no line "${line}".`, {
          field: "hash",
          remedy: "Give at least eight digits of the SHA-256 of the line, or its number and its split.",
        });
      return [...own, ...others];
    },

    /** An episode, its rewards, and every dataset that it or a duplicate of it came to. */
    async traceEpisode(agentId: string, episodeId: string) {
      const episode = await ledger.read<Episode>("episodes", [agentId, episodeId], episodeId);
      const rewards = (await store.rewardsOf(agentId, [episodeId])).get(episodeId) ?? [];
      const found: { dataset: Dataset; edges: ToldEdge[] }[] = [];
      let after: string | undefined;
      do {
        const page: Page<Dataset> = await store.list(agentId, 100, after);
        for (const dataset of page.items) {
          if (dataset.status !== "ready" || dataset.lineage === undefined) continue;
          const isPaired = dataset.recipe.format === "dpo";
          const at = episode === undefined || isPaired ? undefined : Date.parse(episode.created_at);
          const rows = await edgesOfEpisode(ledger, dataset, episodeId, at);
          if (rows.length > 0)
            found.push({ dataset: bare(dataset), edges: rows.map((row) => tellEdge(dataset, row)) });
        }
        after = page.continuation;
      } while (after !== undefined);
      return {
        episode: episode === undefined ? undefined : bare(episode),
        rewards: rewards.map(bare),
        found,
      };
    },

    /** Newest first. */
    async list(agentId: string, limit: number, continuation?: string) {
      const page = await store.list(agentId, limit, continuation);
      return { datasets: page.items.map((item) => bare(item)), continuation: page.continuation };
    },

    /**
     * One side's file.
     * @throws not_found `dataset_not_found`, `split_empty`; conflict `dataset_not_ready`
     */
    async readFile(agentId: string, id: string, split: Split) {
      const dataset = await get(agentId, id);
      if (dataset.status !== "ready")
        throw conflict("dataset_not_ready", `The dataset is ${dataset.status}; it has no files yet.`, {
          remedy: "Wait until its status is ready.",
        });
      const file = dataset.files?.[split];
      if (file === undefined)
        throw notFound("split_empty", `The dataset has no ${split} side.`, {
          field: "split",
          remedy: `It has: ${Object.keys(dataset.files ?? {}).join(", ")}.`,
        });
      return {
        ...file,
        name: file.key.slice(file.key.lastIndexOf("/") + 1),
        stream: () => files.read(file.key),
      };
    },
  };

  async function hashOfLine(dataset: Dataset, number: number, split: Split): Promise<string | undefined> {
    const file = dataset.files?.[split];
    if (file === undefined) return undefined;
    let at = 0;
    for await (const text of linesOf(files.read(file.key))) if (++at === number) return sha256(text);
    return undefined;
  }

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
export type DatasetService = ReturnType<typeof createDatasetService>;

/** Without members that are undefined: the ledger takes none. */
function present<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}

/** A page keeps 32 digits; whoever asks may know fewer or more. */
const isSame = (kept: EdgeRow[0], asked: string): boolean => kept.startsWith(asked.slice(0, kept.length));

const sortedNames = (names: readonly string[] | undefined): string[] | undefined =>
  names === undefined ? undefined : [...new Set(names)].toSorted();

async function* asLines(lines: readonly string[]): AsyncGenerator<string> {
  for (let at = 0; at < lines.length; at += 256) yield `${lines.slice(at, at + 256).join("\n")}\n`;
}
