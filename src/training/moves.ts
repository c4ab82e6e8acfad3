import { without } from "../kernel/defined.ts";
import { conflict } from "../kernel/errors.ts";
import type { CancelledRun, FailedRun, OpenRun, RunFacts, SucceededRun, TrainingRun } from "./contract.ts";
import { isEndedRun } from "./status.ts";

/**
 * The moves of a run, as pure functions from record to record: what each status takes with it and what it leaves
 * behind. `undefined`: there is nothing to move.
 */
export type Facts = Partial<Omit<RunFacts, "state">>;

/** What a run keeps whatever becomes of it. */
const factsOf = (run: TrainingRun): RunFacts =>
  without(run, "status", "tuned_model_name", "error", "failed_in", "completed_at");

/** What it leaves behind when it ends. */
const endedFactsOf = (run: TrainingRun): RunFacts =>
  without(factsOf(run), "waiting", "overdue", "look_failed");

/**
 * At work, in the exact `state`; what it waited for is over, unless it is among the facts. A run that had ended is open
 * again: its job was found alive.
 */
export const running = (run: TrainingRun, state: string, facts: Facts = {}): OpenRun => ({
  ...without(factsOf(run), "waiting"),
  ...facts,
  status: "running",
  state,
});

export const succeeded = (
  run: TrainingRun,
  end: { readonly model: string; readonly at: string },
  facts: Facts = {},
): SucceededRun => ({
  ...endedFactsOf(run),
  ...facts,
  status: "succeeded",
  state: "succeeded",
  tuned_model_name: end.model,
  completed_at: end.at,
});

export const failed = (
  run: TrainingRun,
  end: {
    readonly error: FailedRun["error"];
    readonly in: NonNullable<FailedRun["failed_in"]>;
    readonly at: string;
  },
  facts: Facts = {},
): FailedRun => ({
  ...endedFactsOf(run),
  ...facts,
  status: "failed",
  state: "failed",
  error: end.error,
  failed_in: end.in,
  completed_at: end.at,
});

export const cancelled = (run: TrainingRun, at: string, facts: Facts = {}): CancelledRun => ({
  ...endedFactsOf(run),
  ...facts,
  status: "cancelled",
  state: "cancelled",
  completed_at: at,
});

/** Taken up by an orchestration instance; a run that is taken up again goes on where its job is. */
export const claimed = (run: TrainingRun, instanceId: string): OpenRun =>
  running(run, run.aoai_job_id === undefined ? "uploading" : run.state, { claimed_by: instanceId });

/**
 * Asks for the run's end. A run that nobody has taken up ends at once, if it cannot have a job yet; else the next look at its job passes it on.
 * @throws conflict `run_finished`
 */
export function cancelRequested(run: TrainingRun, at: string): TrainingRun | undefined {
  if (run.status === "cancelled" || run.cancel_requested) return undefined;
  if (isEndedRun(run))
    throw conflict("run_finished", `The run "${run.id}" has already ${run.status}.`, {
      field: "run_id",
      details: { status: run.status },
    });
  return run.claimed_by === undefined && run.aoai_job_id === undefined && run.intent_at === undefined
    ? cancelled(run, at, { cancel_requested: true })
    : { ...run, cancel_requested: true };
}

/** The job is found alive at the provider, also after the run was given up: whoever owned it lets it go then. */
export function foundAlive(run: TrainingRun, state: string, facts: Facts): OpenRun {
  const alive = running(run, state, facts);
  return isEndedRun(run) ? without(alive, "claimed_by") : alive;
}
