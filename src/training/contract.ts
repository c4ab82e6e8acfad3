import { z } from "zod";
import type { Claim, ClaimInput, FailInput, RecordRef } from "../doors/claim.ts";
import { claimedName, keptExact, modelName, redactedLater } from "../doors/kept.ts";
import { type Orchestration, recordInstance } from "../doors/orchestration.ts";
import { agentIdSchema, idSchema, jsonSchema, storedTimeSchema, takenUpSchema } from "../doors/schemas.ts";
import { waitingSchema } from "../doors/waiting.ts";
import type { RecordKind } from "../ledger/records.ts";
import { graderSchema } from "./graders.ts";
import { OPEN_RUN_STATUSES, RUN_STATUSES, type RunStatus } from "./status.ts";

export { RUN_STATUSES, type RunStatus } from "./status.ts";

/**
 * The exact state; provider states nobody has seen are kept verbatim and treated as running.
 * Known: pending, uploading, submitting, validating_files, queued, running, pausing, paused, resuming, succeeded, failed, cancelled.
 */
export type RunState = string;

export const hyperparametersSchema = z.strictObject({
  n_epochs: z
    .union([z.number().int().min(1).max(50), z.literal("auto")])
    .optional()
    .meta({ description: "Times that the training examples are gone through." }),
  batch_size: z
    .union([z.number().int().min(1).max(256), z.literal("auto")])
    .optional()
    .meta({ description: "Examples in one step." }),
  learning_rate_multiplier: z
    .union([z.number().positive().max(10), z.literal("auto")])
    .optional()
    .meta({ description: "Factor on the provider's learning rate." }),
  beta: z
    .union([z.number().min(0).max(2), z.literal("auto")])
    .optional()
    .meta({ description: "Preferences: how closely the model stays to its base; lower is freer." }),
  compute_multiplier: z
    .union([z.number().positive().max(10), z.literal("auto")])
    .optional()
    .meta({ description: "Reinforcement: how much is explored." }),
  eval_interval: z
    .union([z.number().int().min(1).max(10_000), z.literal("auto")])
    .optional()
    .meta({ description: "Reinforcement: steps between looks at the validation side." }),
  eval_samples: z
    .union([z.number().int().min(1).max(1000), z.literal("auto")])
    .optional()
    .meta({ description: "Reinforcement: answers that are marked at each look." }),
  reasoning_effort: z
    .enum(["default", "low", "medium", "high"])
    .optional()
    .meta({ description: "Reinforcement: how long a reasoning model thinks." }),
});
export type Hyperparameters = z.output<typeof hyperparametersSchema>;

const { shape: asked } = hyperparametersSchema;
const count = z.number().int().optional();
const factor = z.number().optional();
/** As they are answered: what the provider is to choose (`auto`) is absent, so that each is a number. */
export const chosenHyperparametersSchema = z.object({
  n_epochs: count.meta({ description: asked.n_epochs.description }),
  batch_size: count.meta({ description: asked.batch_size.description }),
  learning_rate_multiplier: factor.meta({ description: asked.learning_rate_multiplier.description }),
  beta: factor.meta({ description: asked.beta.description }),
  compute_multiplier: factor.meta({ description: asked.compute_multiplier.description }),
  eval_interval: count.meta({ description: asked.eval_interval.description }),
  eval_samples: count.meta({ description: asked.eval_samples.description }),
  reasoning_effort: asked.reasoning_effort,
});

export const chosenHyperparameters = (
  hyperparameters: Hyperparameters,
): z.output<typeof chosenHyperparametersSchema> =>
  Object.fromEntries(Object.entries(hyperparameters).filter(([, value]) => value !== "auto"));

