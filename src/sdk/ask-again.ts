import { isLightningError, type LightningError } from "../kernel/errors.ts";

export interface Patience {
  /** Before each further request, in ms. */
  readonly pauses: readonly number[];
  readonly sleep: (ms: number) => Promise<void>;
  /** Requests that may follow ones that the server put off (429): nothing came of those, with or without a key. */
  readonly putOff: number;
  /** Which faults leave it open what came of the request. */
  readonly isLost: (thrown: LightningError) => boolean;
}

/** A server that asks for a longer pause is not waited for: the caller is told, and decides. */
const LONGEST_PUT_OFF_MS = 60_000;

/** The least pause after a request was put off, in ms; doubles. */
const FIRST_PAUSE_MS = 1000;

/** A try whose process died holds the key until its lease of 30 s is over: so many pauses of up to 5 s outlast it. */
const MOST_UNDER_WAY = 9;

/**
 * Sends a request, again after the time that was asked for when the server put it off; and one that has an idempotency
 * key again under that key when the answer is lost or another try of it is still being carried out. @throws the last fault
 */
export async function askAgain<T>(
  { pauses, putOff, sleep, isLost }: Patience,
  send: () => Promise<T>,
): Promise<T> {
  let underWay = 0;
  let later = 0;
  for (let attempt = 0; ; ) {
    try {
      return await send();
    } catch (thrown) {
      if (!isLightningError(thrown)) throw thrown;
      if (thrown.kind === "limited") {
        const asked = thrown.retryAfterMs ?? 0;
        if (++later > putOff || asked > LONGEST_PUT_OFF_MS) throw thrown;
        // A proxy says no time.
        await sleep(Math.max(asked, FIRST_PAUSE_MS * 2 ** (later - 1)));
        continue;
      }
      if (pauses.length === 0) throw thrown;
      if (thrown.code === "idempotency_in_progress") {
        if (++underWay > MOST_UNDER_WAY) throw thrown;
        await sleep(Math.max(pauses.at(-1) ?? 0, thrown.retryAfterMs ?? 0));
        continue;
      }
      const pause = pauses[attempt++];
      if (pause === undefined || !isLost(thrown)) throw thrown;
      await sleep(pause);
    }
  }
}
