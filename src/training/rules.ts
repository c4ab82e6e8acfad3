import { canonicalModel, canonicalTier } from "../catalog/spelling.ts";
import { toIso } from "../kernel/clock.ts";
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
  input: {
    readonly n_epochs?: number | "auto" | undefined;
    readonly hyperparameters?: Hyperparameters | undefined;
  },
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

/** Fields that stand in every run: what is left to the service is written there. */
const ALWAYS = new Set(["n_epochs", "batch_size", "learning_rate_multiplier"]);

/**
 * The one form of all requests that mean the same training. It is made before anything is priced, checked, hashed or
 * sent, so that equal on the wire is equal in the ledger. A form that was canonical already keeps its id.
 */
export function canonicalIdentity<T extends RunIdentity>(identity: T): T {
  const hyperparameters = Object.fromEntries(
    Object.entries(identity.hyperparameters).filter(
      ([name, value]) =>
        value !== undefined && (ALWAYS.has(name) || (value !== "auto" && value !== "default")),
    ),
  );
  return {
    ...identity,
    base_model: canonicalModel(identity.base_model),
    training_type: canonicalTier(identity.training_type),
    hyperparameters,
  };
}

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

/** How long, and at how many looks, what the provider does not show has to stay away before it is believed to be gone. */
const BELIEVED_AFTER_MS = 10 * 60_000;
const FEWEST_LOOKS = 3;
/** Between two looks no more than this counts: while nobody looked, an orchestration was lost say, it may have been there. */
const MOST_BETWEEN_LOOKS_MS = 5 * 60_000;
/** Azure ends a job after 720 hours (docs/facts.md#job-states): past that none can be going. */
export const LONGEST_JOB_MS = 720 * 3_600_000;

/** Whether what was looked for is believed to be gone: a list or a replica may trail, a gateway may answer 404 for all. */
export const isBelievedGone = (run: Pick<TrainingRun, "unseen">, what: string, now: number): boolean => {
  const absence = run.unseen?.[what];
  return (
    absence !== undefined &&
    absence.looks >= FEWEST_LOOKS &&
    now - Date.parse(absence.since) >= BELIEVED_AFTER_MS
  );
};

/** Whether a run was given up long enough ago for a second look to count. */
export const isLongGivenUp = (run: TrainingRun, now: number): boolean =>
  run.completed_at !== undefined && now - Date.parse(run.completed_at) >= BELIEVED_AFTER_MS;

/** One more look that did not find it. */
export const unseenAgain = (
  run: TrainingRun,
  what: string,
  at: string,
): NonNullable<TrainingRun["unseen"]> => {
  const before = run.unseen?.[what];
  if (before === undefined) return { ...run.unseen, [what]: { since: at, looks: 1, last: at } };
  // Earlier releases did not note the last look.
  const { since, looks, last = looks === 1 ? since : at } = before;
  const unwatched = Math.max(0, Date.parse(at) - Date.parse(last) - MOST_BETWEEN_LOOKS_MS);
  const counted = toIso(Date.parse(since) + unwatched);
  return { ...run.unseen, [what]: { since: counted, looks: looks + 1, last: at } };
};

/**
 * A run that has failed although its job may still be going: nobody advises to pay for another one then, and its files
 * stay. Earlier releases believed a job to be gone at the first look that did not find it.
 */
export function mayBeAlive(run: TrainingRun, now: number): boolean {
  if (run.status !== "failed" || now - Date.parse(run.started_at ?? run.created_at) > LONGEST_JOB_MS)
    return false;
  if (run.failed_in === "tracking") return true;
  if (run.error.code !== "job_missing" || run.aoai_job_id === undefined) return false;
  return !isBelievedGone(run, run.aoai_job_id, Date.parse(run.completed_at));
}

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
