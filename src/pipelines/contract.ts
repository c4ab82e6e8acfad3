import { z } from "zod";
import { buildDatasetInputSchema } from "../datasets/recipe-contract.ts";
import type { Claim, ClaimInput, RecordRef } from "../doors/claim.ts";
import { claimedName, modelName } from "../doors/kept.ts";
import { type Orchestration, recordInstance } from "../doors/orchestration.ts";
import { agentIdSchema, idSchema, storedTimeSchema, takenUpSchema } from "../doors/schemas.ts";
import { metricSchema, powerSchema, VERDICTS, type Verdict } from "../evaluation/contract.ts";
import type { RecordKind } from "../ledger/records.ts";
import { startTrainingInputSchema } from "../training/contract.ts";
import { OPEN_PIPELINE_STATUSES, PIPELINE_STAGES, PIPELINE_STATUSES } from "./status.ts";

export const runPipelineInputSchema = z.strictObject({
  agent_id: agentIdSchema,
  name: z
    .string()
    .min(1)
    .max(200)
    .default("pipeline")
    .meta({ description: "Name of the pipeline, and of the dataset it builds." }),
  dataset: buildDatasetInputSchema
    .omit({ agent_id: true, name: true })
    .default({})
    .meta({ description: "What to build, as in buildDataset." }),
  dataset_id: idSchema.optional().meta({ description: "Train on this dataset instead of building one." }),
  training: startTrainingInputSchema
    .omit({ agent_id: true, dataset_id: true, requested_by: true, idempotency_key: true })
    .partial()
    .default({})
    .meta({ description: "How to train, as in startTraining." }),
  evaluation: z
    .strictObject({
      dataset_id: idSchema.optional().meta({
        description:
          "Dataset with the held-out examples; absent, the test or validation side of the one trained on.",
      }),
      split: z.enum(["train", "validation", "test"]).optional().meta({
        description: "The side that is asked; `test` when absent and there is one, else `validation`.",
      }),
      baseline: modelName(z.string().max(256)).default("active").meta({
        description:
          "What the model is compared with: `active`, what serves now (the base model when nothing was promoted); `base`, the base model (FOUNDRY_MODEL_DEPLOYMENT_NAME where it is set, else the run's own); or a model's name. It is promoted only on a verdict against what serves.",
      }),
      metric: metricSchema,
    })
    .prefault({})
    .meta({ description: "How the model is judged." }),
  approval: z
    .strictObject({
      required: z.boolean().default(false).meta({ description: "Wait for a person." }),
      timeout_minutes: z
        .number()
        .min(1)
        .max(43_200)
        .default(1440)
        .meta({ description: "Minutes to wait, 1 to 43,200 (30 days); then nothing is promoted." }),
    })
    .prefault({})
    .meta({ description: "Whether a person decides between evaluation and promotion." }),
  promote: z.boolean().default(true).meta({ description: "False: stop after the evaluation." }),
  promoted_by: claimedName(z.string().max(200))
    .optional()
    .meta({ description: "Who has it promoted; a signed-in person's name goes before it." }),
});
export type RunPipelineInput = z.output<typeof runPipelineInputSchema>;

export const decidePipelineInputSchema = z.strictObject({
  agent_id: agentIdSchema,
  pipeline_id: idSchema.meta({ description: "The pipeline that waits." }),
  approved: z.boolean().meta({ description: "True: promote; false: nothing changes." }),
  decided_by: claimedName(z.string().max(200))
    .optional()
    .meta({ description: "Who decides; a signed-in person's name goes before it." }),
  reason: z.string().max(2000).optional().meta({ description: "Why, as text." }),
});

/** How a pipeline ended: `promoted`, or why it stopped. */
export const PIPELINE_OUTCOMES = [
  "promoted",
  "gate_failed",
  "gate_inconclusive",
  "rejected",
  "approval_timeout",
  "evaluated",
  "nothing_new",
  "failed",
] as const;
export type PipelineOutcome = (typeof PIPELINE_OUTCOMES)[number];

/**
 * A pipeline as a document: flat, so that documents of every version can be read and replies be made of it. What the
 * program works with is `Pipeline`.
 */
export const pipelineSchema = z.object({
  id: idSchema,
  type: z.literal("pipeline"),
  agent_id: z.string(),
  name: z.string(),
  input: runPipelineInputSchema,
  status: z.enum(PIPELINE_STATUSES),
  stage: z.enum(PIPELINE_STAGES),
  retraining: z
    .literal(true)
    .optional()
    .meta({ description: "The clock asked for it; then a run that was judged before is `nothing_new`." }),
  outcome: z.enum(PIPELINE_OUTCOMES).optional(),
  error: z.string().optional(),
  claimed_by: z.string().optional(),
  taken_up: takenUpSchema.optional(),
  dataset_id: z.string().optional(),
  run_id: z.string().optional(),
  evaluation_id: z.string().optional(),
  deployment_id: z.string().optional(),
  power: powerSchema
    .optional()
    .meta({ description: "What the held-out groups can show, known before the training is paid for." }),
  verdict: z.enum(VERDICTS).optional(),
  decision: z
    .object({
      approved: z.boolean(),
      decided_by: z.string().optional(),
      reason: z.string().optional(),
      at: storedTimeSchema,
    })
    .optional(),
  approval_until: storedTimeSchema.optional(),
  created_at: storedTimeSchema,
  completed_at: storedTimeSchema.optional(),
});
type StoredPipeline = z.output<typeof pipelineSchema>;

