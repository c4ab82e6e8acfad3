import type { Clock } from "../kernel/clock.ts";
import type { EpisodeInput } from "../wire/types.ts";
import type { CaptureLimits, Send, SendReport } from "./limits.ts";

/** Sends a batch. @throws what the receiver throws, or an error once it has taken `sendTimeoutMs` */
export function sendInTime(
  { clock, limits, send }: { readonly clock: Clock; readonly limits: CaptureLimits; readonly send: Send },
  batch: EpisodeInput[],
): Promise<SendReport | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limits.sendTimeoutMs, () => reject(new Error("sending timed out")));
    // `send` may throw before it makes a promise.
    Promise.resolve()
      .then(() => send(batch))
      .then((report) => resolve(report ?? undefined), reject)
      .finally(cancel);
  });
}
