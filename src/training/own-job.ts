import { toIso } from "../kernel/clock.ts";
import { isKind, messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Provider, ProviderJob } from "../provider/provider.ts";
import type { TrainingRun } from "./contract.ts";
import { running } from "./moves.ts";
import { chooseJob, ownJobs } from "./rules.ts";
import { isEndedRun } from "./status.ts";
import type { TrainingStore } from "./store.ts";

export interface OwnJobDeps {
  readonly store: TrainingStore;
  readonly provider: Provider;
  readonly logger: Logger;
}

/** Jobs looked through for a lost one. Azure keeps at most 100 a resource (docs/facts.md#limits-of-a-resource). */
const MOST_JOBS = 2000;

/** A run's one job at the provider: finding it, adopting it, reading it and cancelling it. */
export function createOwnJob({ store, provider, logger }: OwnJobDeps) {
  async function allJobs(): Promise<ProviderJob[]> {
    const jobs: ProviderJob[] = [];
    for await (const job of provider.listJobs()) {
      jobs.push(job);
      if (jobs.length >= MOST_JOBS) break;
    }
    return jobs;
  }

  /** Undefined when neither the job's own address nor the list shows it: one of both alone may trail. */
  async function readJob(jobId: string): Promise<ProviderJob | undefined> {
    try {
      return await provider.readJob(jobId);
    } catch (error) {
      if (!isKind(error, "not_found")) throw error;
      return (await allJobs()).find((job) => job.id === jobId);
    }
  }

  /** The run's one job; superfluous ones are cancelled before they cost anything. */
  async function findJob(run: TrainingRun): Promise<ProviderJob | undefined> {
    const { keep, superfluous } = chooseJob(ownJobs(run, await allJobs()));
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

  return {
    readJob,

    findJob,

    /** Writes the job's id down; the run goes on as its job does. */
    adopt: (run: TrainingRun, job: ProviderJob): Promise<TrainingRun> =>
      store.update(run.agent_id, run.id, (now) => {
        if (now.aoai_job_id === job.id) return undefined;
        const { looked_at: _looked, ...rest } = now;
        const adopted = { ...rest, aoai_job_id: job.id, started_at: now.started_at ?? toIso(job.created_at) };
        return isEndedRun(adopted) ? adopted : running(adopted, "submitting");
      }),

    /** Passes a cancellation on. A job that ended meanwhile, or a provider that is away, is seen at the next look. */
    async cancelJob(run: TrainingRun, job: ProviderJob): Promise<ProviderJob> {
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
    },
  };
}
