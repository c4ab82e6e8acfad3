import type { Reward, SlotReward } from "./contract.ts";
import { latestPerSlot } from "./slots.ts";

/**
 * The rewards that count: the latest of each slot, without what was taken back. Whoever reads anything from rewards
 * (tags, corrections, ids) reads it from these; superseded and withdrawn ones are history.
 */
export const standingRewards = <R extends SlotReward>(rewards: readonly R[]): R[] =>
  rewards.length === 1 && rewards[0]?.withdrawn !== true
    ? [...rewards]
    : latestPerSlot(rewards).filter((reward) => reward.withdrawn !== true);

/** Of an episode's rewards, those that correct it and were neither taken back nor replaced. */
export const standingCorrections = (rewards: readonly Reward[]): readonly Reward[] =>
  standingRewards(rewards).filter(({ metadata }) => metadata.correction !== undefined);
