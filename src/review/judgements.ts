import { noSuchRecord } from "../doors/no-such-record.ts";
import type { Episode } from "../episodes/contract.ts";
import type { EpisodeStore } from "../episodes/store.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { conflict } from "../kernel/errors.ts";
import { canonicalJson, sha256 } from "../kernel/hashing.ts";
import type { Stored } from "../ledger/ledger.ts";
import type { Reward } from "../rewards/contract.ts";
import type { RewardService } from "../rewards/service.ts";
import type { ChangePair } from "./change-pair.ts";
import type { LabelInput, Offer, ReviewItem, Why } from "./contract.ts";
import { labelled, released, skipped, takenBack } from "./moves.ts";
import { leaseFrom, offerOf } from "./offers.ts";
import type { ReviewStore } from "./store.ts";

interface JudgementDeps {
  readonly store: ReviewStore;
  readonly episodes: Pick<EpisodeStore, "find">;
  readonly rewards: Pick<RewardService, "assign" | "withdraw">;
  readonly change: ChangePair;
  readonly clock: Pick<Clock, "now">;
}

/** Where a reviewer's judgement comes from, as rewards name it. */
const SOURCE = "human_approval";

/** What a reviewer does with an episode in hand. */
export function createJudgements({ store, episodes, rewards, change, clock }: JudgementDeps) {
  const now = () => toIso(clock.now());

  async function findEpisode(agentId: string, episodeId: string): Promise<Stored<Episode>> {
    const episode = await episodes.find(agentId, episodeId);
    if (episode === undefined) throw noSuchRecord("episode", agentId, episodeId);
    return episode;
  }

  /** The judgement as a reward by this person. */
  async function assign(episode: Episode, reviewer: string, input: LabelInput) {
    const { agent_id, id: episodeId } = episode;
    const correction = input.correction?.trim();
    const corrected =
      correction !== undefined && correction !== "" && correction !== episode.assistant_output;
    const asked = {
      agent_id,
      episode_id: episodeId,
      source: SOURCE,
      value: input.value,
      evaluator: reviewer,
      ...(input.comments === undefined ? {} : { comments: input.comments }),
      metadata: {
        ...(input.tags.length === 0 ? {} : { tags: input.tags }),
        ...(corrected ? { correction } : {}),
      },
    } as const;
    const { reward, deduplicated } = await rewards.assign(asked);
    if (!deduplicated || canonicalJson(reward.metadata) === canonicalJson(asked.metadata))
      return { reward, corrected };
    // Equal in value and words, but not in tags or correction: those are part of the judgement here.
    await rewards.withdraw({ agentId: agent_id, episodeId, source: SOURCE, evaluator: reviewer });
    return { reward: (await rewards.assign(asked)).reward, corrected };
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
    const { reward, corrected } = await assign(episode, reviewer, input);
    await store.rememberTools(agentId, episode.tool_names, now());
    const rules = await store.rules(agentId);
    const given = { reviewer, reward_id: reward.id, value: reward.value, corrected, at: reward.created_at };
    const saved = await change({ agentId, episodeId, reviewer }, (pair) => labelled(pair, given, rules));
    if (saved === undefined) throw new Error("The label was not stored.");
    return { reward, item: saved.item };
  }

  /** Puts the episode back; this reviewer is not offered it again, others are. */
  async function skip(agentId: string, episodeId: string, reviewer: string): Promise<void> {
    await findEpisode(agentId, episodeId);
    await change({ agentId, episodeId, reviewer }, (pair) => skipped(pair, now()));
  }

  /** Gives an episode back before its lease ends, so that others may have it at once. */
  async function release(agentId: string, episodeId: string, reviewer: string): Promise<boolean> {
    let had = false;
    await change({ agentId, episodeId, reviewer }, (before) => {
      const { pair, hadLease } = released(before, now());
      had = hadLease;
      return pair;
    });
    return had;
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
    const { episode_id: episodeId } = last;
    const episode = await findEpisode(agentId, episodeId);
    const rules = await store.rules(agentId);
    if (person.episode_id !== undefined && person.episode_id !== episodeId)
      await release(agentId, person.episode_id, reviewer);
    if (last.what === "labelled")
      await rewards.withdraw({ agentId, episodeId, source: SOURCE, evaluator: reviewer });
    const held = leaseFrom(clock, reviewer, rules);
    const why: Why = { reason: "again" };
    let own: Offer["yours"];
    await change({ agentId, episodeId, reviewer }, (before) => {
      const { pair, yours } = takenBack(before, held, why, rules);
      own = yours;
      return pair;
    });
    return offerOf(episode, held, why, rules, own);
  }

  /** A mark of what the reviewer has done so far, by which a later look tells whether that has changed. */
  async function steps(agentId: string, reviewer: string): Promise<string> {
    const person = await store.reviewer(agentId, reviewer);
    return sha256(canonicalJson([person?.labelled ?? 0, person?.done ?? []]));
  }

  return { label, skip, undo, release, steps };
}
