import type { DatabaseSync } from "node:sqlite";
// From node:timers and not the global, so that fake timers of a test can't stop a commit.
import { setImmediate, setTimeout } from "node:timers";
import type { Clock } from "../../kernel/clock.ts";
import { unavailable } from "../../kernel/errors.ts";
import type { ContainerKey } from "../containers.ts";
import { isBusy, isStoreFault, toLedgerError } from "./errors.ts";
import { BUSY_MS } from "./store-file.ts";

/** What a write sees of the transaction it is part of. */
export interface WriteContext {
  /** Seconds since the epoch; the `_ts` of everything in the group. */
  readonly now: number;
  /** The number of a new version; unique in the store, in commit order. */
  nextLsn(): number;
  /** Notifies listeners of the container, after the commit. */
  touch(c: ContainerKey): void;
}

interface WriteTask {
  readonly bytes: number;
  readonly run: (context: WriteContext) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** One group stays under about 50 ms, so that the event loop is not held longer. */
const GROUP_TASKS = 1_000;
const GROUP_BYTES = 8 * 1024 * 1024;
/** Pauses between two tries to get the file's write lock while another process holds it. */
const RETRY_MS = 20;

export interface WriteQueue {
  /** Runs the write in the next group; settles after that group's commit is on disk. */
  submit<T>(bytes: number, run: (context: WriteContext) => T): Promise<T>;
  /** The same without a promise. */
  add(task: WriteTask): void;
  /** How many writes the next groups will hold. */
  waiting(): number;
  /** Commits what waits, now; what meets another process's lock goes on waiting. */
  flush(): void;
  /** Commits what waits, at once or after another process's lock, and refuses what comes later. */
  close(): Promise<void>;
}

/** How long another process's write lock is waited for, in ms; `isAsleep`: this thread does nothing else meanwhile. */
export interface LockWait {
  readonly ms: number;
  readonly isAsleep: boolean;
}

/**
 * Group commit: writes issued in one turn of the event loop share one transaction and one sync. A write that is
 * refused (conflict, etag) leaves the others alone; a fault of the store itself rejects the whole group, and nothing
 * of it is stored. A write lock of another process is tried again from time to time, and the event loop goes on.
 * @param afterGroup called after each group's promises were settled, with the containers it touched: nothing if it failed
 */
export function createWriteQueue(
  db: DatabaseSync,
  clock: Pick<Clock, "now">,
  afterGroup: (touched: ReadonlySet<ContainerKey>) => void,
  lockWait: LockWait = { ms: BUSY_MS, isAsleep: false },
): WriteQueue {
  let waiting: WriteTask[] = [];
  let scheduled = false;
  let closed = false;
  /** Since when the lock has been somebody else's, and the next try to get it. */
  let lockedSince: number | undefined;
  let retry: NodeJS.Timeout | undefined;
  let drained: (() => void) | undefined;
  const readLsn = db.prepare("SELECT lsn FROM _store");
  const writeLsn = db.prepare("UPDATE _store SET lsn = ?");

  function schedule(): void {
    if (scheduled || retry !== undefined) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      if (retry === undefined) next();
    });
  }

  /** One group, and the next in another turn of the event loop. */
  function next(): void {
    if (waiting.length === 0) return;
    if (hasLock()) commit(takeGroup());
    if (waiting.length > 0) schedule();
    else drained?.();
  }

  /**
   * Begins the transaction of a group. False: another process holds the write lock, and it is tried again later; once that
   * has taken too long, the group's writes are refused.
   */
  function hasLock(): boolean {
    try {
      begin(lockWait.isAsleep ? lockWait.ms : 0);
      lockedSince = undefined;
      return true;
    } catch (thrown) {
      const now = performance.now();
      lockedSince ??= now;
      const isPatient = isBusy(thrown) && !lockWait.isAsleep && now - lockedSince < lockWait.ms;
      if (isPatient) {
        retry = setTimeout(() => {
          retry = undefined;
          next();
        }, RETRY_MS);
        return false;
      }
      lockedSince = undefined;
      refuse(takeGroup(), toLedgerError(thrown));
      return false;
    }
  }

  /** Reads go on waiting as long as they do: only they share this connection. */
  function begin(waitMs: number): void {
    if (db.isTransaction) db.exec("ROLLBACK"); // left by a fault that also kept the rollback from working
    if (waitMs === lockWait.ms) {
      db.exec("BEGIN IMMEDIATE");
      return;
    }
    try {
      db.exec(`PRAGMA busy_timeout = ${waitMs}; BEGIN IMMEDIATE`);
    } finally {
      db.exec(`PRAGMA busy_timeout = ${lockWait.ms}`);
    }
  }

  function refuse(group: WriteTask[], error: unknown): void {
    for (const task of group) task.reject(error);
    afterGroup(new Set());
  }

  function takeGroup(): WriteTask[] {
    let count = 0;
    for (let bytes = 0; count < waiting.length && count < GROUP_TASKS; count++) {
      bytes += waiting[count]?.bytes ?? 0;
      if (bytes > GROUP_BYTES && count > 0) break;
    }
    const group = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return group;
  }

  /** Inside the transaction that was begun. */
  function commit(group: WriteTask[]): void {
    const touched = new Set<ContainerKey>();
    const settle: (() => void)[] = [];
    let committing = false;
    try {
      const first = Number(readLsn.get()?.lsn);
      let lsn = first;
      const context: WriteContext = {
        now: Math.floor(clock.now() / 1000),
        nextLsn: () => ++lsn,
        touch: (c) => touched.add(c),
      };
      for (const task of group) settle.push(attempt(task, context));
      if (lsn > first) writeLsn.run(lsn);
      committing = true;
      db.exec("COMMIT");
    } catch (thrown) {
      // A commit that fails half-way may still be found whole after a crash; a busy one was never begun.
      const error = toLedgerError(thrown, { ambiguous: committing && !isBusy(thrown) });
      try {
        if (db.isTransaction) db.exec("ROLLBACK");
      } catch {
        // The next group tries again before it begins.
      }
      refuse(group, error);
      return;
    }
    for (const done of settle) done();
    afterGroup(touched);
  }

  /** Each write changes the store with a single statement, or inside a savepoint: a refusal leaves no trace. */
  function attempt(task: WriteTask, context: WriteContext): () => void {
    try {
      const value = task.run(context) as never;
      return () => task.resolve(value);
    } catch (thrown) {
      if (isStoreFault(thrown)) throw thrown;
      const error = toLedgerError(thrown);
      return () => task.reject(error);
    }
  }

  function add(task: WriteTask): void {
    waiting.push(task);
    schedule();
  }
  function flush(): void {
    while (waiting.length > 0) {
      if (hasLock()) commit(takeGroup());
      else if (retry !== undefined) return;
    }
  }

  return {
    submit(bytes, run) {
      if (closed) return Promise.reject(unavailable("ledger_closed", "The ledger is closed."));
      return new Promise((resolve, reject) => add({ bytes, run, resolve, reject }));
    },
    add,
    waiting: () => waiting.length,
    flush,
    async close() {
      closed = true;
      flush();
      if (waiting.length > 0)
        await new Promise<void>((resolve) => {
          drained = resolve;
        });
    },
  };
}
