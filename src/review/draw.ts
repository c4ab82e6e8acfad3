import { latestBelievable } from "../episodes/contract.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Reason, ReviewRules, Sampling, Why } from "./contract.ts";
import { drawOrder, isDisputed, isOpenTo, type Judged, newTools, signed } from "./rules.ts";
import { createSample } from "./sample.ts";
import type { ReviewStore } from "./store.ts";

/** Candidates of one rule whose reviews are looked up: as many as one question of the ledger takes. */
const CANDIDATES = 100;
/** Episodes looked through for one rule, so that a call costs the same with any number of them. */
const LOOKED_THROUGH = 1000;

/** Samples drawn before other rules are asked: most of one may have been reviewed. */
const SAMPLES = 5;

export interface Drawn {
  readonly episode: Judged;
  readonly why: Why;
}

export type Draw = ReturnType<typeof createDraw>;

/** Finds an episode for a reviewer: by the sampling rules, and when they have none, the newest that waits. */
export function createDraw(store: ReviewStore, clock: Pick<Clock, "now">, random: () => number) {
  const sample = createSample(store, random);
  /** A clock far ahead made some episodes "the newest" for ever: they come last. */
  const newestFirst = () => {
    const value = latestBelievable(clock.now());
    return [[{ field: "created_at", op: "lte", value }], [{ field: "created_at", op: "gt", value }]] as const;
  };

  /**
   * Those of many that fit: of a sample of all episodes, then of the newest, where a rare thing may have begun. A page is
   * read whole and looked through here: asking the ledger for what may not exist would read every episode there is.
   */
  async function* looked(agentId: string, fits: (episode: Judged) => boolean): AsyncGenerator<Judged[]> {
    const { episodes, isAll } = await sample(agentId, LOOKED_THROUGH);
    yield episodes.filter(fits).slice(0, CANDIDATES);
    if (isAll) return;
    const newest = await store.candidates(agentId, newestFirst()[0], { limit: LOOKED_THROUGH });
    yield newest.items.filter(fits).slice(0, CANDIDATES);
  }

  /** What each rule finds, page by page, before anybody's lease is looked at. */
  const finders: Readonly<
    Record<Sampling, (agentId: string, rules: ReviewRules) => AsyncGenerator<Judged[]>>
  > = {
    async *random(agentId) {
      for (let times = 0; times < SAMPLES; times++) {
        const { episodes, isAll } = await sample(agentId, CANDIDATES);
        yield episodes;
        if (isAll) return;
      }
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
    const items = await store.items(
      agentId,
      page.map(({ id }) => id),
    );
    return page.filter((episode) => isOpenTo(reviewer, items.get(episode.id), rules, now));
  }

  /** The last resort: every episode, the newest first. */
  async function* everything(agentId: string): AsyncGenerator<Judged[]> {
    for (const where of newestFirst()) {
      let after: string | undefined;
      do {
        const page = await store.candidates(agentId, where, { limit: LOOKED_THROUGH, after });
        for (let at = 0; at < page.items.length; at += CANDIDATES)
          yield page.items.slice(at, at + CANDIDATES);
        after = page.continuation;
      } while (after !== undefined);
    }
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
    for await (const page of everything(agentId))
      for (const episode of await open(page, agentId, reviewer, rules, now))
        yield { episode, why: { reason: "newest" } };
  };
}
