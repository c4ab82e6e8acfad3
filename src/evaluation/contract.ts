import { z } from "zod";
import { SPLITS } from "../datasets/contract.ts";
import type { Claim, ClaimInput, FailInput, RecordRef } from "../doors/claim.ts";
import { modelName } from "../doors/kept.ts";
import { type Orchestration, recordInstance } from "../doors/orchestration.ts";
import { agentIdSchema, idSchema, storedTimeSchema, takenUpSchema } from "../doors/schemas.ts";
import { waitingSchema } from "../doors/waiting.ts";
import type { RecordKind } from "../ledger/records.ts";
import { EVALUATION_STATUSES, OPEN_EVALUATION_STATUSES } from "./status.ts";

export const VERDICTS = ["pass", "fail", "inconclusive"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Fewer groups of pairs than this is `inconclusive` (docs/facts.md#sample-sizes). */
export const MINIMUM_GROUPS = 50;

/** When an answer is right (`grade.ts`). */
export const METRICS = ["auto", "tool_call", "tool_names", "exact"] as const;
export type Metric = (typeof METRICS)[number];
/** Raised when the same metric judges otherwise: an equal request is then another evaluation than an earlier one. */
export const GRADING = 2;

export const metricSchema = z.enum(METRICS).default("auto").meta({
  description:
    "When an answer is right: `auto`, the whole call where one is expected, else the same text; `tool_call`, the whole call, names and arguments by the tool's schema; `tool_names`, tool names alone; `exact`, the very same calls or text.",
});

export const startEvaluationInputSchema = z.strictObject({
  agent_id: agentIdSchema,
  run_id: idSchema
    .optional()
    .meta({ description: "A succeeded training run whose model is the candidate; or give `candidate`." }),
  candidate: modelName(z.string().min(1).max(256)).optional().meta({
    description: "Model or deployment to judge, by name; beside run_id a deployment of that run's model.",
  }),
  baseline: modelName(z.string().min(1).max(256)).default("active").meta({
    description:
      "What it is compared with: `active`, what serves now, or the base model when nothing was promoted; `base`, the base model (FOUNDRY_MODEL_DEPLOYMENT_NAME where it is set, else the run's own); or a model's name.",
  }),
  dataset_id: idSchema.meta({ description: "The dataset with the held-out examples." }),
  split: z
    .enum(SPLITS)
    .optional()
    .meta({ description: "The side that is asked; `test` when absent and there is one, else `validation`." }),
  metric: metricSchema,
});

/** One held-out example answered by both models. */
export const pairSchema = z.object({
  example: z.string(),
  group: z.string().optional().meta({
    description:
      "Pairs of one group are one piece of evidence; absent in evaluations of earlier versions, which counted each.",
  }),
  question: z
    .string()
    .optional()
    .meta({ description: "The last that the user said; absent in evaluations of earlier versions." }),
  expected: z.string(),
  baseline_answer: z.string(),
  candidate_answer: z.string(),
  baseline_correct: z.boolean(),
  candidate_correct: z.boolean(),
});
export type Pair = z.output<typeof pairSchema>;

/** What the held-out groups can show: told before anything is paid for. */
export const powerSchema = z.object({
  groups: z.number().int().meta({ description: "Independent groups of held-out examples." }),
  differing: z
    .number()
    .meta({ description: "Share of pairs on which the two models differ, as far as known." }),
  differing_is: z
    .enum(["seen", "assumed"])
    .meta({ description: "`seen` in the agent's last evaluation, or `assumed` where there is none." }),
  smallest_gain: z.number().optional().meta({
    description:
      "Least gain that is shown with a chance of 80 %, 0 to 1; absent: these groups can show none.",
  }),
});
export type Power = z.output<typeof powerSchema>;

export const verdictSchema = z.object({
  verdict: z.enum(VERDICTS),
  reasons: z.array(z.string()),
  pairs: z.number().int(),
  missing: z.number().int(),
  groups: z.number().int().optional().meta({
    description:
      "Independent groups that the pairs fall into, which the test counts; earlier versions counted pairs.",
  }),
  baseline_accuracy: z.number(),
  candidate_accuracy: z.number(),
  difference: z
    .number()
    .meta({ description: "Candidate minus baseline, with a 95 % interval of the paired difference." }),
  interval: z.tuple([z.number(), z.number()]),
  candidate_only: z
    .number()
    .int()
    .meta({ description: "Pairs only the candidate (only the baseline) got right." }),
  baseline_only: z.number().int(),
  both: z.number().int(),
  neither: z.number().int(),
  p_value: z.number().meta({
    description:
      "Exact, two-sided: sign flips of the groups' sums; with groups of one pair it is McNemar's test.",
  }),
});
export type VerdictFacts = z.output<typeof verdictSchema>;

/**
 * An evaluation as a document: flat, so that documents of every version can be read and replies be made of it. What
 * the program works with is `Evaluation`.
 */
export const evaluationSchema = z.object({
  id: idSchema,
  type: z.literal("evaluation"),
  agent_id: z.string(),
  run_id: z.string().optional(),
  candidate: z.string(),
  candidate_model: z
    .string()
    .optional()
    .meta({ description: "The run's model, where `candidate` names a deployment that was seen to call it." }),
  candidate_deployment: z.string().optional().meta({
    description:
      "What a call to the candidate names, where the model has to be made callable first; and what is hosted for it.",
  }),
  hosted_id: z.string().optional(),
  baseline: z.string(),
  baseline_asked: z.string().optional().meta({
    description:
      "What was asked for: when `base` or `active` mean another model than `baseline` by now, the evaluation is stale.",
  }),
  dataset_id: z.string(),
  dataset_hash: z.string(),
  split: z.enum(SPLITS),
  metric: z.string(),
  grading: z.number().int().optional().meta({
    description:
      "Version of the metric's rules; absent in earlier versions, whose `auto` and `tool_call` were names alone.",
  }),
  status: z.enum(EVALUATION_STATUSES),
  claimed_by: z.string().optional(),
  taken_up: takenUpSchema.optional(),
  error: z.string().optional(),
  waiting: waitingSchema
    .optional()
    .meta({ description: "What keeps the models from answering: a provider that is busy or away." }),
  power: powerSchema.optional().meta({ description: "Absent where the dataset's groups were not counted." }),
  plan: z
    .object({
      examples: z.number().int(),
      batches: z.number().int(),
      skipped: z.number().int().meta({ description: "Lines without a turn to judge, and repeated ones." }),
      groups: z
        .number()
        .int()
        .optional()
        .meta({ description: "Independent groups of the examples; earlier versions did not count them." }),
      contamination: z.enum(["none", "unchecked"]).meta({
        description: "`unchecked`: no run is known, or its training data could be compared by texts alone.",
      }),
      near_trained: z.number().int().optional().meta({
        description:
          "Examples of the side that are not asked: they are nearly the same as ones that the candidate was trained on.",
      }),
    })
    .optional()
    .meta({ description: "What is asked: fixed before the first question." }),
  result: verdictSchema.optional(),
  sample: z
    .array(pairSchema)
    .optional()
    .meta({ description: "Up to 20 pairs for people to look at; all of them are in the file `pairs_key`." }),
  pairs_key: z.string().optional(),
  created_at: storedTimeSchema,
  completed_at: storedTimeSchema.optional(),
});
type StoredEvaluation = z.output<typeof evaluationSchema>;

/** What an evaluation has in every status. */
export interface EvaluationFacts
  extends Omit<StoredEvaluation, "status" | "error" | "result" | "sample" | "pairs_key" | "completed_at"> {}
interface NoResult {
  readonly result?: never;
  readonly sample?: never;
  readonly pairs_key?: never;
}
export interface OpenEvaluation extends EvaluationFacts, NoResult {
  status: "pending" | "running";
  readonly error?: never;
  readonly completed_at?: never;
}
export interface FinishedEvaluation extends EvaluationFacts {
  status: "finished";
  result: VerdictFacts;
  sample?: StoredEvaluation["sample"];
  pairs_key?: StoredEvaluation["pairs_key"];
  completed_at: string;
  readonly error?: never;
}
export interface FailedEvaluation extends EvaluationFacts, NoResult {
  status: "failed";
  error: string;
  completed_at: string;
}
/** An evaluation: what its status promises is there. */
export type Evaluation = OpenEvaluation | FinishedEvaluation | FailedEvaluation;

/** Documents of earlier versions may lack what an end has today: it is filled in when they are read. */
function completeEvaluation(document: object): Evaluation {
  const { status, error, result, sample, pairs_key, completed_at, ...facts } = document as StoredEvaluation;
  if (status === "pending" || status === "running") return { ...facts, status };
  const ended = { ...facts, completed_at: completed_at ?? facts.created_at };
  if (status === "finished" && result !== undefined)
    return {
      ...ended,
      status,
      result,
      ...(sample === undefined ? {} : { sample }),
      ...(pairs_key === undefined ? {} : { pairs_key }),
    };
  return { ...ended, status: "failed", error: error ?? "The record does not say how it ended." };
}

/** Evaluations in the ledger. */
export const EVALUATIONS: RecordKind<Evaluation> = {
  container: "evaluations",
  type: "evaluation",
  complete: completeEvaluation,
  underWay: { field: "status", values: OPEN_EVALUATION_STATUSES },
};

export interface EvaluationResult {
  status: "finished" | "failed";
  verdict?: Verdict | undefined;
  error?: string | undefined;
}
export const EVALUATE_MODEL: Orchestration<"evaluateModel", RecordRef, EvaluationResult> = {
  name: "evaluateModel",
  instanceId: recordInstance,
};

/** The durable steps of `evaluateModel`; answers are kept by (model, example), so nothing paid is asked twice. */
export interface EvaluationActivities {
  claimEvaluation(input: ClaimInput): Promise<Claim>;
  readEvaluationStatus(
    input: RecordRef,
  ): Promise<{ status: Evaluation["status"]; verdict?: Verdict | undefined }>;
  /** Checks contamination, fixes the examples and how they fall into batches. */
  planEvaluation(input: RecordRef): Promise<
    | {
        kind: "planned";
        batches: number;
        /** The candidate is to be made callable before it is asked. */
        hosted_id?: string | undefined;
      }
    | { kind: "rejected"; code: string; message: string }
  >;
  answerEvaluationBatch(input: RecordRef & { batch: number }): Promise<{
    answered: number;
    missing: number;
    /** The provider is busy or away: the batch is to be asked again after that. */
    waiting?: { reason: string; retry_after_seconds: number } | undefined;
  }>;
  judgeEvaluation(input: RecordRef & { batches: number }): Promise<{ verdict: Verdict }>;
  failEvaluation(input: FailInput): Promise<null>;
}
