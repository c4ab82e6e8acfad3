import { type Clock, sleep } from "../kernel/clock.ts";
import { LightningError } from "../kernel/errors.ts";

export interface WaitOptions {
  /** Give up waiting after this long, in ms; the work itself goes on. Default: LIGHTNING_MAX_WAIT_MINUTES. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** Looks until `done`. @throws LightningError unavailable `still_running` when the time is over */
export async function waitFor<T>(
  clock: Clock,
  look: () => Promise<T>,
  done: (value: T) => boolean,
  { timeoutMs = Number.POSITIVE_INFINITY, signal }: WaitOptions,
): Promise<T> {
  const until = clock.now() + timeoutMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.3, LONGEST_PAUSE_MS)) {
    const value = await look();
    if (done(value)) return value;
    if (clock.now() >= until)
      throw new LightningError(
        "unavailable",
        "still_running",
        "It is still running; only the wait is over.",
        {
          remedy: "Ask for its status later, or wait longer with timeoutMs.",
        },
      );
    await sleep(clock, pause, signal);
  }
}

/** The first look is what is known already. */
export function once<T>(first: T, then: () => Promise<T>): () => Promise<T> {
  let looked = false;
  return async () => {
    if (looked) return then();
    looked = true;
    return first;
  };
}
