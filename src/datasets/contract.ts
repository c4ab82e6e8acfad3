import { z } from "zod";
import type { Claim, ClaimInput, FailInput, RecordRef } from "../doors/claim.ts";
import { type Orchestration, recordInstance } from "../doors/orchestration.ts";
import { idSchema, storedTimeSchema, takenUpSchema } from "../doors/schemas.ts";
import { messageSchema, toolDefinitionSchema } from "../episodes/contract.ts";
import type { RecordKind } from "../ledger/records.ts";
import { recipeSchema } from "./recipe-contract.ts";
import { DATASET_STATUSES, OPEN_DATASET_STATUSES } from "./status.ts";

export const SPLITS = ["train", "validation", "test"] as const;
export type Split = (typeof SPLITS)[number];

/** One line of a dataset file: OpenAI's supervised chat format. */
export const exampleSchema = z.strictObject({
  messages: z.array(messageSchema).min(1),
  tools: z.array(toolDefinitionSchema).optional(),
  parallel_tool_calls: z.boolean().optional(),
});
export type Example = z.output<typeof exampleSchema>;

/** One line of a preference file (DPO): the same turns, a better and a worse continuation. */
export const preferenceSchema = z.strictObject({
  input: exampleSchema,
  preferred_output: z.array(messageSchema).min(1),
  non_preferred_output: z.array(messageSchema).min(1),
});
export type Preference = z.output<typeof preferenceSchema>;

/** One line of a reinforcement file (RFT): turns up to the user's last, and fields that the grader reads. */
export const reinforcementSchema = z.looseObject({
  messages: z.array(messageSchema).min(1),
  tools: z.array(toolDefinitionSchema).optional(),
});
export type Reinforcement = z.output<typeof reinforcementSchema>;

export type DatasetLine = Example | Preference | Reinforcement;

/** Tokens of a dataset's training side, and of its longest line, in one vocabulary. */
export interface TrainingTokens {
  readonly tokens: number;
  readonly longest: number;
  readonly encoding: string;
  /** False: another maker's model, whose own vocabulary counts a little otherwise. */
  readonly exact: boolean;
}

/** What the pictures of one file take; one before both answers of a pair counts twice. */
export interface SidePictures {
  readonly pictures: number;
  /** Whose size nobody can tell, such as those behind an address: the documented most is taken. */
  readonly unmeasured: number;
  /** Tokens of all of them. */
  readonly least: number;
  readonly most: number;
  /** What stands for them in a count of the text alone. */
  readonly stoodFor: number;
  /** Tokens that the longest line with pictures has at most. */
  readonly longest: number;
  /** False: no dated source says how the model counts pictures, and the tokens are 0. */
  readonly known: boolean;
}
export interface DatasetPictures {
  readonly train?: SidePictures | undefined;
  readonly validation?: SidePictures | undefined;
}

/** For which training a dataset's files are checked. */
export interface TrainingCheck {
  readonly provider: "azure" | "openai" | "local";
  readonly model: string;
  /** Fields that the grader reads: each line must have them. */
  readonly references: readonly string[];
  /** How often each token is trained on; absent: the service chooses. */
  readonly epochs?: number | undefined;
}

export const datasetFileSchema = z.object({
  key: z.string(),
  path: z.string(),
  lines: z.number().int(),
  bytes: z.number().int(),
  sha256: z.string(),
});

/** Where an example is from: the line of a golden file, from 1, or its episodes. */
const exampleOriginSchema = z.object({
  line: z.number().int().optional(),
  episode_ids: z.array(z.string()).optional(),
});
export type ExampleOrigin = z.output<typeof exampleOriginSchema>;

/** How often values fell between `edges[i]` (inclusive) and `edges[i + 1]`. */
export const histogramSchema = z.object({ edges: z.array(z.number()), counts: z.array(z.number().int()) });
export type Histogram = z.output<typeof histogramSchema>;

export const tokenCountSchema = z.object({
  examples: z.number().int(),
  tokens: z.number().int(),
  longest: z.number().int(),
});

/**
 * A dataset's manifest as a document: flat, so that documents of every version can be read and replies be made of it.
 * What the program works with is `Dataset`.
 */
