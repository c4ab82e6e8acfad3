import { type Clock, sleep } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Invocation, Invoker, Outcome } from "./core-api/invoker.ts";
import type { RegisteredFunction, RetryOptions } from "./core-api/types.ts";

/**
 * Calls a function under its own retry policy (`retry` of timer and change feed functions). A policy without a count
 * retries for ever, which Azure writes as -1.
 * @throws the signal's reason when the host stops while it waits for the next attempt
 */
export async function callWithRetry(
  deps: { readonly invoker: Pick<Invoker, "call">; readonly clock: Clock; readonly logger: Logger },
  fn: RegisteredFunction,
  invocation: Invocation,
  signal: AbortSignal,
): Promise<Outcome> {
  const policy = fn.metadata.retryOptions;
  let outcome = await deps.invoker.call(fn, invocation);
  if (policy === undefined) return outcome;
  const most = policy.maxRetryCount ?? -1;
  const limit = most < 0 ? Number.POSITIVE_INFINITY : most;
  for (let retry = 1; !outcome.ok && retry <= limit; retry++) {
    const delay = retryDelayMs(policy, retry);
    deps.logger.warn(`Function '${fn.metadata.name}' failed; it is retried`, {
      error: outcome.error.message,
      retry,
      of: most,
      delay_ms: delay,
    });
    await sleep(deps.clock, delay, signal);
    outcome = await deps.invoker.call(fn, {
      ...invocation,
      retryContext: {
        retryCount: retry,
        maxRetryCount: most,
        exception: {
          message: outcome.error.message,
          source: "",
          stackTrace: outcome.error.stack ?? "",
        },
      },
    });
  }
  return outcome;
}

/** The back-off before the given retry (the first is 1), in ms. */
export function retryDelayMs(policy: RetryOptions, retry: number): number {
  if (policy.retryStrategy?.toLowerCase() === "exponentialbackoff") {
    const least = (policy.minimumInterval?.seconds ?? 1) * 1000;
    const most = (policy.maximumInterval?.seconds ?? 60) * 1000;
    return Math.min(most, least * 2 ** (retry - 1));
  }
  return (policy.delayInterval?.seconds ?? 0) * 1000;
}
