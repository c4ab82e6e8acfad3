import type { Settings } from "../config/settings.ts";
import { missing } from "../doors/claim.ts";
import type { Files } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { isLightningError, messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Ledger } from "../ledger/ledger.ts";
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
  const uploader = createUploader({ ...deps, store, readDataset: service.readDataset });
  const submitter = createSubmitter({ ...deps, store, follower });

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
        await store.update(agent_id, id, (now) => ({
          ...now,
          look_failed: { at: toIso(clock.now()), message: messageOf(error).slice(0, 500) },
        }));
        return { state: run.state, terminal: false, poll_again_seconds };
      }
    },

    async recordTrainingResult({ agent_id, id }) {
      const run = await store.read(agent_id, id);
      if (run === undefined) return { status: "failed" };
      const end =
        isEndedRun(run) || run.aoai_job_id === undefined ? run : await follower.record(run, run.aoai_job_id);
      // The job of a run that was given up may still need its files.
      if (end.failed_in !== "tracking") await follower.deleteFiles(end);
      return {
        status: end.status,
        ...(end.tuned_model_name === undefined ? {} : { tuned_model: end.tuned_model_name }),
      };
    },

    async failRun({ agent_id, id, code, message }) {
      const run = await store.read(agent_id, id);
      // Of a run that is not there nothing can be written down, however often it is tried.
      if (run === undefined || isEndedRun(run)) return null;
      const jobId = await lastLook(run);
      const error = {
        code,
        message:
          jobId === undefined
            ? message
            : `${message} The job ${jobId} may still be going; reconcile the run to see how it ends.`,
      };
      await store.update(agent_id, id, (now) =>
        isEndedRun(now)
          ? undefined
          : failed(now, { error, in: whereItFailed(now, jobId), at: toIso(clock.now()) }),
      );
      // A job that may still be going needs its files.
      if (jobId === undefined) await follower.deleteFiles(run);
      return null;
    },
  };
}

const isProvidersFault = (error: unknown): boolean =>
  isLightningError(error) && (error.code.startsWith("provider_") || error.code === "no_credential");

function whereItFailed(run: TrainingRun, jobId: string | undefined): NonNullable<TrainingRun["failed_in"]> {
  if (jobId !== undefined) return "tracking";
  return run.state === "submitting" || run.submissions !== undefined ? "submit" : "upload";
}
