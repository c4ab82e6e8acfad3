import type { Settings } from "../config/settings.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import type { Episode } from "../episodes/contract.ts";
import { createEpisodeStore } from "../episodes/store.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { conflict, invalid, unavailable } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import { bare, type Ledger, type Stored } from "../ledger/ledger.ts";
import type { Reward } from "../rewards/contract.ts";
import type { RewardService } from "../rewards/service.ts";
import type { LabelInput, Lease, Offer, Reviewer, ReviewItem, ReviewRules, Why } from "./contract.ts";
import { createCorrections } from "./corrections.ts";
import { createDraw } from "./draw.ts";
import { aliveLeases, isOpenTo } from "./rules.ts";
import { createReviewStore, itemId, reviewerId } from "./store.ts";

export interface ReviewDeps {
  readonly ledger: Ledger;
  readonly rewards: Pick<RewardService, "assign" | "withdraw">;
  readonly settings: Pick<Settings, "agentId">;
  readonly clock: Clock;
  /** Draws by weight and by moment; Math.random unless a test gives its own. */
  readonly random?: (() => number) | undefined;
}

export type ReviewService = ReturnType<typeof createReviewService>;

/** Races lost in a row before the caller is told to come again. */
const ATTEMPTS = 8;
/** Steps that undo goes back at most. */
const REMEMBERED = 50;
/** Whole pages of candidates may be taken by others at the same instant; more than that is bad luck. */
const MOST_TRIED = 50;

type Pair = {
  readonly item: Stored<ReviewItem> | undefined;
  readonly reviewer: Stored<Reviewer> | undefined;
};

