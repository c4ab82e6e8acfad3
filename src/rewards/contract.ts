import { z } from "zod";
import { agentIdSchema, idSchema, metadataSchema, storedTimeSchema } from "../doors/schemas.ts";

export const REWARD_SOURCES = [
  "human_approval",
  "eval_score",
  "test_result",
  "safety_check",
  "golden_conversation",
  "latency_penalty",
  "cost_penalty",
] as const;
export type RewardSource = (typeof REWARD_SOURCES)[number];

/** Terms beside the mean of judgements. */
export const PENALTY_SOURCES: readonly RewardSource[] = ["latency_penalty", "cost_penalty"];

/** What a caller may send: `value` is already in [-1, 1], or `raw_value` with its range is mapped to it. */
export const rewardInputSchema = z.strictObject({
  agent_id: agentIdSchema,
  episode_id: idSchema,
  source: z.enum(REWARD_SOURCES).default("human_approval"),
  value: z.number().min(-1).max(1).optional(),
  raw_value: z.number().optional(),
  raw_min: z.number().optional(),
  raw_max: z.number().optional(),
  rubric: z.string().max(500).optional(),
  evaluator: z.string().max(200).optional(),
  comments: z.string().max(20_000).optional(),
  metadata: metadataSchema.default({}),
});
export type RewardInput = z.input<typeof rewardInputSchema>;
export type CheckedRewardInput = z.output<typeof rewardInputSchema>;

export const rewardSchema = z.object({
  /** Hash of what the reward says and of the one it supersedes: the same judgement sent twice is one reward. */
  id: idSchema,
  agent_id: z.string(),
  episode_id: z.string(),
  source: z.enum(REWARD_SOURCES),
  value: z.number(),
  raw_value: z.number().optional(),
  rubric: z.string().optional(),
  evaluator: z.string().optional(),
  comments: z.string().optional(),
  /** The earlier reward of the same source, evaluator and rubric that this one replaces in the aggregate. */
  supersedes: z.string().optional(),
  /** Takes the superseded judgement back without another in its place: it counts no more. */
  withdrawn: z.literal(true).optional(),
  metadata: metadataSchema,
  created_at: storedTimeSchema,
});
export type Reward = z.output<typeof rewardSchema>;
