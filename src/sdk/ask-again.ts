import { isLightningError, type LightningError } from "../kernel/errors.ts";

export interface Patience {
  /** Before each further request, in ms. */
  readonly pauses: readonly number[];
  readonly sleep: (ms: number) => Promise<void>;
  /** Which faults leave it open what came of the request. */
  readonly isLost: (thrown: LightningError) => boolean;
}

/**
 * Sends a request that has an idempotency key, and sends it again under that key when the answer is lost or another try
 * of it is still being carried out. @throws the last fault
 */
export async function askAgain<T>({ pauses, sleep, isLost }: Patience, send: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await send();
    } catch (thrown) {
      const pause = pauses[attempt];
      if (pause === undefined || !isLightningError(thrown)) throw thrown;
      const isUnderWay = thrown.code === "idempotency_in_progress";
      if (!isUnderWay && !isLost(thrown)) throw thrown;
      await sleep(Math.max(pause, isUnderWay ? (thrown.retryAfterMs ?? 0) : 0));
    }
  }
}