export const datasetSchema = z.object({
  id: idSchema.meta({ description: "Hash of agent, name, recipe and watermark: known before the content." }),
  type: z.literal("dataset"),
  agent_id: z.string(),
  name: z.string(),
  description: z.string().optional(),
  status: z.enum(DATASET_STATUSES),
  error: z.string().optional(),
  error_code: z
    .string()
    .optional()
    .meta({ description: "The code that goes with `error`: `dataset_empty`, `feeds_behind`, …" }),
  recipe: recipeSchema,
  watermark: z
    .object({
      episodes: z.string(),
      rewards: z.string(),
      episode_count: z.number().int().optional().meta({
        description:
          "How many there were: a clock that was ahead leaves the times where they are, a further document raises these.",
      }),
      reward_count: z.number().int().optional(),
    })
    .meta({
      description:
        "How far the ledger was at the request: the agent's newest times and counts of episodes and rewards.",
    }),
  awaited_rewards: storedTimeSchema.optional().meta({
    description:
      "Newest reward that the build waits for: set once all episodes up to the watermark have been scored.",
  }),
  awaited_places: z
    .object({
      episodes: z.string().optional(),
      rewards: z.string().optional(),
      reward_count: z.number().int().optional(),
    })
    .optional()
    .meta({
      description:
        "Places in the feeds up to which they are awaited: of episodes where they ended at the request, of rewards where they ended when those episodes had been scored, and how many the agent had then.",
    }),
  claimed_by: z.string().optional().meta({ description: "The orchestration that builds it." }),
  taken_up: takenUpSchema.optional(),
  content_hash: z
    .string()
    .optional()
    .meta({ description: "SHA-256 over the sorted hashes of all lines with their sides." }),
  same_as: z.string().optional().meta({ description: "The first dataset of the agent with equal content." }),
  training_count: z.number().int().optional(),
  validation_count: z.number().int().optional(),
  test_count: z.number().int().optional(),
  episode_count: z.number().int().optional().meta({
    description: "Episodes that were looked at, whether or not they are in it; golden lines are none.",
  }),
  dropped: z.record(z.string(), z.number()).optional().meta({
    description:
      "Examples left out, by reason: `below_reward`, `vetoed`, `duplicate`, `over_limit`, `no_reward`, `invalid:<rule>`, …",
  }),
  warnings: z.record(z.string(), z.number()).optional().meta({
    description:
      "What was kept and is worth a look, counted: `derived_tool_definition`, `blank_line`, `byte_order_mark`, …",
  }),
  warning_lines: z.record(z.string(), z.array(z.number().int())).optional().meta({
    description: "Golden only: for each warning the first lines of the file that it is about, at most ten.",
  }),
  group_counts: z.record(z.string(), z.number()).optional().meta({
    description:
      "Groups on each side (examples that share a session or an input are one group), and the size of the largest.",
  }),
  token_counts: z
    .object({ encoding: z.string(), sides: z.partialRecord(z.enum(SPLITS), tokenCountSchema) })
    .optional()
    .meta({
      description:
        "Tokens on each side, tools counted with every line, and the vocabulary they were counted with.",
    }),
  figures: z
    .object({
      rewards: histogramSchema,
      tokens: histogramSchema,
      lengths: histogramSchema.optional().meta({
        description: "Bytes of a line, its line break not counted; datasets of earlier versions have none.",
      }),
      tools: z.record(z.string(), z.number()),
    })
    .optional()
    .meta({ description: "Distributions over what was kept; tools by how many examples call them." }),
  clusters: z
    .object({ found: z.number().int(), largest: z.number().int() })
    .optional()
    .meta({ description: "Sets of examples of which one stays, and how large the largest was." }),
  near_duplicates: z
    .object({
      left_out: z.number().int(),
      of: z.number().int(),
      not_compared: z
        .number()
        .int()
        .optional()
        .meta({ description: "In datasets of earlier versions: examples that were not compared." }),
      example: z.object({ kept: exampleOriginSchema, left_out: exampleOriginSchema }).optional(),
    })
    .optional()
    .meta({
      description:
        "What was left out as nearly the same as what stays, of how many, and one pair of them to judge it by.",
    }),
  leakage: z
    .object({
      shared_groups: z.number().int(),
      shared_examples: z.number().int(),
      near_pairs: z.number().int(),
      reserved_examples: z.number().int().optional().meta({
        description:
          "Of earlier datasets' test sides, what is trained on or validated with; earlier versions did not look.",
      }),
      near_duplicates_from: z.number(),
    })
    .optional()
    .meta({
      description:
        "What the sides share: sessions and inputs, contents, near pairs. All 0 in a dataset that can be trusted.",
    }),
  lineage: z
    .object({ pages: z.number().int(), rows: z.number().int() })
    .optional()
    .meta({ description: "Pages of edges from lines to episodes and rewards." }),
  tokens_counted: z.number().int().optional().meta({
    description:
      "Examples whose tokens this build counted; those of all others were known from earlier builds.",
  }),
  seconds: z
    .record(z.string(), z.number())
    .optional()
    .meta({ description: "Where the time went, summed over all workers." }),
  cancel_requested: z.boolean().optional(),
  unresolved: z
    .object({
      redaction_version: z.string(),
      lines: z.number().int(),
      counts: z.record(z.string(), z.number().int()),
      rescan_id: z.string(),
    })
    .optional()
    .meta({
      description:
        "Its files hold what the redaction of that version finds: nothing is trained on it. Build it anew.",
    }),
  files: z.partialRecord(z.enum(SPLITS), datasetFileSchema).optional(),
  groups: z.partialRecord(z.enum(SPLITS), z.string()).optional().meta({
    description:
      "Keyed hashes of the sessions and inputs on each side, for the contamination check: a file, sorted, one a line.",
  }),
  line_groups: z.partialRecord(z.enum(SPLITS), z.string()).optional().meta({
    description:
      "The number of each line's group, one a line in the order of the side's file; earlier versions kept none.",
  }),
  created_at: storedTimeSchema,
  completed_at: storedTimeSchema.optional(),
});
type StoredDataset = z.output<typeof datasetSchema>;

