import type { Condition } from "../ledger/ledger.ts";
import type { Reason, ReviewRules, Sampling, Why } from "./contract.ts";
import { drawOrder, isDisputed, isOpenTo, type Judged, newTools, signed } from "./rules.ts";
import type { ReviewStore } from "./store.ts";

/** Candidates looked at for one rule: one page, so that a call costs the same with any number of episodes. */
const CANDIDATES = 100;
/** Pages of the last resort, newest first. */
const LAST_PAGES = 50;

export interface Drawn {
  readonly episode: Judged;
  readonly why: Why;
}

const at = (value: string, op: "gte" | "lte"): Condition => ({ field: "created_at", op, value });

/** Finds an episode for a reviewer: by the sampling rules, and when they have none, the newest that waits. */
export function createDraw(store: ReviewStore, random: () => number) {
  /** A page from a moment drawn between the oldest and the newest episode, shuffled. */
  async function anywhere(agentId: string): Promise<Judged[]> {
    const [oldest, newest] = await Promise.all([
      store.candidates(agentId, [], { limit: 1, oldestFirst: true }),
      store.candidates(agentId, [], { limit: 1 }),
    ]);
    const from = Date.parse(oldest.items[0]?.created_at ?? "");
    const to = Date.parse(newest.items[0]?.created_at ?? "");
    if (Number.isNaN(from) || Number.isNaN(to)) return [];
    const moment = new Date(from + random() * (to - from)).toISOString();
    const after = await store.candidates(agentId, [at(moment, "gte")], {
      limit: CANDIDATES,
      oldestFirst: true,
    });
    const before =
      after.items.length < CANDIDATES
        ? (await store.candidates(agentId, [at(moment, "lte")], { limit: CANDIDATES - after.items.length }))
            .items
        : [];
    return shuffled([...after.items, ...before], random);
  }

  /** What each rule finds, before anybody's lease is looked at. */
  const finders: Readonly<Record<Sampling, (agentId: string, rules: ReviewRules) => Promise<Judged[]>>> = {
    random: anywhere,

    async low_reward(agentId, rules) {
      const low: Condition = { field: "reward_avg", op: "lt", value: rules.low_reward_below };
      return (await store.candidates(agentId, [low], { limit: CANDIDATES })).items;
    },

    async disagreement(agentId) {
      const middling: Condition[] = [
        { field: "reward_count", op: "gte", value: 2 },
        { field: "reward_avg", op: "gt", value: -0.9 },
        { field: "reward_avg", op: "lt", value: 0.9 },
      ];
      return (await store.candidates(agentId, middling, { limit: CANDIDATES })).items.filter(isDisputed);
    },

    async new_tool(agentId) {
      const known = await store.tools(agentId);
      const page = await store.candidates(agentId, [], { limit: CANDIDATES });
      return page.items.filter((episode) => newTools(episode, known).length > 0);
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
      const page = await finders[rule](agentId, rules);
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