/** What a pipeline has in every status. */
export interface PipelineFacts
  extends Omit<StoredPipeline, "status" | "outcome" | "error" | "completed_at" | "approval_until"> {
  /** Until when a decision counts; it stays when one was made. */
  approval_until?: string | undefined;
}
interface NoEnd {
  readonly outcome?: never;
  readonly error?: never;
  readonly completed_at?: never;
}
export interface OpenPipeline extends PipelineFacts, NoEnd {
  status: "pending" | "running";
}
export interface WaitingPipeline extends PipelineFacts, NoEnd {
  status: "waiting_for_approval";
  approval_until: string;
}
export interface FinishedPipeline extends PipelineFacts {
  status: "finished";
  outcome: Exclude<PipelineOutcome, "failed">;
  completed_at: string;
  readonly error?: never;
}
export interface FailedPipeline extends PipelineFacts {
  status: "failed";
  outcome: "failed";
  error: string;
  completed_at: string;
}
/** A pipeline: what its status promises is there. */
export type Pipeline = OpenPipeline | WaitingPipeline | FinishedPipeline | FailedPipeline;

/** Documents of earlier versions may lack what an end has today: it is filled in when they are read. */
function completePipeline(document: object): Pipeline {
  const { status, outcome, error, completed_at, ...facts } = document as StoredPipeline;
  if (status === "pending" || status === "running") return { ...facts, status };
  if (status === "waiting_for_approval")
    return { ...facts, status, approval_until: facts.approval_until ?? facts.created_at };
  const ended = { ...facts, completed_at: completed_at ?? facts.created_at };
  if (status === "finished" && outcome !== undefined && outcome !== "failed")
    return { ...ended, status, outcome };
  return { ...ended, status: "failed", outcome: "failed", error: error ?? "The record does not say why." };
}

/** Pipelines in the ledger. */
export const PIPELINES: RecordKind<Pipeline> = {
  container: "pipelines",
  type: "pipeline",
  complete: completePipeline,
  underWay: { field: "status", values: OPEN_PIPELINE_STATUSES },
};

/** A stage's record has been made, or why not. */
export type Started = { kind: "started"; id: string } | { kind: "rejected"; code: string; message: string };

export interface PipelineResult {
  outcome: PipelineOutcome;
  verdict?: Verdict | undefined;
  error?: string | undefined;
}
export const RUN_PIPELINE: Orchestration<"runPipeline", RecordRef, PipelineResult> = {
  name: "runPipeline",
  instanceId: recordInstance,
};

/** The minute the timer rang, as digits: `202606011200`. */
export interface RetrainingInput {
  readonly stamp: string;
}
export interface RetrainingResult {
  started: { agent_id: string; pipeline_id: string; outcome: string }[];
  skipped: { agent_id: string; reason: string }[];
}
export const RETRAIN_AGENTS: Orchestration<"retrainAgents", RetrainingInput, RetrainingResult> = {
  name: "retrainAgents",
  instanceId: ({ stamp }) => `retraining-${stamp}`,
};

/** The durable steps of `runPipeline` and `retrainAgents`; each makes the record that the next orchestration works on. */
export interface PipelineActivities {
  /**
   * `again`: the same instance had claimed it before, so children of its first life may still be at work. `ended`: how
   * the pipeline ended that is finished already.
   */
  claimPipeline(
    input: ClaimInput,
  ): Promise<Claim & { again?: true | undefined; ended?: PipelineResult | undefined }>;
  preparePipelineDataset(input: RecordRef): Promise<Started>;
  /** `nothing_new`: what a retraining has to learn was learnt and judged before. */
  preparePipelineTraining(
    input: RecordRef & { dataset_id: string },
  ): Promise<Started | { kind: "nothing_new" }>;
  /** @param input `instead_of`: the evaluation that went stale; the new one is against what serves. */
  preparePipelineEvaluation(
    input: RecordRef & { dataset_id: string; run_id: string; instead_of?: string | undefined },
  ): Promise<Started>;
  /** Stores the request for a decision; `decided` when the policy asks for none. */
  requestApproval(
    input: RecordRef & { now: string },
  ): Promise<{ kind: "not_needed" } | { kind: "waiting"; until: string }>;
  readApproval(input: RecordRef): Promise<{ kind: "approved" | "rejected" | "waiting" }>;
  /**
   * `stale`: another model serves by now than the one that the verdict is about.
   * @param input `instead_of`: the deployment that was refused at the switch for the same reason.
   */
  preparePipelinePromotion(
    input: RecordRef & { run_id: string; evaluation_id: string; instead_of?: string | undefined },
  ): Promise<Started | { kind: "not_wanted" } | { kind: "stale"; message: string }>;
  finishPipeline(
    input: RecordRef & {
      outcome: PipelineOutcome;
      verdict?: Verdict | undefined;
      error?: string | undefined;
    },
  ): Promise<null>;
  /** Which agents are to be retrained now, and why the others are not. */
  planRetraining(input: { stamp: string }): Promise<{
    start: { agent_id: string; pipeline_id: string; new_episodes: number }[];
    skip: { agent_id: string; reason: string }[];
  }>;
}
