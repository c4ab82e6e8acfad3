import type { Waiting } from "../doors/waiting.ts";
import { without } from "../kernel/defined.ts";
import type {
  Evaluation,
  EvaluationFacts,
  FailedEvaluation,
  FinishedEvaluation,
  OpenEvaluation,
} from "./contract.ts";
import { isEndedEvaluation } from "./status.ts";

/** The moves of an evaluation, as pure functions from record to record. */

/** What an evaluation keeps whatever becomes of it. */
const factsOf = (evaluation: Evaluation): EvaluationFacts =>
  without(evaluation, "status", "error", "result", "sample", "pairs_key", "completed_at", "waiting");

/** Taken up by an orchestration instance. */
export const running = (evaluation: Evaluation, instanceId: string): OpenEvaluation => ({
  ...factsOf(evaluation),
  status: "running",
  claimed_by: instanceId,
});

/** The provider's trouble is waited out, or is over. */
export const waits = (evaluation: Evaluation, waiting: Waiting | undefined): Evaluation | undefined => {
  if (isEndedEvaluation(evaluation) || (waiting === undefined && evaluation.waiting === undefined))
    return undefined;
  const { waiting: _waiting, ...rest } = evaluation;
  return waiting === undefined ? rest : { ...rest, waiting };
};

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
