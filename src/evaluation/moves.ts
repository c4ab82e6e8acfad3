import { without } from "../kernel/defined.ts";
import type {
  Evaluation,
  EvaluationFacts,
  FailedEvaluation,
  FinishedEvaluation,
  OpenEvaluation,
} from "./contract.ts";

/** The moves of an evaluation, as pure functions from record to record. */

/** What an evaluation keeps whatever becomes of it. */
const factsOf = (evaluation: Evaluation): EvaluationFacts =>
  without(evaluation, "status", "error", "result", "sample", "pairs_key", "completed_at");

/** Taken up by an orchestration instance. */
export const running = (evaluation: Evaluation, instanceId: string): OpenEvaluation => ({
  ...factsOf(evaluation),
  status: "running",
  claimed_by: instanceId,
});

export const finished = (
  evaluation: Evaluation,
  end: Pick<FinishedEvaluation, "result" | "sample" | "pairs_key" | "completed_at">,
): FinishedEvaluation => ({ ...factsOf(evaluation), ...end, status: "finished" });

export const failed = (evaluation: Evaluation, error: string, at: string): FailedEvaluation => ({
  ...factsOf(evaluation),
  status: "failed",
  error,
  completed_at: at,
});
