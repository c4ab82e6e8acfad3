import { noSuchRecord } from "../doors/no-such-record.ts";
import type { Episode } from "../episodes/contract.ts";
import type { EpisodeStore } from "../episodes/store.ts";
import type { Clock } from "../kernel/clock.ts";
import { conflict, unavailable } from "../kernel/errors.ts";
import type { RewardService } from "../rewards/service.ts";
import type { ChangePair } from "./change-pair.ts";
import type { Offer, Reviewer, Step, Why } from "./contract.ts";
import { forgotten, isSameStep, labelOf, stepToUndo, takenBack } from "./moves.ts";
import { leaseFrom, offerOf } from "./offers.ts";
import { ownOf } from "./rules.ts";
import type { ReviewStore } from "./store.ts";

interface UndoDeps {
  readonly store: ReviewStore;
  readonly episodes: Pick<EpisodeStore, "find">;
  readonly rewards: Pick<RewardService, "withdraw">;
  readonly change: ChangePair;
  readonly release: (agentId: string, episodeId: string, reviewer: string) => Promise<boolean>;
  readonly clock: Pick<Clock, "now">;
}

/** Which step the caller means; the last one when nothing is named. */
export interface StepNamed {
  readonly episodeId?: string | undefined;
  readonly rewardId?: string | undefined;
}
export interface Undone {
  readonly offer: Offer;
  /** Steps that had nothing to take back, because their episodes are gone; they are forgotten. */
  readonly gone: number;
}

const AGAIN: Why = { reason: "again" };
/** Steps whose episodes are gone, and steps that another undo took first. */
const MOST_TRIES = 100;

/** Takes steps of reviewers back. */
export function createUndo({ store, episodes, rewards, change, release, clock }: UndoDeps) {
  /**
   * The judgement first, by its reward's id: a crash between the two leaves a step that can be undone again. Undefined:
   * the step is no longer the one to take back, as another undo or a judgement was faster.
   */
  async function takeBack(person: Reviewer, episode: Episode, step: Step): Promise<Offer | undefined> {
    const { agent_id: agentId, reviewer } = person;
    const { id: episodeId } = episode;
    const rules = await store.rules(agentId);
    if (person.episode_id !== undefined && person.episode_id !== episodeId)
      await release(agentId, person.episode_id, reviewer);
    const label = labelOf(await store.item(agentId, episodeId), reviewer, step);
    if (label !== undefined) await rewards.withdraw(agentId, episodeId, label.reward_id);
    const held = leaseFrom(clock, reviewer, rules);
    let own: Offer["yours"];
    const saved = await change({ agentId, episodeId, reviewer }, (before) => {
      // Its judgement is taken back already: also where another step has become the last meanwhile.
      if (!before.person.done.some((one) => isSameStep(one, step))) return undefined;
      const { pair, yours } = takenBack(before, step, held, AGAIN);
      own = yours;
      return pair;
    });
    return saved && offerOf(episode, held, AGAIN, rules, own);
  }

  /** What an undo sent again answers: the episode is in hand since the first one. */
  async function alreadyDone(person: Reviewer | undefined, named: StepNamed): Promise<Offer | undefined> {
    if (person?.episode_id === undefined || person.episode_id !== named.episodeId) return undefined;
    if (person.why?.reason !== "again") return undefined;
    const { agent_id: agentId, reviewer } = person;
    const [episode, item, rules] = await Promise.all([
      episodes.find(agentId, person.episode_id),
      store.item(agentId, person.episode_id),
      store.rules(agentId),
    ]);
    const held = ownOf(item?.leases ?? [], reviewer)[0];
    return episode && held && offerOf(episode, held, AGAIN, rules);
  }

  /**
   * Takes one label or skip of the reviewer back, the last or the one that is named, and hands its episode over again.
   * What was in hand goes back to the queue. Sent again with the episode's name, it changes nothing more.
   * @throws conflict `nothing_to_undo`; not_found `episode_not_found` when the episode that is named is gone
   */
  return async function undo(
    agentId: string,
    reviewer: string,
    named: StepNamed = {},
    /** Told which step is about to be taken back. */
    before?: (step: Step) => Promise<void>,
  ): Promise<Undone> {
    let gone = 0;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const person = await store.reviewer(agentId, reviewer);
      const step = stepToUndo(person, named);
      if (person === undefined || step === undefined) {
        const offer = await alreadyDone(person, named);
        if (offer !== undefined) return { offer, gone };
        throw nothingToUndo(reviewer, named, gone);
      }
      const { episode_id: episodeId } = step;
      const episode = await episodes.find(agentId, episodeId);
      if (episode === undefined) {
        await change({ agentId, episodeId, reviewer }, (pair) => forgotten(pair, step));
        if (named.episodeId !== undefined || named.rewardId !== undefined)
          throw noSuchRecord("episode", agentId, episodeId);
        gone++;
        continue;
      }
      await before?.(step);
      const offer = await takeBack(person, episode, step);
      if (offer !== undefined) return { offer, gone };
    }
    throw unavailable("review_contended", "Others are taking the same steps back at the same time.", {
      retryAfterMs: 200,
    });
  };
}

function nothingToUndo(reviewer: string, named: StepNamed, gone: number): Error {
  const which =
    named.episodeId !== undefined
      ? ` of episode ${named.episodeId}`
      : named.rewardId !== undefined
        ? ` with the reward ${named.rewardId}`
        : "";
  const passed = gone === 0 ? "" : ` The episodes of ${gone === 1 ? "one step" : `${gone} steps`} are gone.`;
  return conflict("nothing_to_undo", `${reviewer} has no label or skip${which} left to take back.${passed}`);
}