export function createReviewService(deps: ReviewDeps) {
  const { ledger, rewards, clock } = deps;
  const store = createReviewStore(ledger, clock);
  const episodes = createEpisodeStore(ledger);
  const draw = createDraw(store, deps.random ?? Math.random);
  const now = () => toIso(clock.now());

  const newItem = (agentId: string, episodeId: string): ReviewItem => ({
    id: itemId(episodeId),
    type: "review_item",
    agent_id: agentId,
    episode_id: episodeId,
    status: "open",
    labels: [],
    skipped: [],
    leases: [],
    corrected: false,
    created_at: now(),
  });
  const newReviewer = (agentId: string, reviewer: string): Reviewer => ({
    id: reviewerId(reviewer),
    type: "reviewer",
    agent_id: agentId,
    reviewer,
    done: [],
    labelled: 0,
    created_at: now(),
  });

  async function read(agentId: string, episodeId: string, reviewer: string): Promise<Pair> {
    const [item, person] = await Promise.all([
      store.item(agentId, episodeId),
      store.reviewer(agentId, reviewer),
    ]);
    return { item, reviewer: person };
  }

  /**
   * Changes an item and its reviewer together; reads both again when somebody was faster. `change` answers undefined
   * to leave both as they are.
   */
  async function change(
    agentId: string,
    episodeId: string,
    reviewer: string,
    how: (item: ReviewItem, person: Reviewer) => { item: ReviewItem; person: Reviewer } | undefined,
  ): Promise<{ item: ReviewItem; person: Reviewer } | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const pair = await read(agentId, episodeId, reviewer);
      const changed = how(
        pair.item === undefined ? newItem(agentId, episodeId) : bare(pair.item),
        pair.reviewer === undefined ? newReviewer(agentId, reviewer) : bare(pair.reviewer),
      );
      if (changed === undefined) return undefined;
      const changes = [
        { from: pair.item, to: withLeases(changed.item) },
        { from: pair.reviewer, to: changed.person },
      ];
      if (await store.save(agentId, changes)) return changed;
    }
    throw unavailable("review_contended", "Others are changing this episode's review at the same time.", {
      retryAfterMs: 200,
    });
  }

  /** Takes the episode for the reviewer, if nobody was faster. */
  async function lease(
    agentId: string,
    episode: Episode,
    reviewer: string,
    rules: ReviewRules,
    why: Why,
  ): Promise<Lease | undefined> {
    let taken: Lease | undefined;
    const until = toIso(clock.now() + rules.lease_seconds * 1000);
    await change(agentId, episode.id, reviewer, (item, person) => {
      taken = undefined;
      const at = now();
      if (!isOpenTo(reviewer, episode, item, rules, at)) return undefined;
      taken = { reviewer, until };
      const others = aliveLeases(item, at).filter((one) => one.reviewer !== reviewer);
      return {
        item: { ...item, leases: [...others, taken] },
        person: { ...person, episode_id: episode.id, why },
      };
    });
    return taken;
  }

  /** What the reviewer has in hand and may still have; its lease is renewed. */
  async function inHand(agentId: string, reviewer: string, rules: ReviewRules): Promise<Offer | undefined> {
    const person = await store.reviewer(agentId, reviewer);
    if (person?.episode_id === undefined) return undefined;
    const episode = await episodes.find(agentId, person.episode_id);
    if (episode === undefined) return undefined;
    const why = person.why ?? { reason: "newest" as const };
    const held = await lease(agentId, episode, reviewer, rules, why);
    return held && offer(episode, held, why, rules);
  }

  async function next(agentId: string, reviewer: string): Promise<Offer | undefined> {
    const rules = await store.rules(agentId);
    const again = await inHand(agentId, reviewer, rules);
    if (again !== undefined) return again;
    let tried = 0;
    for await (const { episode: found, why } of draw(agentId, reviewer, rules, now())) {
      if (++tried > MOST_TRIED) break;
      const episode = await episodes.find(agentId, found.id);
      if (episode === undefined) continue;
      const held = await lease(agentId, episode, reviewer, rules, why);
      if (held !== undefined) return offer(episode, held, why, rules);
    }
    if (tried > MOST_TRIED)
      throw unavailable("review_contended", "Others took every episode that was found; ask again.", {
        retryAfterMs: 500,
      });
    return undefined;
  }

  async function findEpisode(agentId: string, episodeId: string): Promise<Stored<Episode>> {
    const episode = await episodes.find(agentId, episodeId);
    if (episode === undefined) throw noSuchRecord("episode", agentId, episodeId);
    return episode;
  }

  /**
   * Stores the judgement as a reward by this person, then marks the episode. A judgement counts even when its lease
   * has lapsed: work that was done is not thrown away.
   * @throws not_found `episode_not_found`
   */
  async function label(
    agentId: string,
    episodeId: string,
    reviewer: string,
    input: LabelInput,
  ): Promise<{ reward: Reward; item: ReviewItem }> {
    const episode = await findEpisode(agentId, episodeId);
    const correction = input.correction?.trim();
    const corrected =
      correction !== undefined && correction !== "" && correction !== episode.assistant_output;
    const asked = {
      agent_id: agentId,
      episode_id: episodeId,
      source: "human_approval" as const,
      value: input.value,
      evaluator: reviewer,
      ...(input.comments === undefined ? {} : { comments: input.comments }),
      metadata: {
        ...(input.tags.length === 0 ? {} : { tags: input.tags }),
        ...(corrected ? { correction } : {}),
      },
    };
    let { reward, deduplicated } = await rewards.assign(asked);
    // Equal in value and words, but not in tags or correction: those are part of the judgement here.
    if (deduplicated && canonicalJson(reward.metadata) !== canonicalJson(asked.metadata)) {
      await rewards.withdraw({ agentId, episodeId, source: asked.source, evaluator: reviewer });
      ({ reward, deduplicated } = await rewards.assign(asked));
    }
    await store.rememberTools(agentId, episode.tool_names, now());
    const rules = await store.rules(agentId);
    const saved = await change(agentId, episodeId, reviewer, (item, person) => {
      const { episode_id: inHandId, why, ...rest } = person;
      const labels = [
        ...item.labels.filter((one) => one.reviewer !== reviewer),
        { reviewer, reward_id: reward.id, value: reward.value, corrected, at: reward.created_at },
      ];
      const fresh = !item.labels.some((one) => one.reviewer === reviewer);
      return {
        item: {
          ...item,
          labels,
          skipped: item.skipped.filter((one) => one.reviewer !== reviewer),
          leases: forgetting(item, reviewer),
          corrected: labels.some((one) => one.corrected),
          status: labels.length >= rules.reviewers_per_episode ? "done" : "open",
        },
        person: {
          ...rest,
          ...(inHandId === episodeId || inHandId === undefined ? {} : { episode_id: inHandId, why }),
          labelled: person.labelled + (fresh ? 1 : 0),
          done: remembered(person, "labelled", episodeId),
        },
      };
    });
    if (saved === undefined) throw new Error("The label was not stored.");
    return { reward, item: saved.item };
  }

  /** Puts the episode back; this reviewer is not offered it again, others are. */
  async function skip(agentId: string, episodeId: string, reviewer: string): Promise<void> {
    await findEpisode(agentId, episodeId);
    await change(agentId, episodeId, reviewer, (item, person) => {
      const { episode_id: _inHand, why: _why, ...rest } = person;
      return {
        item: {
          ...item,
          leases: forgetting(item, reviewer),
          skipped: [...item.skipped.filter((one) => one.reviewer !== reviewer), { reviewer, at: now() }],
        },
        person: { ...rest, done: remembered(person, "skipped", episodeId) },
      };
    });
  }

  /**
   * Takes the reviewer's last label or skip back and hands that episode over again. What was in hand goes back to the
   * queue. @throws conflict `nothing_to_undo`
   */
  async function undo(agentId: string, reviewer: string): Promise<Offer> {
    const person = await store.reviewer(agentId, reviewer);
    const last = person?.done.at(-1);
    if (person === undefined || last === undefined)
      throw conflict("nothing_to_undo", `${reviewer} has no label or skip left to take back.`);
    const episode = await findEpisode(agentId, last.episode_id);
    const rules = await store.rules(agentId);
    if (person.episode_id !== undefined && person.episode_id !== last.episode_id)
      await release(agentId, person.episode_id, reviewer);
    if (last.what === "labelled")
      await rewards.withdraw({
        agentId,
        episodeId: last.episode_id,
        source: "human_approval",
        evaluator: reviewer,
      });
    const held: Lease = { reviewer, until: toIso(clock.now() + rules.lease_seconds * 1000) };
    const why: Why = { reason: "again" };
    let yours: Offer["yours"];
    await change(agentId, last.episode_id, reviewer, (item, one) => {
      const own = item.labels.find((its) => its.reviewer === reviewer);
      yours = own && { value: own.value, at: own.at };
      const labels = item.labels.filter((its) => its.reviewer !== reviewer);
      return {
        item: {
          ...item,
          labels,
          skipped: item.skipped.filter((its) => its.reviewer !== reviewer),
          leases: [...forgetting(item, reviewer), held],
          corrected: labels.some((its) => its.corrected),
          status: labels.length >= rules.reviewers_per_episode ? "done" : "open",
        },
        person: {
          ...one,
          episode_id: last.episode_id,
          why,
          labelled: Math.max(0, one.labelled - (own === undefined ? 0 : 1)),
          done: one.done.slice(0, -1),
        },
      };
    });
    return offer(episode, held, why, rules, yours);
  }

  /** Gives an episode back before its lease ends, so that others may have it at once. */
  async function release(agentId: string, episodeId: string, reviewer: string): Promise<boolean> {
    let had = false;
    await change(agentId, episodeId, reviewer, (item, person) => {
      had = aliveLeases(item, now()).some((one) => one.reviewer === reviewer);
      const { episode_id: inHandId, why, ...rest } = person;
      if (!had && inHandId !== episodeId) return undefined;
      return {
        item: { ...item, leases: forgetting(item, reviewer) },
        person: inHandId === episodeId ? rest : { ...rest, episode_id: inHandId, why },
      };
    });
    return had;
  }

  return {
    store,
    next,
    label,
    skip,
    undo,
    release,
    corrections: createCorrections({ ledger, store }),

    /** @throws invalid `no_sampling` when every weight is 0 */
    async setRules(agentId: string, rules: ReviewRules, by: string | undefined): Promise<ReviewRules> {
      if (Object.values(rules.sampling).every((weight) => weight === 0))
        throw invalid("no_sampling", "At least one sampling rule needs a weight above 0.", {
          field: "sampling",
        });
      await store.setRules(agentId, rules, by, now());
      return rules;
    },

    /** What waits, who has what in hand, and who has done how much. */
    async queue(agentId: string) {
      const at = now();
      const [counts, rules, leased, people] = await Promise.all([
        store.counts(agentId, at),
        store.rules(agentId),
        store.leased(agentId, at),
        store.reviewers(agentId),
      ]);
      return {
        ...counts,
        waiting: Math.max(0, counts.episodes - counts.done),
        rules,
        reservations: leased.flatMap((item) =>
          aliveLeases(item, at).map((one) => ({ episode_id: item.episode_id, ...one })),
        ),
        reviewers: people.map(({ reviewer, labelled }) => ({ reviewer, labelled })),
      };
    },
  };
}

