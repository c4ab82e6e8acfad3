import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { ProviderFiles } from "./files.ts";
import { createJobLog } from "./job-log.ts";
import { JobRefusal } from "./job-refusal.ts";
import { createJobRun, type Pace } from "./job-run.ts";
import type { JobRow, ProviderStore } from "./store.ts";

const TERMINAL = new Set(["succeeded", "failed", "cancelled"]);
export const isTerminal = (status: string) => TERMINAL.has(status);

export type JobRunner = ReturnType<typeof createJobRunner>;

/**
 * Carries jobs from `validating_files` to their end, in the background, in slices. A job that a crash interrupted
 * starts over: its seed makes it the same job, and events that were reported are not reported twice (idempotent).
 */
export function createJobRunner(deps: {
  readonly store: ProviderStore;
  readonly files: ProviderFiles;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pace: Pace;
}) {
  const { store } = deps;
  const log = createJobLog(store, deps.clock);
  const { patch, tell, seconds } = log;
  const run = createJobRun({ ...deps, log });
  const stopping = new AbortController();
  const running = new Map<string, { done: Promise<void>; abort: AbortController }>();

  const start = (id: string) => {
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, stopping.signal]);
    const done = run(id, signal)
      .catch((error: unknown) => {
        if (signal.aborted) return;
        const refusal = error instanceof JobRefusal ? error : undefined;
        const message = messageOf(error);
        if (refusal === undefined) deps.logger.error("a local training job broke", { id, error: message });
        store.together(() => {
          tell(id, store.nextEvent(id), `The job failed: ${message}`, "error");
          patch(id, {
            status: "failed",
            finished_at: seconds(),
            error: { code: refusal?.code ?? "server_error", message, param: refusal?.param ?? null },
          });
        });
      })
      .finally(() => running.delete(id));
    running.set(id, { done, abort });
  };

  return {
    start,
    /** Takes up the jobs that an earlier process left unfinished. */
    resume() {
      for (const job of store.listJobs()) if (!isTerminal(job.status)) start(job.id);
    },
    cancel(id: string): JobRow {
      running.get(id)?.abort.abort(new Error("cancelled"));
      return store.together(() => {
        tell(id, store.nextEvent(id), "The job was cancelled");
        return patch(id, { status: "cancelled", finished_at: seconds() });
      });
    },
    /** Pauses or resumes; the event's number lies past every number that the job itself will use, so that none of its events is lost. */
    setStatus(id: string, status: "paused" | "running", message: string): JobRow {
      return store.together(() => {
        tell(id, Math.max(1_000_000, store.nextEvent(id)), message);
        return patch(id, { status });
      });
    },
    async close() {
      stopping.abort(new Error("closing"));
      await Promise.all([...running.values()].map((job) => job.done));
    },
  };
}
