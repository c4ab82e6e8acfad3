import type { Episode } from "../episodes/contract.ts";
import type { EpisodeStore } from "../episodes/store.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { unavailable } from "../kernel/errors.ts";
import { bare } from "../ledger/ledger.ts";
import type { ChangePair } from "./change-pair.ts";
import type { Lease, Offer, Reason, ReviewRules, Why } from "./contract.ts";
import type { Draw } from "./draw.ts";
import { leased } from "./moves.ts";
import { isOpenTo } from "./rules.ts";
import type { ReviewStore } from "./store.ts";

interface OfferDeps {
  readonly store: ReviewStore;
  readonly episodes: Pick<EpisodeStore, "find">;
  readonly draw: Draw;
  readonly change: ChangePair;
  readonly release: (agentId: string, episodeId: string, reviewer: string) => Promise<boolean>;
  readonly clock: Pick<Clock, "now">;
}

/** Whole pages of candidates may be taken by others at the same instant; more than that is bad luck. */
const MOST_TRIED = 50;

/** A lease that begins now. */
export const leaseFrom = (clock: Pick<Clock, "now">, reviewer: string, rules: ReviewRules): Lease => ({
  reviewer,
  until: toIso(clock.now() + rules.lease_seconds * 1000),
});

/** Gives reviewers their next episode. */
export function createOffers({ store, episodes, draw, change, release, clock }: OfferDeps) {
  const now = () => toIso(clock.now());

  /** Takes the episode for the reviewer, if nobody was faster. */
  async function lease(
    agentId: string,
    episode: Episode,
    reviewer: string,
    rules: ReviewRules,
    why: Why,
  ): Promise<Lease | undefined> {
    const held = leaseFrom(clock, reviewer, rules);
    const saved = await change({ agentId, episodeId: episode.id, reviewer }, (pair) => {
      const at = now();
      // Another tab of the same reviewer may have been given one meanwhile.
      const hasOther = pair.person.episode_id !== undefined && pair.person.episode_id !== episode.id;
      if (hasOther || !isOpenTo(reviewer, pair.item, rules, at)) return undefined;
      return leased(pair, held, why, at);
    });
    return saved && held;
  }

  /** What the reviewer has in hand and may still have; its lease is renewed. */
  async function inHand(agentId: string, reviewer: string, rules: ReviewRules): Promise<Offer | undefined> {
    const person = await store.reviewer(agentId, reviewer);
    if (person?.episode_id === undefined) return undefined;
    const episode = await episodes.find(agentId, person.episode_id);
    const why = person.why ?? { reason: "newest" as const };
    if (episode !== undefined) {
      const held = await lease(agentId, episode, reviewer, rules, why);
      if (held !== undefined) return offerOf(episode, held, why, rules);
    }
    // Gone, or others judged it meanwhile: the hand is empty again.
    await release(agentId, person.episode_id, reviewer);
    return undefined;
  }

  /**
   * Reserves the next episode by the sampling rules; the one in hand, while it is open. Undefined: nothing waits.
   * @throws unavailable `review_contended`
   */
  return async (agentId: string, reviewer: string): Promise<Offer | undefined> => {
    const rules = await store.rules(agentId);
    const again = await inHand(agentId, reviewer, rules);
    if (again !== undefined) return again;
    let tried = 0;
    for await (const { episode: found, why } of draw(agentId, reviewer, rules, now())) {
      if (++tried > MOST_TRIED) break;
      const episode = await episodes.find(agentId, found.id);
      if (episode === undefined) continue;
      const held = await lease(agentId, episode, reviewer, rules, why);
      if (held !== undefined) return offerOf(episode, held, why, rules);
      const other = await inHand(agentId, reviewer, rules);
      if (other !== undefined) return other;
    }
    if (tried > MOST_TRIED)
      throw unavailable("review_contended", "Others took every episode that was found; ask again.", {
        retryAfterMs: 500,
      });
    return undefined;
  };
}

/** Reasons that tell what others made of it. */
const TELLING: ReadonlySet<Reason> = new Set(["low_reward", "disagreement"]);

/** What the reviewer sees of the episode; in blind mode nothing that others or other models make of it. */
export function offerOf(
  episode: Episode,
  held: Lease,
  why: Why,
  rules: ReviewRules,
  yours?: Offer["yours"],
): Offer {
  const { tools: _tools, schema_version: _version, ...shown } = bare(episode) as Episode;
  return {
    episode_id: episode.id,
    episode: rules.blind ? blinded(shown) : shown,
    why: rules.blind ? { reason: TELLING.has(why.reason) ? "random" : why.reason } : why,
    leased_until: held.until,
    blind: rules.blind,
    ...(yours === undefined ? {} : { yours }),
  };
}

/** Nothing that would tell the reviewer what others or other models make of it. */
export function blinded<T extends object>(episode: T): Partial<T> {
  const hidden = /^(reward|rewards)_|^(model_deployment|metadata|cost_usd|sampling)$/;
  return Object.fromEntries(Object.entries(episode).filter(([name]) => !hidden.test(name))) as Partial<T>;
}
