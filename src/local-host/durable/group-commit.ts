import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { unavailable } from "../../kernel/errors.ts";

interface Job {
  readonly work: () => unknown;
  readonly committed: (result: unknown) => void;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Done {
  readonly job: Job;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** A transaction ends at so many jobs or after so long, so that nobody waits for all that a burst brings. */
const LARGEST_GROUP = 1000;
const LONGEST_GROUP_MS = 20;

/**
 * One SQLite transaction, and so one sync of the disk, for everything written in one turn of the event loop. Each
 * job is still all or nothing by itself: one that throws is undone alone.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  readonly #save: StatementSync;
  readonly #release: StatementSync;
  #jobs: Job[] = [];
  #closed = false;
  #abandoned = false;
  /** Transactions made so far, for tests and figures. */
  commits = 0;
  /** Called after every commit; tests take their crash images here. */
  onCommit: (() => void) | undefined;
  /** Called when a group was written or refused and has left the queue. */
  onFlushed: (() => void) | undefined;
  /** Asked before and after every commit; false ends it all there, as a kill would. */
  survives: (() => boolean) | undefined;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#save = db.prepare("SAVEPOINT job");
    this.#release = db.prepare("RELEASE job");
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
    if (this.#jobs.length === 0 || this.#abandoned || this.survives?.() === false) return;
    const jobs = this.#jobs.slice(0, LARGEST_GROUP);
    const results: Done[] = [];
    try {
      this.#db.exec("BEGIN");
      const until = performance.now() + LONGEST_GROUP_MS;
      for (const job of jobs) {
        results.push(this.#attempt(job));
        if (performance.now() > until) break;
      }
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      this.#forget(jobs.length);
      for (const job of jobs) job.reject(error);
      return;
    }
    this.commits++;
    this.onCommit?.();
    if (this.survives?.() === false) return;
    for (const { job, result, error } of results) {
      if (error !== undefined) continue;
      job.committed(result);
    }
    // Only now: while they count as pending, nobody takes the engine for idle.
    this.#forget(results.length);
    for (const { job, result, error } of results) {
      if (error === undefined) job.resolve(result);
      else job.reject(error);
    }
  }

  close(): void {
    while (this.#jobs.length > 0 && !this.#abandoned) this.flush();
    this.#closed = true;
  }

  /** Ends like a process that was killed: what waits is neither written nor answered. */
  abandon(): void {
    this.#abandoned = true;
  }

  #forget(count: number): void {
    this.#jobs = this.#jobs.slice(count);
    this.onFlushed?.();
    if (this.#jobs.length > 0) setImmediate(() => this.flush());
  }

  #attempt(job: Job): Done {
    this.#save.run();
    try {
      const result = job.work();
      this.#release.run();
      return { job, result };
    } catch (error) {
      // A full disk or an I/O error ends the whole transaction; then all of it is tried again by those who asked.
      if (!this.#db.isTransaction) throw error;
      this.#db.exec("ROLLBACK TO job; RELEASE job");
      return { job, error };
    }
  }
}
