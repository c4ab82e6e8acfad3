import type { Clock } from "../kernel/clock.ts";
import type { ContainerKey } from "./containers.ts";
import type { Ledger, Query } from "./ledger.ts";

type Count = (c: ContainerKey, query: Pick<Query, "pk" | "where">) => Promise<number>;

/** An answer is worth keeping this many times as long as it took to get. */
const WORTH = 10;
/** Questions remembered at once: a handful for each agent that somebody looks at. */
const MOST = 500;

/**
 * Answers for people to look at again and again: a ledger counts by reading, and pages ask every few seconds. What took
 * two milliseconds is asked anew, what took half a second is answered from memory for five; equal questions asked at
 * once are one.
 * @returns asks what stands under a key, or answers from memory
 */
export function rememberAnswers<T>(clock: Pick<Clock, "now">) {
  const known = new Map<string, { readonly answer: Promise<T>; until: number }>();
  return (key: string, ask: () => Promise<T>): Promise<T> => {
    const found = known.get(key);
    if (found !== undefined && clock.now() < found.until) return found.answer;
    const began = clock.now();
    const entry = { answer: ask(), until: Number.POSITIVE_INFINITY };
    if (known.size >= MOST) known.clear();
    known.set(key, entry);
    entry.answer.then(
      () => {
        entry.until = clock.now() + (clock.now() - began) * WORTH;
      },
      () => known.delete(key),
    );
    return entry.answer;
  };
}

/** A ledger's counts, remembered. */
export function rememberCounts(ledger: Pick<Ledger, "count">, clock: Pick<Clock, "now">): Count {
  const remember = rememberAnswers<number>(clock);
  return (c, query) => remember(JSON.stringify([c, query.pk, query.where]), () => ledger.count(c, query));
}
