import type { Settings } from "../config/settings.ts";
import type { RewardAggregate } from "../episodes/contract.ts";
import { invalid } from "../kernel/errors.ts";
import { type CheckedJudgement, PENALTY_SOURCES, type RewardSource, type SlotReward } from "./contract.ts";
import { latestPerSlot } from "./slots.ts";

export type RewardSettings = Pick<
  Settings,
  "evalThreshold" | "latencyThresholdMs" | "latencyPenalty" | "costThresholdUsd" | "costPenalty"
>;

/** Raise it when the aggregate of the same rewards comes out differently: it is stored beside the result. */
const REWARD_POLICY = "latest-per-slot/mean/safety-veto@1";

const refused = (reason: string, field: string, remedy?: string) =>
  invalid("invalid_reward", reason, { field, remedy });

/** `raw` as a fraction of [least, most], held to [0, 1]. @throws invalid `invalid_reward` for what is no number */
export function fraction(raw: number, least: number, most: number): number {
  if (!Number.isFinite(raw)) throw refused(`A score must be a finite number, not ${raw}.`, "raw_value");
  if (!Number.isFinite(least) || !Number.isFinite(most) || least >= most)
    throw refused(`The range [${least}, ${most}] is empty.`, "raw_max", "Give raw_min below raw_max.");
  return Math.min(1, Math.max(0, (raw - least) / (most - least)));
}

/** [0, 1] to [-1, 1], as the original maps scores and similarities. */
export const linear = (part: number): number => 2 * part - 1;

/**
 * An evaluation score: linear (0.75 → 0.5, as the original's test pins), but its sign follows the threshold: a score
 * below it is negative, one at or above it is not. Below, the value is the lower of the linear one and the shortfall
 * as a share of the threshold; above, the higher of the linear one and the surplus as a share of the rest. Both
 * branches rise with the score and meet -1 at 0 and 1 at 1.
 * @param threshold fraction of the range, LIGHTNING_EVAL_THRESHOLD
 */
export function evalValue(part: number, threshold: number): number {
  if (part < threshold) return Math.min(linear(part), (part - threshold) / threshold);
  const surplus = threshold >= 1 ? 1 : (part - threshold) / (1 - threshold);
  return Math.max(linear(part), surplus);
}

/** The penalty of a latency, or undefined when it is not above the threshold (strictly, as the original). */
export function latencyPenalty(latencyMs: number, settings: RewardSettings): number | undefined {
  if (!Number.isFinite(latencyMs) || latencyMs < 0)
    throw refused(`A latency must be a finite number of milliseconds, not ${latencyMs}.`, "raw_value");
  return latencyMs > settings.latencyThresholdMs ? settings.latencyPenalty : undefined;
}

/** The penalty of a cost, or undefined when it is not above the threshold or LIGHTNING_COST_THRESHOLD_USD is not set. */
export function costPenalty(costUsd: number, settings: RewardSettings): number | undefined {
  if (!Number.isFinite(costUsd) || costUsd < 0)
    throw refused(`A cost must be a finite number of dollars, not ${costUsd}.`, "raw_value");
  const threshold = settings.costThresholdUsd;
  return threshold !== undefined && costUsd > threshold ? settings.costPenalty : undefined;
}

/**
 * The reward's value in [-1, 1]: as given, or made of `raw_value` by the rule of its source. Undefined: a measured
 * latency or cost is not above its threshold, so there is nothing to judge.
 * @throws invalid `invalid_reward`
 */
export function rewardValue(input: CheckedJudgement, settings: RewardSettings): number | undefined {
  const isPenalty = PENALTY_SOURCES.includes(input.source);
  if (input.value !== undefined) {
    if (!Number.isFinite(input.value) || input.value < -1 || input.value > 1)
      throw refused(`A reward must be a number from -1 to 1, not ${input.value}.`, "value");
    if (isPenalty && input.value > 0)
      throw refused(`A ${input.source} must not be positive.`, "value", "Give a value from -1 to 0.");
    return input.value === 0 ? 0 : input.value;
  }
  if (input.raw_value === undefined)
    throw refused(
      "A reward needs a value.",
      "value",
      "Give `value` from -1 to 1, or `raw_value` with its range.",
    );
  return ofRaw(input.source, input.raw_value, input, settings);
}

function ofRaw(
  source: RewardSource,
  raw: number,
  range: { raw_min?: number | undefined; raw_max?: number | undefined },
  settings: RewardSettings,
): number | undefined {
  if (source === "latency_penalty") return latencyPenalty(raw, settings);
  if (source === "cost_penalty") return costPenalty(raw, settings);
  const part = fraction(raw, range.raw_min ?? 0, range.raw_max ?? 1);
  return source === "eval_score" ? evalValue(part, settings.evalThreshold) : linear(part);
}

/** Adding in binary leaves dust such as 0.30000000000000004; twelve decimals are beyond any judgement. */
const tidy = (n: number): number => Math.round(n * 1e12) / 1e12 || 0;
const total = (rewards: readonly SlotReward[]): number => tidy(rewards.reduce((sum, r) => sum + r.value, 0));

const newest = (of: readonly SlotReward[]): string =>
  of.reduce((at, reward) => (reward.created_at > at ? reward.created_at : at), "");

/**
 * What the feed keeps on the episode, from all its rewards in any order: the mean of the judgements that stand, the sum
 * of the penalties beside it (an approval of a slow call stays an approval), and the veto of a failed safety check,
 * which no mean outweighs. Without judgements there is no average. No rewards: undefined.
 */
export function aggregate(rewards: readonly SlotReward[]): RewardAggregate | undefined {
  const standing = latestPerSlot(rewards).filter((reward) => reward.withdrawn !== true);
  if (standing.length === 0) return undefined;
  const judgements = standing.filter((reward) => !PENALTY_SOURCES.includes(reward.source));
  const penalties = standing.filter((reward) => PENALTY_SOURCES.includes(reward.source));
  const sources = [...new Set(standing.map((reward) => reward.source))].toSorted();
  const sum = total(judgements);
  return {
    reward_count: judgements.length,
    reward_sum: sum,
    ...(judgements.length === 0 ? {} : { reward_avg: tidy(sum / judgements.length) }),
    reward_penalty: total(penalties),
    reward_vetoed: standing.some((reward) => reward.source === "safety_check" && reward.value < 0),
    reward_sources: sources,
    reward_by_source: Object.fromEntries(
      sources.map((source) => {
        const own = standing.filter((reward) => reward.source === source);
        return [source, { count: own.length, sum: total(own), latest_at: newest(own) }];
      }),
    ),
    reward_policy: REWARD_POLICY,
    rewards_at: newest(rewards),
  };
}
