import type { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import { bytesOf } from "../files/bytes-of.ts";
import type { Files } from "../files/files.ts";
import type { Clock } from "../kernel/clock.ts";
import { conflict, notFound } from "../kernel/errors.ts";
import { bare, type Ledger } from "../ledger/ledger.ts";
import type { PolicyOf } from "../redaction/policy.ts";
import { goldenPolicy } from "./common/golden-policy.ts";
import type {
  Dataset,
  DatasetPictures,
  ReadyDataset,
  Split,
  TrainingCheck,
  TrainingTokens,
} from "./contract.ts";
import { addGoldenPart, type GoldenPart } from "./golden/parts.ts";
import { createGoldenRequests } from "./golden-requests.ts";
import { type LeftOut, leftOut } from "./left-out.ts";
import { createDatasetLineage } from "./lineage.ts";
import { nearLines } from "./near-lines.ts";
import { countPictures } from "./pictures.ts";
import type { goldenPartInputSchema } from "./recipe-contract.ts";
import { createDatasetRequests } from "./requests.ts";
import { isEndedDataset } from "./status.ts";
import { createDatasetStore } from "./store.ts";
import { countTrainingTokens } from "./training-tokens.ts";
import { checkForTraining } from "./validate/before-training.ts";

export interface DatasetDeps {
  readonly ledger: Ledger;
  readonly files: Files;
  readonly settings: Pick<
    Settings,
    "minReward" | "maxExamples" | "includeTools" | "trainSplit" | "splitKey" | "redactSecrets" | "baseModel"
  >;
  readonly clock: Clock;
  /** The redaction that holds for an agent; absent: the standard rules. */
  readonly policyOf?: PolicyOf | undefined;
}
export type GoldenPartInput = z.output<typeof goldenPartInputSchema>;

/** The verbs of datasets. Building itself is the orchestration `buildDataset`, under the dataset's id. */
export function createDatasetService(deps: DatasetDeps) {
  const { ledger, files, settings } = deps;
  const store = createDatasetStore(ledger);

  /** @param field the one that named it, where it is not `dataset_id` */
  async function get(agentId: string, id: string, field?: string): Promise<Dataset> {
    const stored = await store.read(agentId, id);
    if (stored === undefined) throw noSuchRecord("dataset", agentId, id, { field });
    return bare(stored);
  }

  return {
    ...createDatasetRequests({ ...deps, store }),
    ...createGoldenRequests({ ...deps, store }),
    ...createDatasetLineage({ ...deps, store, get }),

    /**
     * Checks and keeps a part of a golden file that is too large for one request.
     * @throws invalid `golden_invalid` naming line, rule and remedy; nothing of the file is kept then
     */
    addGoldenPart: async (input: GoldenPartInput): Promise<GoldenPart> =>
      addGoldenPart(files, input, {
        policy: await goldenPolicy(settings, input.agent_id, deps.policyOf),
        format: input.format,
        includeEndings: input.include_endings,
      }),

    get,

    /** What a finished dataset kept of what was given, and sentences on the rest. */
    leftOut: (dataset: Dataset): LeftOut => leftOut(dataset),

    /** Tokens of the training side in the vocabulary of `model`: counted once, then remembered. */
    countTokens: (dataset: Dataset, model: string): Promise<TrainingTokens> =>
      countTrainingTokens(files, dataset, model),

    /** What the pictures of both files take by a model's rule; looked through once, then remembered. */
    countPictures: (dataset: Dataset, model: string): Promise<DatasetPictures> =>
      countPictures(files, dataset, model),

    /** @throws invalid `dataset_not_taken`: lines that the model it is for does not take */
    checkForTraining: (dataset: ReadyDataset, check: TrainingCheck): Promise<void> =>
      checkForTraining(files, dataset, check, () => countTrainingTokens(files, dataset, check.model)),

    /** Which lines of a file are nearly the same as a line of others. */
    nearLines: (file: string, others: readonly string[]): Promise<ReadonlySet<string>> =>
      nearLines(files, file, others),

    /**
     * Asks for the end of a build; its next step ends it.
     * @throws conflict `dataset_finished`
     */
    async cancel(agentId: string, id: string): Promise<Dataset> {
      const cancelled = await store.change(agentId, id, (dataset) => {
        if (dataset.cancel_requested === true) return undefined;
        if (isEndedDataset(dataset))
          throw conflict(
            "dataset_finished",
            `The build has already ended: the dataset is ${dataset.status}.`,
            { field: "dataset_id" },
          );
        return { ...dataset, cancel_requested: true };
      });
      return cancelled ?? (await get(agentId, id));
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
      const file = dataset.files[split];
      if (file === undefined)
        throw notFound("split_empty", `The dataset has no ${split} side.`, {
          field: "split",
          remedy: `It has: ${Object.keys(dataset.files).join(", ")}.`,
        });
      return {
        ...file,
        name: file.key.slice(file.key.lastIndexOf("/") + 1),
        stream: (from: number, bytes: number) => bytesOf(files, file, from, bytes),
      };
    },
  };
}
export type DatasetService = ReturnType<typeof createDatasetService>;
