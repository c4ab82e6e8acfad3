import type { Clock } from "./clock.ts";

/** How long somebody else may take, and what is told when they take longer. */
export interface Deadline {
  /** Network time: the system's clock, also where the app's own is moved by a test. */
  readonly clock: Pick<Clock, "after">;
  readonly ms: number;
  /** The error for the caller. */
  readonly late: () => Error;
}

/**
 * Waits for work that depends on others, at most until the deadline. The work is given a signal that is aborted then, so
 * that it ends as well; how it ends after that is of no interest to anybody.
 * @throws what the work throws, or the deadline's error
 */
export function withDeadline<T>(
  { clock, ms, late }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.after(ms, () => {
      reject(late());
      over.abort();
    });
    work(over.signal).then(resolve, reject).finally(cancel);
  });
}

/**
 * What an iterable gives, each within the deadline; the time that its reader takes between two is not counted. `open` gives
 * the iterable. Its signal is aborted when the reading ends before the iterable does (it is late, it fails, or its reader
 * has enough): an iterable that is waited for hears nothing else, and would hold its connection.
 * @param opening the deadline of `open`, when that may take another time
 */
export async function* eachWithin<T>(
  deadline: Deadline,
  open: (signal: AbortSignal) => PromiseLike<AsyncIterable<T>> | AsyncIterable<T>,
  opening = deadline,
): AsyncGenerator<T> {
  const over = new AbortController();
  let source: AsyncIterator<T> | undefined;
  let isDone = false;
  try {
    const items = await withDeadline(opening, async () => open(over.signal));
    const reading = items[Symbol.asyncIterator]();
    source = reading;
    for (;;) {
      const next = await withDeadline(deadline, () => reading.next());
      isDone = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    if (!isDone) {
      over.abort();
      // A source that does not answer may not answer this either.
      source?.return?.().then(undefined, () => undefined);
    }
  }
}
