import type { Clock } from "../kernel/clock.ts";
import type { ContainerKey } from "./containers.ts";
import type { Ledger, Query } from "./ledger.ts";

type Count = (c: ContainerKey, query: Pick<Query, "pk" | "where">) => Promise<number>;

/** An answer is worth keeping this many times as long as it took to get. */
const WORTH = 10;
/** Most entries of the cache: a handful for each agent that somebody looks at. */
const MOST = 500;

/**
 * A cache for expensive counts that pages ask for every few seconds. An answer is kept ten times as long as it took:
 * two milliseconds are asked again soon, half a second is cached for five. Equal questions at one moment are one.
 * @returns asks for what stands under a key, or answers from the cache
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

/** A cache over a ledger's counts. */
export function rememberCounts(ledger: Pick<Ledger, "count">, clock: Pick<Clock, "now">): Count {
  const remember = rememberAnswers<number>(clock);
  return (c, query) => remember(JSON.stringify([c, query.pk, query.where]), () => ledger.count(c, query));
}
