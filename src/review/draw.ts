import type { Condition } from "../ledger/ledger.ts";
import type { Reason, ReviewRules, Sampling, Why } from "./contract.ts";
import { drawOrder, isDisputed, isOpenTo, type Judged, newTools, signed } from "./rules.ts";
import type { ReviewStore } from "./store.ts";

/** Candidates of one rule whose reviews are looked up: as many as one question of the ledger takes. */
const CANDIDATES = 100;
/** Episodes looked through for one rule, so that a call costs the same with any number of them. */
const LOOKED_THROUGH = 1000;
/** Pages of the last resort, newest first. */
const LAST_PAGES = 50;

export interface Drawn {
  readonly episode: Judged;
  readonly why: Why;
}

const at = (value: string, op: "gte" | "lte"): Condition => ({ field: "created_at", op, value });

export type Draw = ReturnType<typeof createDraw>;

/** Finds an episode for a reviewer: by the sampling rules, and when they have none, the newest that waits. */
export function createDraw(store: ReviewStore, random: () => number) {
  /** The newest episodes; and those around a moment drawn between the oldest and the newest. */
  async function newest(agentId: string, limit: number): Promise<Judged[]> {
    return (await store.candidates(agentId, [], { limit })).items;
  }
  async function anywhere(agentId: string, limit: number): Promise<Judged[]> {
    const [first, last] = await Promise.all([
      store.candidates(agentId, [], { limit: 1, oldestFirst: true }),
      store.candidates(agentId, [], { limit: 1 }),
    ]);
    const from = Date.parse(first.items[0]?.created_at ?? "");
    const to = Date.parse(last.items[0]?.created_at ?? "");
    if (Number.isNaN(from) || Number.isNaN(to)) return [];
    const moment = new Date(from + random() * (to - from)).toISOString();
    const after = (await store.candidates(agentId, [at(moment, "gte")], { limit, oldestFirst: true })).items;
    if (after.length >= limit) return after;
    const before = await store.candidates(agentId, [at(moment, "lte")], { limit: limit - after.length });
    return [...after, ...before.items];
  }

  /**
   * Those of many that fit, the newest before others. A page is read whole and looked through here: asking the ledger
   * for what may not exist would read every episode there is.
   */
  async function* looked(agentId: string, fits: (episode: Judged) => boolean): AsyncGenerator<Judged[]> {
    yield (await newest(agentId, LOOKED_THROUGH)).filter(fits).slice(0, CANDIDATES);
    yield shuffled((await anywhere(agentId, LOOKED_THROUGH)).filter(fits), random).slice(0, CANDIDATES);
  }

  /** What each rule finds, page by page, before anybody's lease is looked at. */
  const finders: Readonly<
    Record<Sampling, (agentId: string, rules: ReviewRules) => AsyncGenerator<Judged[]>>
  > = {
    async *random(agentId) {
      yield shuffled(await anywhere(agentId, CANDIDATES), random);
    },
    low_reward: (agentId, rules) =>
      looked(agentId, ({ reward_avg: mean }) => mean !== undefined && mean < rules.low_reward_below),
    disagreement: (agentId) =>
      looked(agentId, (episode) => (episode.reward_count ?? 0) >= 2 && isDisputed(episode)),
    async *new_tool(agentId) {
      const known = await store.tools(agentId);
      yield* looked(agentId, (episode) => newTools(episode, known).length > 0);
    },
  };

  async function why(reason: Reason, agentId: string, episode: Judged, rules: ReviewRules): Promise<Why> {
    if (rules.blind) return { reason };
    if (reason === "low_reward" || reason === "disagreement")
      return {
        reason,
        text: `average ${signed(episode.reward_avg ?? 0)} of ${episode.reward_count ?? 0} ${episode.reward_count === 1 ? "judgement" : "judgements"}`,
      };
    if (reason === "new_tool")
      return { reason, text: newTools(episode, await store.tools(agentId)).join(", ") };
    return { reason };
  }

  /** Those of a page that the reviewer may have, with what has become of them so far. */
  async function open(
    page: readonly Judged[],
    agentId: string,
    reviewer: string,
    rules: ReviewRules,
    now: string,
  ): Promise<Judged[]> {
    const unique = [...new Map(page.map((episode) => [episode.id, episode])).values()];
    const items = await store.items(
      agentId,
      unique.map(({ id }) => id),
    );
    return unique.filter((episode) => isOpenTo(reviewer, episode, items.get(episode.id), rules, now));
  }

  return async function* draw(
    agentId: string,
    reviewer: string,
    rules: ReviewRules,
    now: string,
  ): AsyncGenerator<Drawn> {
    for (const rule of drawOrder(rules.sampling, random)) {
      for await (const page of finders[rule](agentId, rules))
        for (const episode of await open(page, agentId, reviewer, rules, now))
          yield { episode, why: await why(rule, agentId, episode, rules) };
    }
    let after: string | undefined;
    for (let pages = 0; pages < LAST_PAGES; pages++) {
      const page = await store.candidates(agentId, [], { limit: CANDIDATES, after });
      for (const episode of await open(page.items, agentId, reviewer, rules, now))
        yield { episode, why: { reason: "newest" } };
      after = page.continuation;
      if (after === undefined) return;
    }
  };
}

function shuffled<T>(items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