export const startTrainingInputSchema = z.strictObject({
  agent_id: agentIdSchema,
  dataset_id: idSchema.meta({ description: "The dataset to train on; it has to be ready." }),
  base_model: modelName(z.string())
    .min(1)
    .max(256)
    .optional()
    .meta({ description: "Model to train from, with its date; LIGHTNING_BASE_MODEL when absent" }),
  n_epochs: hyperparametersSchema.shape.n_epochs,
  hyperparameters: hyperparametersSchema
    .optional()
    .meta({ description: "Of the job; what is not named is left to the settings and the provider." }),
  seed: z.number().int().min(0).max(2_147_483_647).optional().meta({ description: "Of the job's chance" }),
  suffix: keptExact("the provider makes a model's name of it", z.string())
    .regex(/^[A-Za-z0-9_-]{1,40}$/, "must be at most 40 letters, digits, - or _")
    .optional()
    .meta({ description: "End of the tuned model's name" }),
  training_type: keptExact("it is a word of the provider", z.string())
    .regex(/^[A-Za-z]{1,40}$/)
    .optional()
    .meta({ description: "Azure's tier: Standard, GlobalStandard, DatazoneStandard, DeveloperTier" }),
  force_new: z.boolean().default(false).meta({ description: "Train again although an equal run exists" }),
  idempotency_key: redactedLater("its hash alone is stored", z.string().trim().min(1).max(200))
    .optional()
    .meta({
      description:
        "Names this very request: sent again under the same key it is the same run, also with force_new. As the Idempotency-Key header does.",
    }),
  method: z.enum(["sft", "supervised", "dpo", "rft", "reinforcement"]).optional().meta({
    description: "What the dataset's format says by itself; given, it must fit.",
  }),
  grader: graderSchema.optional().meta({
    description: "Reinforcement: what gives the marks, as OpenAI and Azure write graders.",
  }),
  budget_usd: z.number().positive().max(1_000_000).optional().meta({
    description: "Refuse when it could cost more dollars, or when nobody can say what it costs",
  }),
  requested_by: claimedName(z.string().min(1).max(200))
    .optional()
    .meta({ description: "Who has it trained; a signed-in person's name goes before it" }),
});

/** What a training may cost. `unknown` where no dated source gives a price; unknown is not zero. */
export const costSchema = z.object({
  usd_at_most: z.union([z.number(), z.literal("unknown")]),
  basis: z.string().meta({ description: "How the figure came about." }),
});
export type TrainingCost = z.output<typeof costSchema>;

/** As it is answered: a number, or nothing. */
export const shownCostSchema = costSchema.extend({
  usd_at_most: z.number().optional().meta({ description: "Absent: nobody can say; unknown is not zero." }),
});

export const trainingEventSchema = z.object({
  id: z.string(),
  created_at: storedTimeSchema,
  level: z.string(),
  message: z.string(),
});
export const metricPointSchema = z.object({
  step: z.number().int(),
  train_loss: z.number().optional(),
  train_accuracy: z.number().optional(),
  valid_loss: z.number().optional(),
  valid_accuracy: z.number().optional().meta({ description: "Of one mini-batch, as `valid_loss`." }),
  full_valid_loss: z
    .number()
    .optional()
    .meta({ description: "Of the whole validation side, measured now and then." }),
  full_valid_accuracy: z.number().optional(),
  train_reward: z.number().optional().meta({ description: "Reinforcement: the grader's marks." }),
  valid_reward: z.number().optional(),
});
export const checkpointSchema = z.object({
  id: z.string(),
  step: z.number().int(),
  model: z.string(),
  metrics: z.record(z.string(), z.number()),
});

/**
 * A run as a document: flat, so that documents of every version can be read and replies be made of it. What the
 * program works with is `TrainingRun`.
 */
