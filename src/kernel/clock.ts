/** Time as a port, so that tests run hours in milliseconds. Times are milliseconds since the Unix epoch, UTC. */
export interface Clock {
  now(): number;
  /**
   * Calls back once after `ms` (any length); returns the way to cancel it.
   * @param background nothing else to do: the process may end before
   */
  after(ms: number, callback: () => void, background?: "background"): () => void;
}

/** setTimeout fires at once for more than this (Node documents 2^31-1 ms as the longest delay). */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback, background) {
    const due = Date.now() + ms;
    let handle: NodeJS.Timeout;
    const arm = () => {
      const rest = due - Date.now();
      handle =
        rest > LONGEST_TIMEOUT_MS
          ? setTimeout(arm, LONGEST_TIMEOUT_MS)
          : setTimeout(callback, Math.max(0, rest));
      if (background !== undefined) handle.unref();
    };
    arm();
    return () => clearTimeout(handle);
  },
};

interface PendingTimer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that only moves when told to. Timers due at the same instant fire in the order they were set. */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #pending = new Set<PendingTimer>();

  constructor(start: number | string = "2026-01-01T00:00:00.000Z") {
    this.#now = typeof start === "number" ? start : Date.parse(start);
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    // Whole milliseconds, as Date.now() gives them.
    const at = this.#now + Math.max(0, Math.ceil(ms));
    const timer: PendingTimer = { at, order: this.#order++, callback };
    this.#pending.add(timer);
    return () => this.#pending.delete(timer);
  }

  /** When the earliest timer is due, or undefined when none is set. */
  nextAt(): number | undefined {
    return this.#earliest()?.at;
  }

  /** Moves to the earliest timer and fires it. Returns false when there was none. */
  fireNext(): boolean {
    const timer = this.#earliest();
    if (timer === undefined) return false;
    this.#pending.delete(timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.callback();
    return true;
  }

  /** Moves forward by `ms`, firing every timer that falls due on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let at = this.nextAt(); at !== undefined && at <= end; at = this.nextAt()) this.fireNext();
    this.#now = end;
  }

  #earliest(): PendingTimer | undefined {
    let best: PendingTimer | undefined;
    for (const timer of this.#pending) {
      if (best === undefined || timer.at < best.at || (timer.at === best.at && timer.order < best.order))
        best = timer;
    }
    return best;
  }
}

/** Resolves after `ms`; rejects with the signal's reason if it is aborted first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const onAbort = () => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** RFC 3339 UTC with milliseconds: fixed width, so that string order is time order. */
export function toIso(ms: number): string {
  // Everything that happens in one millisecond has one text, and making it is expensive: a cache of one.
  if (ms !== latestMs || latestIso === "") {
    latestIso = new Date(ms).toISOString();
    latestMs = ms;
  }
  return latestIso;
}

let latestMs = Number.NaN;
let latestIso = "";
