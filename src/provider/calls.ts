import type { z } from "zod";
import type { Clock } from "../kernel/clock.ts";
import { unavailable } from "../kernel/errors.ts";
import { toProviderError } from "./errors.ts";

/** Requests whose faults are the port's; the clock tells how far a `retry-after` date lies ahead. */
export function createCalls(clock: Pick<Clock, "now">) {
  const toError = (thrown: unknown, what: string, creates: boolean) =>
    toProviderError(thrown, what, creates, clock.now());

  /** Sends one request; what it throws is the provider's error. `creates`: a lost answer may stand for something made. */
  async function call<T>(what: string, creates: boolean, send: () => PromiseLike<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw toError(error, what, creates);
    }
  }

  /** Items of all pages; ends when a server that ignores `after` starts over. */
  async function* walk<S extends z.ZodType<{ id: string }>>(
    schema: S,
    what: string,
    first: () => PromiseLike<AsyncIterable<unknown>>,
  ): AsyncGenerator<z.output<S>> {
    const seen = new Set<string>();
    try {
      for await (const raw of await first()) {
        const item = read(schema, what, raw);
        if (seen.has(item.id)) return;
        seen.add(item.id);
        yield item;
      }
    } catch (error) {
      throw toError(error, what, false);
    }
  }

  return { toError, call, walk };
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
