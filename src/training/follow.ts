import type { Settings } from "../config/settings.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { without } from "../kernel/defined.ts";
import { messageOf, unavailable } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { bare } from "../ledger/ledger.ts";
import type { Provider, ProviderJob } from "../provider/provider.ts";
import type { TrainingRun } from "./contract.ts";
import { createJobExtras, reasonIn, withEvents } from "./job-extras.ts";
import { cancelled, type Facts, failed, running, succeeded } from "./moves.ts";
import { createOwnJob } from "./own-job.ts";
import { jobIsOver, stateOfJob, uploadPrefix } from "./rules.ts";
import { isEndedRun } from "./status.ts";
import type { TrainingStore } from "./store.ts";

export interface FollowDeps {
  readonly store: TrainingStore;
  readonly provider: Provider;
  readonly settings: Pick<Settings, "maxWaitMinutes">;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type Follower = ReturnType<typeof createFollower>;

/** Everything that is learnt from the provider about a run's job. */
export function createFollower(deps: FollowDeps) {
  const { store, provider, settings, clock, logger } = deps;
  const own = createOwnJob(deps);
  const extras = createJobExtras(deps);

  /** Looks once and stores what is new. A job that is over is left for `record`, which writes all of its end at once. */
  async function look(run: TrainingRun, jobId: string): Promise<{ state: string; over: boolean }> {
    // Only a run that was submitted again can have a second job; while it waits, that one costs nothing yet.
    if ((run.submissions ?? 1) > 1 && run.state !== "running") await own.findJob(run);
    let job = await own.readJob(jobId);
    if (job === undefined) return { state: "failed", over: true };
    if (run.cancel_requested && !jobIsOver(job)) job = await own.cancelJob(run, job);
    const state = stateOfJob(job.state);
    if (jobIsOver(job)) return { state, over: true };
    const fresh = await extras.newEvents(run, jobId);
    const overdue = clock.now() - Date.parse(run.created_at) > settings.maxWaitMinutes * 60_000;
    if (overdue && !run.overdue)
      logger.warn("a training run is overdue", { run_id: run.id, job_id: jobId, state });
    await store.update(run.agent_id, run.id, (now) => {
      const isNews =
        now.state !== state ||
        fresh.length > 0 ||
        (now.overdue ?? false) !== overdue ||
        now.look_failed !== undefined;
      if (isEndedRun(now) || !isNews) return undefined;
      return running(without(now, "look_failed"), state, {
        ...withEvents(now, fresh),
        ...(overdue ? { overdue } : {}),
      });
    });
    return { state, over: false };
  }

  /** How the record moves to the end that its job came to. @throws unavailable `model_name_pending` */
  function endOf(job: ProviderJob | undefined, jobId: string, events: TrainingRun["events"] = []) {
    const at = toIso(job?.finished_at ?? clock.now());
    const state = job === undefined ? "failed" : stateOfJob(job.state);
    if (state === "cancelled") return (run: TrainingRun, facts: Facts) => cancelled(run, at, facts);
    if (state === "succeeded") {
      const model = job?.fine_tuned_model;
      if (model === undefined)
        throw unavailable(
          "model_name_pending",
          `Job ${jobId} has succeeded but does not name its model yet.`,
        );
      return (run: TrainingRun, facts: Facts) => succeeded(run, { model, at }, facts);
    }
    const error =
      job === undefined
        ? { code: "job_missing", message: `The provider has no job ${jobId} any more.` }
        : (job.error ?? { code: "job_failed", message: reasonIn(events) ?? "The provider gave no reason." });
    return (run: TrainingRun, facts: Facts) => failed(run, { error, in: "job", at }, facts);
  }

  /**
   * Writes down how the job ended, also over an earlier, mistaken end. A job that is not over changes nothing.
   * @throws unavailable `model_name_pending` while a succeeded job does not name its model yet
   */
  async function record(run: TrainingRun, jobId: string): Promise<TrainingRun> {
    const job = await own.readJob(jobId);
    if (job !== undefined && !jobIsOver(job)) return bare(run);
    const fresh = job === undefined ? [] : await extras.newEvents(run, jobId);
    const toEnd = endOf(job, jobId, withEvents(run, fresh).events);
    const results =
      job !== undefined && stateOfJob(job.state) === "succeeded" ? await extras.resultsOf(run, job) : {};
    return store.update(run.agent_id, run.id, (now) =>
      toEnd(now, {
        aoai_job_id: jobId,
        ...(job?.trained_tokens === undefined ? {} : { trained_tokens: job.trained_tokens }),
        ...withEvents(now, fresh),
        ...results,
      }),
    );
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

  const { findJob, adopt, readJob } = own;
  return { findJob, adopt, look, record, readJob, deleteFiles };
}
