import { type Clock, toIso } from "../kernel/clock.ts";
import { isKind, messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Provider, ProviderJob } from "../provider/provider.ts";
import { jobIsOver, mayBeAlive, stateOfJob } from "./rules.ts";
import { isEndedRun } from "./status.ts";
import type { TrainingStore } from "./store.ts";

export interface TrainingCleanUp {
  readonly dry_run: boolean;
  readonly older_than_days: number;
  readonly files: readonly { readonly id: string; readonly filename: string; readonly run_id: string }[];
  readonly jobs: readonly {
    readonly id: string;
    readonly state: string;
    readonly run_id: string;
    readonly created_at: string;
  }[];
  readonly not_removed: readonly { readonly id: string; readonly reason: string }[];
}

const DAY_MS = 86_400_000;
/** The name that every uploaded file of ours has; a file that anybody else put there is not touched. */
const OUR_FILE = /^(run-[0-9a-f]{24})-(?:train|validation)-[0-9a-f]{12}\.jsonl$/;

/**
 * Takes leftovers away from the provider, whose room is small (100 files and 100 jobs a resource): files of runs that
 * are over, and the history of jobs that failed or were cancelled. A succeeded job stays, its model may be wanted.
 */
export function createTrainingCleanUp(deps: {
  readonly store: TrainingStore;
  readonly provider: Provider;
  readonly clock: Clock;
  readonly logger: Logger;
}) {
  const { store, provider, clock, logger } = deps;

  /** Only runs of this ledger: another one may use the same account. */
  async function isDone(agentId: string | undefined, runId: string, before: number): Promise<boolean> {
    const run = agentId === undefined ? await store.findRun(runId) : await store.read(agentId, runId);
    if (run === undefined || !isEndedRun(run)) return false;
    // The job of a run that was given up may still need its files.
    if (mayBeAlive(run, clock.now())) return false;
    return Date.parse(run.completed_at) <= before;
  }

  const isUseless = (job: ProviderJob, before: number) =>
    jobIsOver(job) && stateOfJob(job.state) !== "succeeded" && (job.finished_at ?? job.created_at) <= before;

  return async (olderThanDays: number, dryRun: boolean): Promise<TrainingCleanUp> => {
    const before = clock.now() - olderThanDays * DAY_MS;
    const files: TrainingCleanUp["files"][number][] = [];
    const jobs: TrainingCleanUp["jobs"][number][] = [];
    const not_removed: TrainingCleanUp["not_removed"][number][] = [];
    const attempt = async (id: string, remove: () => Promise<void>): Promise<boolean> => {
      try {
        if (!dryRun) await remove();
        return true;
      } catch (error) {
        if (isKind(error, "not_found")) return true;
        logger.warn("something at the provider could not be removed", { id, error: messageOf(error) });
        not_removed.push({ id, reason: messageOf(error).slice(0, 300) });
        return false;
      }
    };

    // Listed first: a list that shrinks while it is read loses its place.
    const found: { id: string; filename: string; run_id: string }[] = [];
    for await (const { id, filename } of provider.listFiles()) {
      const run_id = OUR_FILE.exec(filename)?.[1];
      if (run_id !== undefined) found.push({ id, filename, run_id });
    }
    for (const file of found)
      if (
        (await isDone(undefined, file.run_id, before)) &&
        (await attempt(file.id, () => provider.deleteFile(file.id)))
      )
        files.push(file);

    const { deleteJob } = provider;
    if (deleteJob !== undefined) {
      const useless: ProviderJob[] = [];
      for await (const job of provider.listJobs()) if (isUseless(job, before)) useless.push(job);
      for (const { id, state, created_at, metadata } of useless) {
        const { run_id, agent_id } = metadata;
        if (run_id === undefined || !(await isDone(agent_id, run_id, before))) continue;
        if (await attempt(id, () => deleteJob(id)))
          jobs.push({ id, state, run_id, created_at: toIso(created_at) });
      }
    }
    return { dry_run: dryRun, older_than_days: olderThanDays, files, jobs, not_removed };
  };
}
