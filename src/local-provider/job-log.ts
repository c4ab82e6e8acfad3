import type { Clock } from "../kernel/clock.ts";
import type { JobRow, ProviderStore } from "./store.ts";

/** The only writer of a job's row and events. */
export type JobLog = ReturnType<typeof createJobLog>;

export function createJobLog(store: ProviderStore, clock: Clock) {
  /** Seconds since the epoch, as the wire has times. */
  const seconds = () => Math.floor(clock.now() / 1000);
  const patch = (id: string, change: Partial<JobRow>): JobRow => {
    const job = { ...(store.readJob(id) as JobRow), ...change };
    store.putJob(job);
    return job;
  };
  const tell = (id: string, seq: number, message: string, level = "info", data?: unknown) =>
    store.putEvent({
      id: `ftevent-${id.slice("ftjob-".length)}-${seq}`,
      job_id: id,
      seq,
      created_at: seconds(),
      level,
      type: data === undefined ? "message" : "metrics",
      message,
      data: data ?? null,
    });

  return { seconds, patch, tell };
}