export const trainingRunSchema = z.object({
  id: idSchema.meta({
    description:
      "Hash of agent, dataset content, base model, method, hyperparameters, seed, tier and attempt: equal requests meet.",
  }),
  type: z.literal("run"),
  agent_id: z.string(),
  dataset_id: z.string(),
  dataset_hash: z.string(),
  base_model: z.string(),
  method: z.enum(["supervised", "dpo", "reinforcement"]),
  grader: graderSchema.optional(),
  hyperparameters: hyperparametersSchema,
  seed: z.number().int(),
  suffix: z.string().optional(),
  training_type: z.string(),
  attempt: z.number().int(),
  status: z.enum(RUN_STATUSES),
  state: z.string(),
  claimed_by: z.string().optional(),
  taken_up: takenUpSchema.optional(),
  training_file_id: z.string().optional().meta({ description: "Provider file ids." }),
  validation_file_id: z.string().optional(),
  intent_at: storedTimeSchema.optional().meta({
    description: "When the create call was about to be sent: the job may exist although no answer came.",
  }),
  submissions: z.number().int().optional().meta({
    description:
      "How often a create call was about to be sent; more than one only after two looks that found no job.",
  }),
  looked_at: storedTimeSchema
    .optional()
    .meta({ description: "The first look after the intent that found no job." }),
  aoai_job_id: z.string().optional(),
  tuned_model_name: z.string().optional(),
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      param: z.string().optional(),
      remedy: z.string().optional(),
    })
    .optional(),
  failed_in: z.enum(["upload", "submit", "job", "tracking"]).optional().meta({
    description:
      "Where it failed: before a job existed, in the job itself, or in following a job that may still be going.",
  }),
  requested_by: z.string().optional().meta({
    description:
      "Who asked for it first; where two persons are asked for, it is not this one who promotes the model.",
  }),
  cancel_requested: z.boolean().optional(),
  budget_usd: z
    .number()
    .optional()
    .meta({ description: "The most that the request allowed for, and what was reckoned when it came." }),
  cost: costSchema.optional(),
  waiting: waitingSchema.optional().meta({
    description:
      "What keeps it from having a job: a file that is processed, a provider that is busy or away.",
  }),
  look_failed: z
    .object({ at: storedTimeSchema, message: z.string() })
    .optional()
    .meta({ description: "The last look that failed; the job goes on all the same." }),
  unseen: z
    .record(
      z.string(),
      z.object({ since: storedTimeSchema, looks: z.number().int(), last: storedTimeSchema.optional() }),
    )
    .optional()
    .meta({
      description:
        "What the provider was asked for and did not show, by its id: at how many looks, the last of them, and since when, less the time during which nobody looked.",
    }),
  overdue: z
    .boolean()
    .optional()
    .meta({ description: "Past LIGHTNING_MAX_WAIT_MINUTES and still going; never a failure." }),
  trained_tokens: z.number().int().optional(),
  metrics: z.record(z.string(), jsonSchema).optional(),
  curve: z.array(metricPointSchema).optional(),
  events: z.array(trainingEventSchema).optional(),
  checkpoints: z.array(checkpointSchema).optional(),
  created_at: storedTimeSchema,
  started_at: storedTimeSchema.optional(),
  completed_at: storedTimeSchema.optional(),
});
type StoredRun = z.output<typeof trainingRunSchema>;
type RunError = NonNullable<StoredRun["error"]>;

/** What a run has in every status. */
export interface RunFacts
  extends Omit<StoredRun, "status" | "tuned_model_name" | "error" | "failed_in" | "completed_at"> {}
interface NoModel {
  readonly tuned_model_name?: never;
}
interface NoFailure {
  readonly error?: never;
  readonly failed_in?: never;
}
export interface OpenRun extends RunFacts, NoModel, NoFailure {
  status: "pending" | "running";
  readonly completed_at?: never;
}
export interface SucceededRun extends RunFacts, NoFailure {
  status: "succeeded";
  tuned_model_name: string;
  completed_at: string;
}
export interface FailedRun extends RunFacts, NoModel {
  status: "failed";
  error: RunError;
  failed_in?: StoredRun["failed_in"];
  completed_at: string;
}
export interface CancelledRun extends RunFacts, NoModel, NoFailure {
  status: "cancelled";
  completed_at: string;
}
/** A run: what its status promises is there. */
export type TrainingRun = OpenRun | SucceededRun | FailedRun | CancelledRun;