function offer(episode: Episode, held: Lease, why: Why, rules: ReviewRules, yours?: Offer["yours"]): Offer {
  const { tools: _tools, schema_version: _version, ...shown } = bare(episode) as Episode;
  return {
    episode_id: episode.id,
    episode: rules.blind ? blinded(shown) : shown,
    why: rules.blind ? { reason: why.reason === "low_reward" ? "random" : why.reason } : why,
    leased_until: held.until,
    blind: rules.blind,
    ...(yours === undefined ? {} : { yours }),
  };
}

const forgetting = (item: ReviewItem, reviewer: string): Lease[] =>
  item.leases.filter((one) => one.reviewer !== reviewer);

const remembered = (person: Reviewer, what: "labelled" | "skipped", episodeId: string) =>
  [...person.done.filter((one) => one.episode_id !== episodeId), { what, episode_id: episodeId }].slice(
    -REMEMBERED,
  );

/** The field that reservations are asked by, from the leases it stands for. */
function withLeases(item: ReviewItem): ReviewItem {
  const { leased_until: _before, ...rest } = item;
  const last = item.leases
    .map(({ until }) => until)
    .toSorted()
    .at(-1);
  return last === undefined ? rest : { ...rest, leased_until: last };
}

/** Nothing that would tell the reviewer what others or other models make of it. */
function blinded(episode: Partial<Episode>): Partial<Episode> {
  const hidden = /^(reward|rewards)_|^(model_deployment|metadata|cost_usd|sampling)$/;
  return Object.fromEntries(Object.entries(episode).filter(([name]) => !hidden.test(name)));
}
