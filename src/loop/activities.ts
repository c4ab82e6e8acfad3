import type { DatasetActivities } from "../datasets/contract.ts";
import type { DeploymentActivities } from "../deployments/contract.ts";
import type { EvaluationActivities } from "../evaluation/contract.ts";
import type { PipelineActivities } from "../pipelines/contract.ts";
import type { RescanActivities } from "../rescans/contract.ts";
import type { TrainingActivities } from "../training/contract.ts";

/** Every durable step of the loop, by its name in Azure. Types only: nothing here runs outside an activity. */
export interface Activities
  extends DatasetActivities,
    TrainingActivities,
    EvaluationActivities,
    DeploymentActivities,
    PipelineActivities,
    RescanActivities {}

/**
 * Steps that run side by side answer with a settled value instead of throwing. `Task.all` rejects on the first
 * failure while the host still waits for the others, and with retries inside, task ids then collide
 * (docs/facts.md#retries-flatten-errors); a settled step is tried again by `fanOut` itself.
 */
export const FANNED_OUT = [
  "buildDatasetShard",
  "uploadTrainingFile",
  "readTrainingFile",
  "answerEvaluationBatch",
] as const satisfies readonly (keyof Activities)[];
export type FannedOut = (typeof FANNED_OUT)[number];
export type Settled<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: string };
