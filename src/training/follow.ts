import type { Settings } from "../config/settings.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { isLightningError, messageOf, unavailable } from "../kernel/errors.ts";
import { sha256 } from "../kernel/hashing.ts";
import type { Logger } from "../kernel/logger.ts";
import { bare } from "../ledger/ledger.ts";
import type { Provider, ProviderEvent, ProviderJob } from "../provider/provider.ts";
import type { TrainingRun } from "./contract.ts";
import { parseCurve, summarise } from "./curve.ts";
import { chooseJob, isOver, jobIsOver, ownJobs, stateOfJob, statusOf, uploadPrefix } from "./rules.ts";
import type { TrainingStore } from "./store.ts";

export interface FollowDeps {
  readonly store: TrainingStore;
  readonly provider: Provider;
  readonly settings: Pick<Settings, "maxWaitMinutes">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Jobs looked through for a lost one. Azure keeps at most 100 a resource (docs/facts.md#limits-of-a-resource). */
const MOST_JOBS = 2000;
const EVENTS_KEPT = 100;
const EVENTS_READ = 500;
const MESSAGE_LENGTH = 500;

export type Follower = ReturnType<typeof createFollower>;

/** Everything that is learnt from the provider about a run's job. */
export function createFollower({ store, provider, settings, clock, logger }: FollowDeps) {
  /** The jobs that are this run's own, oldest first. */
  async function findJobs(run: TrainingRun): Promise<ProviderJob[]> {
    const jobs: ProviderJob[] = [];
    for await (const job of provider.listJobs()) {
      jobs.push(job);
      if (jobs.length >= MOST_JOBS) break;
    }
    return ownJobs(run, jobs);
  }

  /** The run's one job; superfluous ones are cancelled before they cost anything. */
  async function findJob(run: TrainingRun): Promise<ProviderJob | undefined> {
    const { keep, superfluous } = chooseJob(await findJobs(run));
    for (const job of superfluous) {
      try {
        await provider.cancelJob(job.id);
        logger.warn("duplicate_job_cancelled", { run_id: run.id, job_id: job.id, kept: keep?.id });
      } catch (error) {
        logger.warn("a duplicate job could not be cancelled", {
          run_id: run.id,
          job_id: job.id,
          error: messageOf(error),
        });
      }
    }
    return keep;
  }

  /** Writes the job's id down; the run goes on as its job does. */
  const adopt = (run: TrainingRun, job: ProviderJob) =>
    store.update(run.agent_id, run.id, (now) =>
      now.aoai_job_id === job.id
        ? undefined
        : {
            aoai_job_id: job.id,
            looked_at: undefined,
            started_at: now.started_at ?? toIso(job.created_at),
            ...(isOver(now.status) ? {} : { status: "running" as const, state: "submitting" }),
          },
    );

  /** Events the record does not have yet, oldest first; the log is an extra, never a reason to fail. */
  async function newEvents(run: TrainingRun, jobId: string): Promise<NonNullable<TrainingRun["events"]>> {
    const known = new Set(run.events?.map((event) => event.id));
    const found: ProviderEvent[] = [];
    try {
      for await (const event of provider.listEvents(jobId)) {
        if (known.has(event.id) || found.length >= EVENTS_READ) break;
        found.push(event);
      }
    } catch (error) {
      logger.warn("the events of a job could not be read", { run_id: run.id, error: messageOf(error) });
    }
    return found
      .map(({ id, level, message, created_at }) => ({
        id,
        level,
        message: message.slice(0, MESSAGE_LENGTH),
        created_at: toIso(created_at),
      }))
      .toReversed();
  }

  const readJob = async (jobId: string): Promise<ProviderJob | undefined> => {
    try {
      return await provider.readJob(jobId);
    } catch (error) {
      if (isLightningError(error) && error.kind === "not_found") return undefined;
      throw error;
    }
  };

  /** Passes a cancellation on. A job that ended meanwhile, or a provider that is away, is seen at the next look. */
  async function cancelJob(run: TrainingRun, job: ProviderJob): Promise<ProviderJob> {
    try {
      return await provider.cancelJob(job.id);
    } catch (error) {
      logger.warn("a job could not be cancelled yet", {
        run_id: run.id,
        job_id: job.id,
        error: messageOf(error),
      });
      return (await readJob(job.id)) ?? job;
    }
  }

  /** Looks once and stores what is new. A job that is over is left for `record`, which writes all of its end at once. */
  async function look(run: TrainingRun, jobId: string): Promise<{ state: string; over: boolean }> {
    // Only a run that was submitted again can have a second job; while it waits, that one costs nothing yet.
    if ((run.submissions ?? 1) > 1 && run.state !== "running") await findJob(run);
    let job = await readJob(jobId);
    if (job === undefined) return { state: "failed", over: true };
    if (run.cancel_requested && !jobIsOver(job)) job = await cancelJob(run, job);
    const state = stateOfJob(job.state);
    if (jobIsOver(job)) return { state, over: true };
    const fresh = await newEvents(run, jobId);
    const overdue = clock.now() - Date.parse(run.created_at) > settings.maxWaitMinutes * 60_000;
    if (overdue && !run.overdue)
      logger.warn("a training run is overdue", { run_id: run.id, job_id: jobId, state });
    await store.update(run.agent_id, run.id, (now) =>
      isOver(now.status) ||
      (now.state === state &&
        fresh.length === 0 &&
        (now.overdue ?? false) === overdue &&
        now.look_failed === undefined)
        ? undefined
        : {
            status: "running",
            state,
            look_failed: undefined,
            ...withEvents(now, fresh),
            ...(overdue ? { overdue } : {}),
          },
    );
    return { state, over: false };
  }

  /** The learning curve; a results file that cannot be read costs the curve, not the model. */
  async function readCurve(run: TrainingRun, job: ProviderJob) {
    for (const fileId of job.result_files) {
      try {
        const pieces: Uint8Array[] = [];
        for await (const piece of provider.fileContent(fileId)) pieces.push(piece);
        const bytes = Buffer.concat(pieces);
        const curve = parseCurve(bytes.toString("utf8"));
        if (curve.length > 0)
          return { curve, metrics: { ...summarise(curve), results_sha256: sha256(bytes) } };
      } catch (error) {
        logger.warn("a results file could not be read", {
          run_id: run.id,
          file_id: fileId,
          error: messageOf(error),
        });
      }
    }
    return {};
  }

  async function readCheckpoints(run: TrainingRun, job: ProviderJob) {
    const checkpoints: NonNullable<TrainingRun["checkpoints"]> = [];
    try {
      for await (const { id, step, model, metrics } of provider.listCheckpoints(job.id))
        checkpoints.push({ id, step, model, metrics: { ...metrics } });
    } catch (error) {
      logger.warn("the checkpoints of a job could not be read", { run_id: run.id, error: messageOf(error) });
    }
    return checkpoints.length === 0 ? {} : { checkpoints };
  }

  /**
   * Uploaded files have done their work, and the provider's room for them is small (100 files a resource). Found by
   * name, so that one whose upload was never answered goes too. A file that stays costs little: nothing fails here.
   */
  async function deleteFiles(run: TrainingRun): Promise<void> {
    try {
      const ids: string[] = [];
      for await (const file of provider.listFiles())
        if (file.filename.startsWith(uploadPrefix(run.id))) ids.push(file.id);
      for (const id of ids) await provider.deleteFile(id);
    } catch (error) {
      logger.warn("an uploaded file could not be deleted", { run_id: run.id, error: messageOf(error) });
    }
  }

  /**
   * Writes down how the job ended, also over an earlier, mistaken end. A job that is not over changes nothing.
   * @throws unavailable `model_name_pending` while a succeeded job does not name its model yet
   */
  async function record(run: TrainingRun, jobId: string): Promise<TrainingRun> {
    const job = await readJob(jobId);
    if (job !== undefined && !jobIsOver(job)) return bare(run);
    const status = job === undefined ? "failed" : statusOf(stateOfJob(job.state));
    if (status === "succeeded" && job?.fine_tuned_model === undefined)
      throw unavailable("model_name_pending", `Job ${jobId} has succeeded but does not name its model yet.`);
    const fresh = job === undefined ? [] : await newEvents(run, jobId);
    const extras =
      job !== undefined && status === "succeeded"
        ? { ...(await readCurve(run, job)), ...(await readCheckpoints(run, job)) }
        : {};
    const error =
      status === "failed"
        ? (job?.error ??
          (job === undefined
            ? { code: "job_missing", message: `The provider has no job ${jobId} any more.` }
            : { code: "job_failed", message: "The provider gave no reason." }))
        : undefined;
    const stored = await store.update(run.agent_id, run.id, (now) => ({
      status,
      state: status,
      aoai_job_id: jobId,
      error,
      failed_in: status === "failed" ? "job" : undefined,
      tuned_model_name: status === "succeeded" ? job?.fine_tuned_model : undefined,
      overdue: undefined,
      look_failed: undefined,
      completed_at: toIso(job?.finished_at ?? clock.now()),
      ...(job?.trained_tokens === undefined ? {} : { trained_tokens: job.trained_tokens }),
      ...withEvents(now, fresh),
      ...extras,
    }));
    return stored;
  }

  return { findJob, adopt, look, record, readJob, deleteFiles };
}

/** The events a record has after these. */
const withEvents = (run: TrainingRun, fresh: NonNullable<TrainingRun["events"]>) => {
  const known = new Set(run.events?.map((event) => event.id));
  const all = [...(run.events ?? []), ...fresh.filter((event) => !known.has(event.id))];
  return all.length === 0 ? {} : { events: all.slice(-EVENTS_KEPT) };
};
