import type { Settings } from "../config/settings.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { without } from "../kernel/defined.ts";
import { messageOf, unavailable } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { bare } from "../ledger/ledger.ts";
import type { Provider, ProviderJob } from "../provider/provider.ts";
import { createAbsence, idsUnknown, withoutUnseen } from "./absence.ts";
import type { TrainingRun } from "./contract.ts";
import { createJobExtras, reasonIn, withEvents } from "./job-extras.ts";
import { cancelled, type Facts, failed, running, succeeded } from "./moves.ts";
import { createOwnJob } from "./own-job.ts";
import { isLongGivenUp, jobIsOver, mayBeAlive, stateOfJob, uploadPrefix } from "./rules.ts";
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
  const isOverdue = (run: TrainingRun) =>
    clock.now() - Date.parse(run.created_at) > settings.maxWaitMinutes * 60_000;
  const absence = createAbsence({ ...deps, isOverdue });

  /** One more look that did not find the job; over: it is gone, which `record` writes down. */
  async function outOfSight(run: TrainingRun, jobId: string): Promise<{ state: string; over: boolean }> {
    const { state } = run;
    const message = `The provider shows no job ${jobId}, neither at its address nor in the list. It is looked for again.`;
    if (!(await absence.isGone(run, jobId, message))) return { state, over: false };
    logger.warn("a training job is not to be seen", { run_id: run.id, job_id: jobId });
    if ((await absence.endOf(await store.get(run.agent_id, run.id), jobId)) !== undefined)
      return { state: "failed", over: true };
    await store.update(run.agent_id, run.id, (now) =>
      isEndedRun(now)
        ? undefined
        : { ...now, look_failed: { at: toIso(clock.now()), message: idsUnknown(jobId) } },
    );
    return { state, over: false };
  }

  /** Looks once and stores what is new. A job that is over is left for `record`, which writes all of its end at once. */
  async function look(run: TrainingRun, jobId: string): Promise<{ state: string; over: boolean }> {
    // Only a run that was submitted again can have a second job; while it waits, that one costs nothing yet.
    if ((run.submissions ?? 1) > 1 && run.state !== "running") await own.findJob(run);
    let job = await own.readJob(jobId);
    if (job === undefined) return await outOfSight(run, jobId);
    if (run.cancel_requested && !jobIsOver(job)) job = await own.cancelJob(run, job);
    const state = stateOfJob(job.state);
    if (jobIsOver(job)) return { state, over: true };
    const fresh = await extras.newEvents(run, jobId);
    const overdue = isOverdue(run);
    if (overdue && !run.overdue)
      logger.warn("a training run is overdue", { run_id: run.id, job_id: jobId, state });
    await store.update(run.agent_id, run.id, (now) => {
      const isNews =
        now.state !== state ||
        fresh.length > 0 ||
        (now.overdue ?? false) !== overdue ||
        now.unseen?.[jobId] !== undefined ||
        now.look_failed !== undefined;
      if (isEndedRun(now) || !isNews) return undefined;
      return running(withoutUnseen(without(now, "look_failed"), jobId), state, {
        ...withEvents(now, fresh),
        ...(overdue ? { overdue } : {}),
      });
    });
    return { state, over: false };
  }

  /** How the record moves to the end that its job came to. @throws unavailable `model_name_pending` */
  function endOf(job: ProviderJob, events: TrainingRun["events"] = []) {
    const at = toIso(job.finished_at ?? clock.now());
    const state = stateOfJob(job.state);
    if (state === "cancelled") return (run: TrainingRun, facts: Facts) => cancelled(run, at, facts);
    if (state === "succeeded") {
      const model = job.fine_tuned_model;
      if (model === undefined)
        throw unavailable(
          "model_name_pending",
          `Job ${job.id} has succeeded but does not name its model yet.`,
        );
      return (run: TrainingRun, facts: Facts) => succeeded(run, { model, at }, facts);
    }
    const error = job.error ?? {
      code: "job_failed",
      message: reasonIn(events) ?? "The provider gave no reason.",
    };
    return (run: TrainingRun, facts: Facts) => failed(run, { error, in: "job", at }, facts);
  }

  /** The end of a run whose job is believed to be gone; what has ended stays as it ended. */
  async function recordAbsence(run: TrainingRun, jobId: string): Promise<TrainingRun> {
    const end = isEndedRun(run) ? undefined : await absence.endOf(run, jobId);
    if (end === undefined) return bare(run);
    return store.update(run.agent_id, run.id, (now) =>
      isEndedRun(now) ? undefined : failed(now, { ...end, at: toIso(clock.now()) }),
    );
  }

  /**
   * Writes down how the job ended, also over an earlier, mistaken end. A job that is not over, or that is not to be seen
   * for a moment, changes nothing.
   * @throws unavailable `model_name_pending` while a succeeded job does not name its model yet
   */
  async function record(run: TrainingRun, jobId: string): Promise<TrainingRun> {
    const job = await own.readJob(jobId);
    if (job === undefined) return await recordAbsence(run, jobId);
    if (!jobIsOver(job)) return bare(run);
    const fresh = await extras.newEvents(run, jobId);
    const toEnd = endOf(job, withEvents(run, fresh).events);
    const results = stateOfJob(job.state) === "succeeded" ? await extras.resultsOf(run, job) : {};
    return store.update(run.agent_id, run.id, (now) =>
      toEnd(without(now, "unseen"), {
        aoai_job_id: jobId,
        ...(job.trained_tokens === undefined ? {} : { trained_tokens: job.trained_tokens }),
        ...withEvents(now, fresh),
        ...results,
      }),
    );
  }

  /**
   * A run that was given up, and whose job is not found now either: minutes later, beside files that are found, that is
   * believed. Else it stays as it is, its job may be going.
   */
  async function settle(run: TrainingRun): Promise<TrainingRun> {
    const isOpen = (one: TrainingRun) => one.status === "failed" && one.failed_in === "tracking";
    if (!isOpen(run) || !isLongGivenUp(run, clock.now()) || !(await absence.knowsItsFiles(run)))
      return bare(run);
    return store.update(run.agent_id, run.id, (now) => {
      if (now.status !== "failed" || !isOpen(now) || now.aoai_job_id !== run.aoai_job_id) return undefined;
      const message = `${now.error.message} It was looked for again: there is no such job.`.slice(0, 2000);
      return failed(without(now, "intent_at", "looked_at"), {
        error: { ...now.error, message },
        in: now.aoai_job_id === undefined ? "submit" : "job",
        at: now.completed_at,
      });
    });
  }

  /**
   * Uploaded files have done their work, and the provider's room for them is small (100 files a resource). Found by
   * name, so that one whose upload was never answered goes too. A file that stays costs little: nothing fails here.
   * Those of a run that is not over, or whose job was only lost sight of, stay: the job may need them.
   */
  async function deleteFiles(run: TrainingRun): Promise<void> {
    if (!isEndedRun(run) || mayBeAlive(run, clock.now()) || run.error?.code === "job_missing") return;
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
  return { findJob, adopt, look, outOfSight, record, settle, readJob, deleteFiles };
}
