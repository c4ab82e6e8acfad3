import { invalid } from "../kernel/errors.ts";
import { hashedId } from "../kernel/ids.ts";
import type { ProviderJob } from "../provider/provider.ts";
import type { Hyperparameters, RunState, TrainingRun } from "./contract.ts";
import { isEndedRun } from "./status.ts";

/** Azure and OpenAI refuse to train on fewer examples (docs/facts.md#ten-examples). */
export const FEWEST_EXAMPLES = 10;
/** A fixed seed: an equal request is then the same training, wherever it is asked for. */
export const DEFAULT_SEED = 42;
/** Five minutes between looks at a job that takes hours is as good as one. */
const SLOWEST_POLL_SECONDS = 300;

/** A job's state as this ledger keeps it: verbatim, but for the one word that is spelt in two ways. */
export const stateOfJob = (state: string): RunState => (state === "canceled" ? "cancelled" : state);

/** A job at the provider is over. Its `pending` is a waiting job, not a run without one. */
export const jobIsOver = (job: Pick<ProviderJob, "state">): boolean =>
  isEndedRun({ status: stateOfJob(job.state) });

/** All hyperparameters, with the settings' defaults; `n_epochs` may stand beside them, as the original had it. */
export function completeHyperparameters(
  input: { readonly n_epochs?: number | undefined; readonly hyperparameters?: Hyperparameters | undefined },
  settings: { readonly epochs: number; readonly learningRateMultiplier: number },
  method: TrainingRun["method"],
): Hyperparameters {
  const given = input.hyperparameters ?? {};
  if (input.n_epochs !== undefined && given.n_epochs !== undefined && input.n_epochs !== given.n_epochs)
    throw invalid(
      "invalid_input",
      '"n_epochs" and "hyperparameters.n_epochs" are one field and were given different values.',
      { field: "n_epochs", remedy: "Send one of them." },
    );
  return {
    ...given,
    n_epochs: input.n_epochs ?? given.n_epochs ?? settings.epochs,
    batch_size: given.batch_size ?? "auto",
    learning_rate_multiplier:
      // The setting is tuned for supervision; the other methods learn at another pace.
      given.learning_rate_multiplier ?? (method === "supervised" ? settings.learningRateMultiplier : "auto"),
  };
}

/** What makes two requests one run. */
export type RunIdentity = Pick<
  TrainingRun,
  | "agent_id"
  | "dataset_hash"
  | "base_model"
  | "method"
  | "hyperparameters"
  | "seed"
  | "training_type"
  | "suffix"
  | "grader"
>;

export function runId(run: RunIdentity, attempt: number): string {
  return hashedId("run", [
    run.agent_id,
    run.dataset_hash,
    run.base_model,
    run.method,
    run.hyperparameters,
    run.seed,
    run.training_type,
    run.suffix ?? null,
    attempt,
    // Only where there is one, so that every other run keeps its id.
    ...(run.grader === undefined ? [] : [run.grader]),
  ]);
}

/** What the name of every file starts with that is uploaded for a run. */
export const uploadPrefix = (id: string): string => `${id}-`;

/** Starts at the configured interval and grows with the run's age to five minutes. */
export function pollAgainSeconds(ageMs: number, intervalSeconds: number): number {
  return Math.max(intervalSeconds, Math.min(SLOWEST_POLL_SECONDS, ageMs / 1000 / 20));
}

/** The run's own jobs among the provider's: by the id they carry, or by the training file that only this run has. */
export function ownJobs(
  run: Pick<TrainingRun, "id" | "training_file_id">,
  jobs: readonly ProviderJob[],
): ProviderJob[] {
  return jobs
    .filter(
      (job) =>
        job.metadata.run_id === run.id ||
        (run.training_file_id !== undefined && job.training_file === run.training_file_id),
    )
    .toSorted((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
}

/** Of several jobs of one run the oldest counts, unless it was stopped; the others are superfluous. */
export function chooseJob(jobs: readonly ProviderJob[]): {
  keep: ProviderJob | undefined;
  superfluous: ProviderJob[];
} {
  const keep = jobs.find((job) => !["failed", "cancelled"].includes(stateOfJob(job.state))) ?? jobs[0];
  return { keep, superfluous: jobs.filter((job) => job !== keep && !jobIsOver(job)) };
}
