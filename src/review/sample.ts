import { SAMPLE_KEYS, sampleKeyOf } from "../episodes/contract.ts";
import type { Judged } from "./rules.ts";
import type { ReviewStore } from "./store.ts";

/** Up to so many episodes are read whole, a page of the ledger. */
const FEW = 1000;
/** Values that one question of the ledger takes. */
const AT_ONCE = 100;
/** Episodes of earlier versions that get their key in one call. */
const KEYED_AT_ONCE = 200;

export interface Sample {
  /** In random order. */
  readonly episodes: Judged[];
  /** There are no others. */
  readonly isAll: boolean;
}

/**
 * A random sample of an agent's episodes, where every episode is as likely as every other: drawn by a key that is a hash
 * of its id, never by its time, of which many share one and one may be decades away.
 */
export function createSample(store: ReviewStore, random: () => number) {
  /** Every episode whose key is one of some drawn ones, so many that `wanted` are expected. */
  async function byKeys(agentId: string, keyed: number, wanted: number): Promise<Judged[]> {
    const keys = Math.min(SAMPLE_KEYS, Math.ceil((wanted * SAMPLE_KEYS) / Math.max(1, keyed)));
    const drawn = shuffled(
      Array.from({ length: SAMPLE_KEYS }, (_, key) => key),
      random,
    ).slice(0, keys);
    const found: Judged[] = [];
    for (let at = 0; at < drawn.length; at += AT_ONCE)
      found.push(...(await store.withSampleKeys(agentId, drawn.slice(at, at + AT_ONCE))));
    return shuffled(found, random);
  }

  /** Episodes of earlier versions have no key: some get theirs with each call, and may be drawn in it. */
  async function giveKeys(agentId: string): Promise<Judged[]> {
    const found = await store.withoutSampleKey(agentId, KEYED_AT_ONCE);
    await Promise.all(found.map(({ id }) => store.setSampleKey(agentId, id, sampleKeyOf(agentId, id))));
    return shuffled(found, random);
  }

  return async (agentId: string, wanted: number): Promise<Sample> => {
    const total = await store.countEpisodes(agentId);
    if (total <= FEW) {
      const page = await store.candidates(agentId, [], { limit: FEW });
      if (page.continuation === undefined)
        return {
          episodes: shuffled(page.items, random).slice(0, wanted),
          isAll: page.items.length <= wanted,
        };
    }
    const keyed = await store.countWithSampleKey(agentId);
    const drawn = await byKeys(agentId, keyed, wanted);
    const old = keyed < total ? await giveKeys(agentId) : [];
    const oldFirst = old.length > 0 && random() * total >= keyed;
    const both = oldFirst ? [...old, ...drawn] : [...drawn, ...old];
    return { episodes: both.slice(0, wanted), isAll: false };
  };
}

function shuffled<T>(items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
