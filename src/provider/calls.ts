import type { z } from "zod";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { type Deadline, eachWithin, withDeadline } from "../kernel/deadline.ts";
import { unavailable } from "../kernel/errors.ts";
import { timedOut, toProviderError } from "./errors.ts";

/** To be given to the package with each request: the deadline ends the request, and those that would follow it, as well. */
export interface Abortable {
  readonly signal: AbortSignal;
}

/**
 * Requests whose faults are the port's, each with its retries within a deadline; the clock tells how far a `retry-after`
 * date lies ahead.
 */
export function createCalls(clock: Pick<Clock, "now">, timeoutMs: number) {
  const deadline = (what: string, creates: boolean, ms: number): Deadline => ({
    clock: systemClock,
    ms,
    late: () => timedOut(what, creates),
  });

  const toError = (thrown: unknown, what: string, creates: boolean) =>
    toProviderError(thrown, what, creates, clock.now());

  /** Sends one request; what it throws is the provider's error. `creates`: a lost answer may stand for something made. */
  async function call<T>(
    what: string,
    creates: boolean,
    send: (options: Abortable) => PromiseLike<T>,
    ms = timeoutMs,
  ): Promise<T> {
    try {
      return await withDeadline(deadline(what, creates, ms), async (signal) => send({ signal }));
    } catch (error) {
      throw toError(error, what, creates);
    }
  }

  /** Items of all pages; ends when a server that ignores `after` starts over. */
  async function* walk<S extends z.ZodType<{ id: string }>>(
    schema: S,
    what: string,
    first: (options: Abortable) => PromiseLike<AsyncIterable<unknown>>,
  ): AsyncGenerator<z.output<S>> {
    const seen = new Set<string>();
    for await (const raw of each(what, first)) {
      const item = read(schema, what, raw);
      if (seen.has(item.id)) return;
      seen.add(item.id);
      yield item;
    }
  }

  /** Items of what a request opens: a list's pages or a body. `ms`: how long the request itself may take. */
  async function* each<T>(
    what: string,
    open: (options: Abortable) => PromiseLike<AsyncIterable<T>>,
    ms = timeoutMs,
  ): AsyncGenerator<T> {
    try {
      yield* eachWithin(
        deadline(what, false, timeoutMs),
        (signal) => open({ signal }),
        deadline(what, false, ms),
      );
    } catch (error) {
      throw toError(error, what, false);
    }
  }

  return { call, walk, each, timeoutMs };
}

/** A reply that cannot be read says nothing about whether the request was carried out. */
export function read<S extends z.ZodType>(
  schema: S,
  what: string,
  raw: unknown,
  creates = false,
): z.output<S> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unavailable(
    "provider_unreadable",
    `${what}: the reply has no usable ${issue?.path.join(".") || "body"}.`,
    {
      ambiguous: creates,
    },
  );
}
