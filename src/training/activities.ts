import type { Settings } from "../config/settings.ts";
import { missing } from "../doors/claim.ts";
import { pauseMs } from "../doors/waiting.ts";
import type { Files } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { isKind, messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { isProvidersFault } from "../provider/passing.ts";
import type { Provider } from "../provider/provider.ts";
import type { TrainingActivities, TrainingRun } from "./contract.ts";
import { createFollower } from "./follow.ts";
import { claimed, failed } from "./moves.ts";
import { pollAgainSeconds } from "./rules.ts";
import type { TrainingService } from "./service.ts";
import { isEndedRun } from "./status.ts";
import { createTrainingStore } from "./store.ts";
import { createSubmitter } from "./submit.ts";
import { createUploader } from "./upload.ts";
import { createRunWaits } from "./wait.ts";

export interface TrainingActivityDeps {
  readonly service: Pick<TrainingService, "readDataset">;
  readonly ledger: Ledger;
  readonly files: Files;
  readonly provider: Provider;
  readonly settings: Pick<Settings, "pollIntervalSeconds" | "maxWaitMinutes">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The durable steps of `trainModel`. */
export function createTrainingActivities(deps: TrainingActivityDeps): TrainingActivities {
  const { service, settings, clock, logger } = deps;
  const store = createTrainingStore(deps.ledger);
  const follower = createFollower({ ...deps, store });
  const waits = createRunWaits({ ...deps, store });
  const uploader = createUploader({ ...deps, store, waits, readDataset: service.readDataset });
  const submitter = createSubmitter({ ...deps, store, follower, waits });

  /** What came of a job whose run is about to be given up: nothing that was paid for may be lost sight of. */
  async function lastLook(run: TrainingRun): Promise<string | undefined> {
    if (run.aoai_job_id !== undefined) return run.aoai_job_id;
    if (run.intent_at === undefined) return undefined;
    try {
      const job = await follower.findJob(run);
      if (job !== undefined) await follower.adopt(run, job);
      return job?.id;
    } catch (error) {
      logger.warn("a run is given up without knowing whether it has a job", {
        run_id: run.id,
        error: messageOf(error),
      });
      return undefined;
    }
  }

  /** The job goes on; that nobody could look at it stands on the record, and it becomes overdue all the same. */
  const lookFailed = (run: TrainingRun, error: unknown) =>
    store.update(run.agent_id, run.id, (now) =>
      isEndedRun(now)
        ? undefined
        : {
            ...now,
            look_failed: { at: toIso(clock.now()), message: messageOf(error).slice(0, 500) },
            ...(waits.isOverdue(now) ? { overdue: true } : {}),
          },
    );

  /** How the job ended. @throws unavailable, having written down why it cannot be told yet */
  async function record(run: TrainingRun, jobId: string): Promise<TrainingRun> {
    try {
      return await follower.record(run, jobId);
    } catch (error) {
      if (isProvidersFault(error) || isKind(error, "unavailable")) await lookFailed(run, error);
      throw error;
    }
  }

  return {
    async claimRun(input) {
      const { kind } = await store.claim(input, isEndedRun, (run) => claimed(run, input.instance_id));
      return kind === "missing" ? missing("run", input) : { kind };
    },

    async readRunStatus({ agent_id, id }) {
      const { status, cancel_requested } = await store.get(agent_id, id);
      return { status, cancel_requested: cancel_requested ?? false };
    },

    uploadTrainingFile: (input) => uploader.uploadTrainingFile(input),
    readTrainingFile: (input) => uploader.readTrainingFile(input),
    createTrainingJob: (input) => submitter.createTrainingJob(input),

    async pollTrainingJob({ agent_id, id }) {
      const run = await store.read(agent_id, id);
      if (run === undefined) return { state: "failed", terminal: true, poll_again_seconds: 0 };
      const poll_again_seconds = pollAgainSeconds(
        clock.now() - Date.parse(run.started_at ?? run.created_at),
        // A look at the local provider costs nothing and its jobs take a second.
        deps.provider.kind === "local"
          ? Math.min(1, settings.pollIntervalSeconds)
          : settings.pollIntervalSeconds,
      );
      if (isEndedRun(run)) return { state: run.state, terminal: true, poll_again_seconds };
      if (run.aoai_job_id === undefined) {
        const error = {
          code: "job_unknown",
          message: "The run has no job to look at; reconcile it to look for one.",
        };
        await store.update(agent_id, id, (now) =>
          isEndedRun(now) || now.aoai_job_id !== undefined
            ? undefined
            : failed(now, { error, in: "tracking", at: toIso(clock.now()) }),
        );
        return { state: "failed", terminal: true, poll_again_seconds };
      }
      try {
        const { state, over } = await follower.look(run, run.aoai_job_id);
        return { state, terminal: over, poll_again_seconds };
      } catch (error) {
        // A provider that cannot be asked, or that no longer lets us ask, says nothing about the job: it goes on.
        if (!isProvidersFault(error)) throw error;
        logger.warn("a training job could not be looked at", { run_id: id, error: messageOf(error) });
        await lookFailed(run, error);
        const asked = error.retryAfterMs === undefined ? 0 : pauseMs(0, error.retryAfterMs) / 1000;
        return {
          state: run.state,
          terminal: false,
          poll_again_seconds: Math.max(poll_again_seconds, Math.ceil(asked)),
        };
      }
    },

    async recordTrainingResult({ agent_id, id }) {
      const run = await store.read(agent_id, id);
      if (run === undefined) return { status: "failed" };
      const { aoai_job_id } = run;
      const end = isEndedRun(run) || aoai_job_id === undefined ? run : await record(run, aoai_job_id);
      await follower.deleteFiles(end);
      return {
        status: end.status,
        ...(end.tuned_model_name === undefined ? {} : { tuned_model: end.tuned_model_name }),
      };
    },

    async failRun({ agent_id, id, code, message, remedy }) {
      const run = await store.read(agent_id, id);
      // Of a run that is not there nothing can be written down, however often it is tried.
      if (run === undefined || isEndedRun(run)) return null;
      const jobId = await lastLook(run);
      // A create whose outcome is not known leaves an intent; one look that finds no job does not void it.
      const mayHaveJob = jobId !== undefined || run.intent_at !== undefined;
      const job =
        jobId === undefined
          ? "A job may have been created all the same"
          : `The job ${jobId} may still be going`;
      const error = {
        code,
        message: mayHaveJob ? `${message} ${job}; reconcile the run to see how it ends.` : message,
        ...(remedy === undefined ? {} : { remedy }),
      };
      const end = await store.update(agent_id, id, (now) =>
        isEndedRun(now)
          ? undefined
          : failed(now, { error, in: whereItFailed(now, mayHaveJob), at: toIso(clock.now()) }),
      );
      await follower.deleteFiles(end);
      return null;
    },
  };
}

function whereItFailed(run: TrainingRun, mayHaveJob: boolean): NonNullable<TrainingRun["failed_in"]> {
  if (mayHaveJob) return "tracking";
  return run.state === "submitting" || run.submissions !== undefined ? "submit" : "upload";
}
