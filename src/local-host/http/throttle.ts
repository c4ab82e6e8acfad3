import type { Handler } from "./front.ts";
import { textReply } from "./message.ts";

/** host.json's `extensions.http`; Infinity for no limit. */
export interface HttpLimits {
  /** Requests that run at a time; the others wait. */
  readonly maxConcurrent: number;
  /** Requests that run or wait; more are answered with 429. */
  readonly maxOutstanding: number;
}

/** As Azure's host queues requests; what is asked of `/admin` never waits. A stream counts until it begins. */
export function throttled(handler: Handler, limits: HttpLimits): Handler {
  const { maxConcurrent, maxOutstanding } = limits;
  if (maxConcurrent === Number.POSITIVE_INFINITY && maxOutstanding === Number.POSITIVE_INFINITY)
    return handler;
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (call) => {
    if (/^\/admin(\/|$)/i.test(call.url.pathname)) return handler(call);
    if (running + waiting.length >= maxOutstanding)
      return textReply(
        429,
        `${maxOutstanding} requests are outstanding, which is all that host.json allows.`,
      );
    // A request that ends passes its permit on to the first in the queue, so that no later one overtakes.
    if (running >= maxConcurrent) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await handler(call);
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
