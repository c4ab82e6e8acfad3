import { isLightningError, type LightningError } from "../kernel/errors.ts";

export interface Patience {
  /** Before each further request, in ms. */
  readonly pauses: readonly number[];
  readonly sleep: (ms: number) => Promise<void>;
  /** Which faults leave it open what came of the request. */
  readonly isLost: (thrown: LightningError) => boolean;
}

/** A try whose process died holds the key until its lease of 30 s is over: so many pauses of up to 5 s outlast it. */
const MOST_UNDER_WAY = 9;

/**
 * Sends a request that has an idempotency key, and sends it again under that key when the answer is lost or another try
 * of it is still being carried out. @throws the last fault
 */
export async function askAgain<T>({ pauses, sleep, isLost }: Patience, send: () => Promise<T>): Promise<T> {
  let underWay = 0;
  for (let attempt = 0; ; ) {
    try {
      return await send();
    } catch (thrown) {
      if (pauses.length === 0 || !isLightningError(thrown)) throw thrown;
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
