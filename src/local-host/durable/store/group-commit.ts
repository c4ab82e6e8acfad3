import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { fatal, unavailable } from "../../../kernel/errors.ts";
import type { DiskSync } from "./disk-sync.ts";

interface Job {
  readonly work: () => unknown;
  readonly committed: (result: unknown) => void;
  readonly written: ((result: unknown) => boolean) | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Done {
  readonly job: Job;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** Limits of one transaction, in jobs and ms: latency stays bounded in a burst. */
const LARGEST_GROUP = 1000;
const LONGEST_GROUP_MS = 20;

/** Jobs from which a group's disk sync (fsync) is done on another thread: there is other work to do meanwhile. */
const BUSY_GROUP = 6;

/**
 * One SQLite transaction, and so one sync of the disk, for everything written in one turn of the event loop. Each
 * job is still all or nothing by itself: one that throws is undone alone. Nobody outside hears of a commit before its
 * sync; only what has no effect of its own, like the next run of an orchestrator, may begin meanwhile.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  readonly #disk: DiskSync | undefined;
  #jobs: Job[] = [];
  /** Committed, not yet known to be on the disk. */
  #unsynced: Done[] = [];
  #syncing = false;
  /** The log could not be synced: what is on the disk is not known any more. */
  #broken: Error | undefined;
  /** Jobs that were acknowledged so far, and who waits for how many. */
  #told = 0;
  #waiting: {
    readonly until: number;
    readonly resolve: () => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  #closed = false;
  #abandoned = false;
  #planned = false;
  /** What is committed waits for the planned turn to be synced with what comes of it. */
  #sharesSync = false;
  /** Every sync in this thread, so that one run is like another. */
  inOrder = false;
  /** Transactions made so far, for tests and figures. */
  commits = 0;
  /** Statements that wrote; counted by the store. */
  written = 0;
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
  }

  /** Jobs that wait for their transaction. */
  get queued(): number {
    return this.#jobs.length;
  }

  /** Jobs that are committed and not yet acknowledged. */
  get pending(): number {
    return this.#jobs.length + this.#unsynced.length;
  }

  /**
   * Runs `work` inside the next transaction, again if that had to be undone for the sake of another job.
   * `committed` is called right after the sync, before the promise settles, so that memory never lags behind what is
   * on disk; `written` already before the sync: it says whether it set something going, which shares that sync if it
   * writes at once.
   */
  write<Result>(
    work: () => Result,
    committed: (result: Result) => void = () => {},
    written?: (result: Result) => boolean,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#closed || this.#broken !== undefined) {
        reject(this.#broken ?? unavailable("durable_store_closed", "The durable store is closed."));
        return;
      }
      this.#jobs.push({ work, committed, written, resolve, reject } as Job);
      this.#plan();
    });
  }

  /** Resolves when everything that reads can see now is on the disk, whatever is committed meanwhile. */
  synced(): Promise<void> | undefined {
    if (this.#unsynced.length === 0) return undefined;
    const until = this.#told + this.#unsynced.length;
    return new Promise((resolve, reject) => this.#waiting.push({ until, resolve, reject }));
  }

  /** Commits what is waiting, now; the sync may follow on another thread. */
  flush(inThread = false): void {
    if (this.#jobs.length === 0 || this.#abandoned || this.survives?.() === false) return;
    const jobs = this.#jobs.slice(0, LARGEST_GROUP);
    let results: Done[];
    try {
      results = this.#transact(jobs, false) ?? this.#transact(jobs, true) ?? [];
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      this.#forget(jobs.length);
      for (const job of jobs) job.reject(error);
      return;
    }
    this.commits++;
    this.onCommit?.();
    this.#unsynced.push(...results);
    let goesOn = false;
    for (const { job, result, error } of results) {
      if (job.written !== undefined && error === undefined && job.written(result)) goesOn = true;
    }
    this.#forget(results.length);
    if (this.#syncing) return;
    // What was set going has the microtasks of this turn to come to its own commit, and to share this sync.
    if (goesOn && !inThread && this.#unsynced.length < BUSY_GROUP) {
      this.#sharesSync = true;
      this.#plan();
    } else this.#sync(inThread, results.length);
  }

  /**
   * One turn of the loop is planned at a time. Each commit has consequences that come to the next one in microtasks, so
   * that several turns planned side by side run as one, longer each time, and nothing else of the process gets a turn.
   */
  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      this.#sharesSync = false;
      if (this.#jobs.length > 0) this.flush();
      // Nothing came of what waits for its sync, or what came of it was refused.
      if (
        this.#unsynced.length > 0 &&
        !this.#sharesSync &&
        !this.#syncing &&
        !this.#abandoned &&
        !this.#closed
      )
        this.#sync(false, this.#unsynced.length);
    });
  }

  #sync(inThread: boolean, jobs: number): void {
    if (inThread || this.inOrder || jobs < BUSY_GROUP) this.#syncNow();
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
      // Closed meanwhile: `close` has synced and acknowledged.
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
    // Only now: while they count as pending, the engine is not idle (`settle` waits for it).
    this.#unsynced = this.#unsynced.slice(count);
    this.#told += results.length;
    for (const { job, result, error } of results) {
      if (error === undefined) job.resolve(result);
      else job.reject(error);
    }
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ until }) => until > this.#told);
    for (const { until, resolve } of waiting) if (until <= this.#told) resolve();
    this.onFlushed?.();
  }

  /** After a failed sync the system may have dropped the pages: nothing more can be promised by this process. */
  #break(cause: Error): void {
    this.#broken = fatal("durable_store_unsynced", "The durable store could not be synced to the disk.", {
      remedy: "Look after the disk, then start the host again: it goes on from what is there.",
      cause,
    });
    for (const { job } of this.#unsynced) job.reject(this.#broken);
    for (const waiting of [...this.#jobs, ...this.#waiting]) waiting.reject(this.#broken);
    this.#waiting = [];
    this.#unsynced = [];
    this.#jobs = [];
  }

  #forget(count: number): void {
    this.#jobs = this.#jobs.slice(count);
    this.onFlushed?.();
    if (this.#jobs.length > 0) this.#plan();
  }

  /**
   * Runs jobs in one transaction. Without care, undefined and nothing done when one threw after it had written; with
   * care each has a savepoint, which costs more than most jobs do.
   */
  #transact(jobs: readonly Job[], carefully: boolean): Done[] | undefined {
    const results: Done[] = [];
    this.#db.exec("BEGIN");
    const until = performance.now() + LONGEST_GROUP_MS;
    for (const job of jobs) {
      const { written } = this;
      if (carefully) this.#db.exec("SAVEPOINT job");
      try {
        const result = job.work();
        results.push({ job, result });
      } catch (error) {
        // A full disk or an I/O error ends the whole transaction; then all of it is tried again by those who asked.
        if (!this.#db.isTransaction) throw error;
        if (carefully) this.#db.exec("ROLLBACK TO job");
        else if (this.written > written) {
          this.#db.exec("ROLLBACK");
          return undefined;
        }
        results.push({ job, error });
      }
      if (carefully) this.#db.exec("RELEASE job");
      if (performance.now() > until) break;
    }
    this.#db.exec("COMMIT");
    return results;
  }
}