const { shape: stored } = datasetSchema.shape.watermark;
/** As it is answered: a golden dataset is made of no episodes, so that its times are absent. */
export const shownWatermarkSchema = z.object({
  episodes: storedTimeSchema.optional(),
  rewards: storedTimeSchema.optional(),
  episode_count: stored.episode_count,
  reward_count: stored.reward_count,
});
export const shownWatermark = ({
  episodes,
  rewards,
  ...counts
}: StoredDataset["watermark"]): z.output<typeof shownWatermarkSchema> => ({
  ...counts,
  ...(episodes === "" ? {} : { episodes }),
  ...(rewards === "" ? {} : { rewards }),
});

/** What a dataset has in every status. */
export interface DatasetFacts
  extends Omit<
    StoredDataset,
    "status" | "error" | "error_code" | "files" | "training_count" | "completed_at"
  > {}
interface NoFiles {
  readonly files?: never;
  readonly training_count?: never;
}
export interface OpenDataset extends DatasetFacts, NoFiles {
  status: "pending" | "building";
  readonly error?: never;
  readonly error_code?: never;
  readonly completed_at?: never;
}
export interface ReadyDataset extends DatasetFacts {
  status: "ready";
  files: NonNullable<StoredDataset["files"]>;
  training_count: number;
  completed_at: string;
  readonly error?: never;
  readonly error_code?: never;
}
export interface FailedDataset extends DatasetFacts, NoFiles {
  status: "failed";
  error: string;
  /** Datasets of earlier versions have none. */
  error_code?: string | undefined;
  completed_at: string;
}
/** A dataset's manifest. Files and counts appear with status `ready`, never before. */
export type Dataset = OpenDataset | ReadyDataset | FailedDataset;

/** Documents of earlier versions may lack what an end has today: it is filled in when they are read. */
function completeDataset(document: object): Dataset {
  const { status, error, error_code, files, training_count, completed_at, ...facts } =
    document as StoredDataset;
  const at = completed_at ?? facts.created_at;
  if (status === "ready")
    return {
      ...facts,
      status,
      files: files ?? {},
      training_count: training_count ?? files?.train?.lines ?? 0,
      completed_at: at,
    };
  if (status !== "failed") return { ...facts, status };
  const code = error_code === undefined ? {} : { error_code };
  return { ...facts, status, error: error ?? "The build failed.", ...code, completed_at: at };
}

/** Manifests in the ledger. */
export const DATASETS: RecordKind<Dataset> = {
  container: "datasets",
  type: "dataset",
  complete: completeDataset,
  underWay: { field: "status", values: OPEN_DATASET_STATUSES },
};

/**
 * A range of the agent's episodes by `created_at`: `from` exclusive, `to` inclusive, absent: open. Episodes of one
 * instant are never parted.
 */
export interface Shard {
  readonly index: number;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface DatasetResult {
  status: "ready" | "failed";
  error?: string | undefined;
}
export const BUILD_DATASET: Orchestration<"buildDataset", RecordRef, DatasetResult> = {
  name: "buildDataset",
  instanceId: recordInstance,
};

/** The durable steps of `buildDataset`; each can run again without harm. Inputs and results stay small. */
export interface DatasetActivities {
  claimDataset(input: ClaimInput): Promise<Claim>;
  readDatasetStatus(input: RecordRef): Promise<{ status: Dataset["status"]; error?: string | undefined }>;
  /** Whether the feeds have handled everything up to the dataset's watermark. */
  readFeedProgress(input: RecordRef): Promise<{ caught_up: boolean }>;
  /** `at_once`: how many to build side by side. Plans in the histories of earlier versions do not say. */
  planDatasetShards(input: RecordRef): Promise<{ shards: Shard[]; at_once?: number }>;
  buildDatasetShard(
    input: RecordRef & { shard: Shard },
  ): Promise<{ read: number; kept: number; dropped?: Readonly<Record<string, number>> }>;
  /** Merges the shards, splits, writes the files, then the manifest. */
  assembleDataset(
    input: RecordRef & { shards: number },
  ): Promise<
    | { kind: "ready"; training_count: number; validation_count: number; test_count: number }
    | { kind: "rejected"; code: string; message: string }
  >;
  failDataset(input: FailInput): Promise<null>;
}