/** Documents of earlier versions may lack what an end has today: it is filled in when they are read. */
function completeRun(document: object): TrainingRun {
  const { tuned_model_name, error, failed_in, completed_at, status, ...facts } = document as StoredRun;
  const at = completed_at ?? facts.started_at ?? facts.created_at;
  if (status === "pending" || status === "running") return { ...facts, status };
  if (status === "succeeded" && tuned_model_name !== undefined)
    return { ...facts, status, tuned_model_name, completed_at: at };
  if (status === "cancelled") return { ...facts, status, completed_at: at };
  return {
    ...facts,
    status: "failed",
    error: error ?? { code: "job_unknown", message: "The record does not say why; reconcile the run." },
    ...(failed_in === undefined ? {} : { failed_in }),
    completed_at: at,
  };
}

/** Runs in the ledger. Fields that a newer version has written are kept. */
export const RUNS: RecordKind<TrainingRun> = {
  container: "runs",
  type: "run",
  stored: trainingRunSchema.loose(),
  complete: completeRun,
  underWay: { field: "status", values: OPEN_RUN_STATUSES },
};

export interface TrainingResult {
  status: RunStatus;
  tuned_model?: string | undefined;
  error?: string | undefined;
}
/** `polling`: a later generation of the same instance, whose job is already at the provider. */
export type TrainingInput = RecordRef & { readonly polling?: boolean };
export const TRAIN_MODEL: Orchestration<"trainModel", TrainingInput, TrainingResult> = {
  name: "trainModel",
  instanceId: recordInstance,
};

interface Rejected {
  kind: "rejected";
  code: string;
  message: string;
  remedy?: string | undefined;
}

/** The durable steps of `trainModel`; each can run again without harm. */
export interface TrainingActivities {
  claimRun(input: ClaimInput): Promise<Claim>;
  readRunStatus(input: RecordRef): Promise<{ status: RunStatus; cancel_requested: boolean }>;
  /** Uploads one file, or adopts the equal one the provider already has; `file_id` "" when the dataset has no such side. */
  uploadTrainingFile(
    input: RecordRef & { split: "train" | "validation" },
  ): Promise<
    | { kind: "uploaded"; file_id: string; processed: boolean }
    | { kind: "busy"; retry_after_seconds: number }
    | Rejected
  >;
  readTrainingFile(input: RecordRef & { file_id: string }): Promise<
    | { kind: "processed" }
    | { kind: "processing"; retry_after_seconds?: number | undefined }
    /** The run is to end: no file is needed any more. */
    | { kind: "not_needed" }
    | Rejected
  >;
  /** Looks for the run's job and adopts it, else creates it, once; `unclear`: wait, then call again to look. */
  createTrainingJob(
    input: RecordRef & { attempt: number },
  ): Promise<
    | { kind: "created" | "adopted"; job_id: string }
    | { kind: "unclear" }
    | { kind: "busy"; retry_after_seconds: number }
    | Rejected
    | { kind: "cancelled" }
  >;
  /** Looks at the job once and stores state, new events and metrics; cancels it when that was asked for. */
  /** `poll_again_seconds` starts at LIGHTNING_POLL_INTERVAL and grows with the run's age to five minutes. */
  pollTrainingJob(
    input: RecordRef,
  ): Promise<{ state: RunState; terminal: boolean; poll_again_seconds: number }>;
  /** Stores the result of a job that ended: model, curve, events, checkpoints, or the error. */
  recordTrainingResult(input: RecordRef): Promise<{ status: RunStatus; tuned_model?: string | undefined }>;
  failRun(input: FailInput): Promise<null>;
}
