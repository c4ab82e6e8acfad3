import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { unavailable } from "../../kernel/errors.ts";

interface Job {
  readonly work: () => unknown;
  readonly committed: (result: unknown) => void;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One SQLite transaction, and so one sync of the disk, for everything written in one turn of the event loop. Each
 * job is still all or nothing by itself: one that throws is undone alone.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  #jobs: Job[] = [];
  #closed = false;
  /** Transactions made so far, for tests and figures. */
  commits = 0;
  /** Called after every commit; tests take their crash images here. */
  onCommit: (() => void) | undefined;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  get pending(): number {
    return this.#jobs.length;
  }

  /**
   * Runs `work` inside the next transaction. `committed` is called right after the commit, before the promise
   * settles, so that memory never lags behind what is on disk.
   */
  write<Result>(work: () => Result, committed: (result: Result) => void = () => {}): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(unavailable("durable_store_closed", "The durable store is closed."));
        return;
      }
      this.#jobs.push({ work, committed, resolve, reject } as Job);
      if (this.#jobs.length === 1) setImmediate(() => this.flush());
    });
  }

  /** Commits what is waiting, now. */
  flush(): void {
    const jobs = [...this.#jobs];
    if (jobs.length === 0) return;
    const results: { job: Job; result?: unknown; error?: unknown }[] = [];
    try {
      this.#db.exec("BEGIN");
      for (const job of jobs) results.push(this.#attempt(job));
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      this.#forget(jobs.length);
      for (const job of jobs) job.reject(error);
      return;
    }
    this.commits++;
    this.onCommit?.();
    for (const { job, result, error } of results) {
      if (error !== undefined) continue;
      job.committed(result);
    }
    // Only now: while they count as pending, nobody takes the engine for idle.
    this.#forget(jobs.length);
    for (const { job, result, error } of results) {
      if (error === undefined) job.resolve(result);
      else job.reject(error);
    }
  }

  close(): void {
    this.flush();
    this.#closed = true;
  }

  #forget(count: number): void {
    this.#jobs = this.#jobs.slice(count);
    if (this.#jobs.length > 0) setImmediate(() => this.flush());
  }

  #attempt(job: Job): { job: Job; result?: unknown; error?: unknown } {
    this.#db.exec("SAVEPOINT job");
    try {
      const result = job.work();
      this.#db.exec("RELEASE job");
      return { job, result };
    } catch (error) {
      // A full disk or an I/O error ends the whole transaction; then all of it is tried again by those who asked.
      if (!this.#db.isTransaction) throw error;
      this.#db.exec("ROLLBACK TO job; RELEASE job");
      return { job, error };
    }
  }
}
