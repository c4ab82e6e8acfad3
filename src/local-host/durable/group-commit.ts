import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { fatal, unavailable } from "../../kernel/errors.ts";
import type { DiskSync } from "./disk-sync.ts";

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

/** From so many jobs on, the sync of a group is left to another thread: there is other work to do meanwhile. */
const BUSY_GROUP = 6;

/**
 * One SQLite transaction, and so one sync of the disk, for everything written in one turn of the event loop. Each
 * job is still all or nothing by itself: one that throws is undone alone. Nobody hears of a commit before its sync.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  readonly #disk: DiskSync | undefined;
  readonly #save: StatementSync;
  readonly #release: StatementSync;
  #jobs: Job[] = [];
  /** Committed, not yet known to be on the disk. */
  #unsynced: Done[] = [];
  #syncing = false;
  /** The log could not be synced: what is on the disk is not known any more. */
  #broken: Error | undefined;
  readonly #waiting: (() => void)[] = [];
  #closed = false;
  #abandoned = false;
  /** Every sync in this thread, so that one run is like another. */
  inOrder = false;
  /** Transactions made so far, for tests and figures. */
  commits = 0;
  /** Called after every commit; tests take their crash images here. */
  onCommit: (() => void) | undefined;
  /** Called when a group was written or refused and has left the queue. */
  onFlushed: (() => void) | undefined;
  /** Asked before and after every commit; false ends it all there, as a kill would. */
  survives: (() => boolean) | undefined;

  /** @param disk absent for a store in memory */
  constructor(db: DatabaseSync, disk?: DiskSync) {
    this.#db = db;
    this.#disk = disk;
    this.#save = db.prepare("SAVEPOINT job");
    this.#release = db.prepare("RELEASE job");
  }

  /** Jobs that wait for their transaction. */
  get queued(): number {
    return this.#jobs.length;
  }

  /** Jobs of which nobody was told yet. */
  get pending(): number {
    return this.#jobs.length + this.#unsynced.length;
  }

  /**
   * Runs `work` inside the next transaction. `committed` is called right after the sync, before the promise settles,
   * so that memory never lags behind what is on disk.
   */
  write<Result>(work: () => Result, committed: (result: Result) => void = () => {}): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#closed || this.#broken !== undefined) {
        reject(this.#broken ?? unavailable("durable_store_closed", "The durable store is closed."));
        return;
      }
      this.#jobs.push({ work, committed, resolve, reject } as Job);
      if (this.#jobs.length === 1) setImmediate(() => this.flush());
    });
  }

  /** Resolves when everything that reads can see now is on the disk. */
  synced(): Promise<void> | undefined {
    if (this.#unsynced.length === 0) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Commits what is waiting, now; the sync may follow on another thread. */
  flush(inThread = false): void {
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
    this.#unsynced.push(...results);
    this.#forget(results.length);
    if (this.#syncing) return;
    if (inThread || this.inOrder || results.length < BUSY_GROUP) this.#syncNow();
    else this.#syncLater();
  }

  close(): void {
    while (this.#jobs.length > 0 && !this.#abandoned) this.flush(true);
    if (this.#unsynced.length > 0 && !this.#abandoned) this.#syncNow();
    this.#closed = true;
    this.#disk?.close();
  }

  /** Ends like a process that was killed: what waits is neither written nor answered. */
  abandon(): void {
    this.#abandoned = true;
    this.#disk?.close();
  }

  #syncNow(): void {
    const results = this.#unsynced;
    try {
      this.#disk?.now();
    } catch (error) {
      this.#break(error as Error);
      return;
    }
    this.#tell(results.length);
  }

  #syncLater(): void {
    const count = this.#unsynced.length;
    if (this.#disk === undefined) {
      this.#tell(count);
      return;
    }
    this.#syncing = true;
    this.#disk.later((error) => {
      this.#syncing = false;
      // Closed meanwhile: `close` has synced and told.
      if (this.#closed || this.#abandoned) return;
      if (error !== null) {
        this.#break(error);
        return;
      }
      this.#tell(count);
      if (this.#unsynced.length > 0) this.#syncLater();
    });
  }

  /** Tells the first of those that wait that they are on the disk. */
  #tell(count: number): void {
    if (this.survives?.() === false) return;
    const results = this.#unsynced.slice(0, count);
    for (const { job, result, error } of results) if (error === undefined) job.committed(result);
    // Only now: while they count as pending, nobody takes the engine for idle.
    this.#unsynced = this.#unsynced.slice(count);
    for (const { job, result, error } of results) {
      if (error === undefined) job.resolve(result);
      else job.reject(error);
    }
    if (this.#unsynced.length === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    this.onFlushed?.();
  }

  /** After a failed sync the system may have dropped the pages: nothing more can be promised by this process. */
  #break(cause: Error): void {
    this.#broken = fatal("durable_store_unsynced", "The durable store could not be synced to the disk.", {
      remedy: "Look after the disk, then start the host again: it goes on from what is there.",
      cause,
    });
    for (const { job } of this.#unsynced) job.reject(this.#broken);
    for (const queued of this.#jobs) queued.reject(this.#broken);
    this.#unsynced = [];
    this.#jobs = [];
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
