import type { KeyedRequest } from "../doors/keyed-request.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import type { Episode } from "../episodes/contract.ts";
import type { EpisodeStore } from "../episodes/store.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { conflict } from "../kernel/errors.ts";
import type { Stored } from "../ledger/ledger.ts";
import { checkCorrection } from "../rewards/check-correction.ts";
import type { Reward } from "../rewards/contract.ts";
import type { RewardService } from "../rewards/service.ts";
import type { ChangePair } from "./change-pair.ts";
import type { LabelInput, ReviewItem, ReviewStatus, Step } from "./contract.ts";
import { isSameStep, labelled, released, skipped } from "./moves.ts";
import { isDone, ownOf } from "./rules.ts";
import type { ReviewStore } from "./store.ts";
import { createUndo } from "./undo.ts";

interface JudgementDeps {
  readonly store: ReviewStore;
  readonly episodes: Pick<EpisodeStore, "find">;
  readonly rewards: Pick<RewardService, "assign" | "withdraw" | "isTakenBack">;
  readonly change: ChangePair;
  readonly clock: Pick<Clock, "now">;
}

/** Where a reviewer's judgement comes from, as rewards name it. */
const SOURCE = "human_approval";
/** Undos of one person that come between a reward and its label. */
const MOST_TRIES = 5;

/** What a reviewer does with an episode in hand. */
export function createJudgements({ store, episodes, rewards, change, clock }: JudgementDeps) {
  const now = () => toIso(clock.now());

  async function findEpisode(agentId: string, episodeId: string): Promise<Stored<Episode>> {
    const episode = await episodes.find(agentId, episodeId);
    if (episode === undefined) throw noSuchRecord("episode", agentId, episodeId);
    return episode;
  }

  /** The judgement as a reward by this person. */
  async function assign(
    episode: Episode,
    reviewer: string,
    input: LabelInput,
    writer: string | undefined,
    request: KeyedRequest | undefined,
  ) {
    const { agent_id, id: episodeId } = episode;
    const correction = await checkCorrection(episode, input.correction, "correction");
    const corrected = correction !== undefined;
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
    const { reward } = await rewards.assign(asked, writer, request);
    return { reward, corrected };
  }

  /**
   * Stores the judgement as a reward by this person, then marks the episode. A judgement counts even when its lease
   * has lapsed: work that was done is not thrown away.
   * @throws not_found `episode_not_found`, invalid `correction_invalid`
   */
  async function label(
    agentId: string,
    episodeId: string,
    reviewer: string,
    input: LabelInput,
    writer?: string,
    request?: KeyedRequest,
  ): Promise<{ reward: Reward; item: ReviewItem; status: ReviewStatus }> {
    const episode = await findEpisode(agentId, episodeId);
    await store.rememberTools(agentId, episode.tool_names, now());
    for (let tries = 1; ; tries++) {
      const { reward, corrected } = await assign(
        episode,
        reviewer,
        input,
        writer,
        tries === 1 ? request : undefined,
      );
      // A later try of a request whose judgement was taken back or replaced since: it does not come back.
      const item = request?.isAgain === true ? await store.item(agentId, episodeId) : undefined;
      if (item !== undefined && (await rewards.isTakenBack(reward)))
        return { reward, item, status: isDone(item, await store.rules(agentId)) ? "done" : "open" };
      const given = { reviewer, reward_id: reward.id, value: reward.value, corrected, at: reward.created_at };
      const saved = await change({ agentId, episodeId, reviewer }, (pair) => labelled(pair, given));
      if (saved === undefined) throw new Error("The label was not stored.");
      // An undo of the same person may have taken the reward back before the label was noted.
      if (tries < MOST_TRIES && (await rewards.isTakenBack(reward))) continue;
      const isFull = isDone(saved.item, await store.rules(agentId));
      return { reward, item: saved.item, status: isFull ? "done" : "open" };
    }
  }

  /**
   * Puts the episode in hand back; this reviewer is not offered it again, others are. Sent again, it changes nothing.
   * @throws conflict `review_not_in_hand`; what is in hand stays there
   */
  async function skip(agentId: string, episodeId: string, reviewer: string): Promise<void> {
    await findEpisode(agentId, episodeId);
    await change({ agentId, episodeId, reviewer }, (pair) => {
      if (pair.person.episode_id === episodeId) return skipped(pair, now());
      if (ownOf(pair.item.skipped, reviewer).length > 0) return undefined;
      throw conflict("review_not_in_hand", `${reviewer} does not have episode ${episodeId} in hand.`, {
        field: "episode_id",
        remedy: "Skip the episode that `nextReview` gave.",
      });
    });
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

  const undo = createUndo({ store, episodes, rewards, change, release, clock });

  /** Whether a step is still there to be taken back. */
  async function hasStep(agentId: string, reviewer: string, step: Step): Promise<boolean> {
    const done = (await store.reviewer(agentId, reviewer))?.done ?? [];
    return done.some((one) => isSameStep(one, step) && one.at === step.at);
  }

  return { label, skip, undo, release, hasStep };
}
