import type { Handler } from "./front.ts";
import { type IncomingCall, readBody, textReply, WholeBody } from "./message.ts";
import { hasBody } from "./receive-limits.ts";

/** host.json's `extensions.http`; Infinity for no limit. */
export interface HttpLimits {
  /** Requests that run at a time; the others wait. */
  readonly maxConcurrent: number;
  /** Requests that run or wait; more are answered with 429. */
  readonly maxOutstanding: number;
}

/** Bytes of a body that is awaited as a whole before its request counts: that many connections may hold so much memory. */
const SHORT_BODY = 64 * 1024;

/**
 * As Azure's host queues requests; what is asked of `/admin` never waits. A stream counts until it begins. A request does
 * not count while its caller has yet to send: a short body is here before it begins, of a longer one the pieces are
 * awaited without a permit.
 */
export function throttled(handler: Handler, limits: HttpLimits): Handler {
  const { maxConcurrent, maxOutstanding } = limits;
  if (maxConcurrent === Number.POSITIVE_INFINITY && maxOutstanding === Number.POSITIVE_INFINITY)
    return handler;
  const waiting: (() => void)[] = [];
  let running = 0;
  const enter = async () => {
    if (running >= maxConcurrent) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
  };
  // A request that ends passes its permit on to the first in the queue, so that no later one overtakes.
  const leave = () => {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  };
  return async (given) => {
    if (/^\/admin(\/|$)/i.test(given.url.pathname)) return handler(given);
    let call: IncomingCall = given;
    const isLong = isOnItsWay(given) && !isShort(given);
    if (isOnItsWay(given) && !isLong) {
      const bytes = await readBody(given.body, SHORT_BODY).catch(() => undefined);
      // The connection is gone, or there is more than was announced.
      if (bytes === undefined) return textReply(400);
      call = withBody(given, new WholeBody(bytes));
    }
    if (running + waiting.length >= maxOutstanding)
      return textReply(
        429,
        `${maxOutstanding} requests are outstanding, which is all that host.json allows.`,
      );
    await enter();
    const permit = { isHeld: true, isOver: false };
    if (isLong) call = withBody(given, awaited(given.body, permit));
    try {
      return await handler(call);
    } finally {
      permit.isOver = true;
      if (permit.isHeld) leave();
    }
  };

  /** A body for each of whose pieces the permit is given back while it is awaited. */
  async function* awaited(
    body: IncomingCall["body"],
    permit: { isHeld: boolean; isOver: boolean },
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const pieces = body?.[Symbol.asyncIterator]();
    if (pieces === undefined) return;
    try {
      for (;;) {
        if (!permit.isOver) {
          permit.isHeld = false;
          leave();
        }
        const next = await pieces.next();
        if (!permit.isOver) {
          await enter();
          permit.isHeld = true;
          // It was answered meanwhile: nobody else would give the permit back.
          if (permit.isOver) leave();
        }
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await pieces.return?.();
    }
  }
}

const isOnItsWay = (call: IncomingCall): boolean => call.body !== undefined && hasBody(call);
const isShort = ({ headers }: IncomingCall): boolean => Number(headers["content-length"]) <= SHORT_BODY;

const withBody = (call: IncomingCall, body: AsyncIterable<Uint8Array>): IncomingCall => ({
  method: call.method,
  url: call.url,
  headers: call.headers,
  body,
  // Lazy, as it was.
  get signal() {
    return call.signal;
  },
});
