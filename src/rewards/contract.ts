import { Buffer } from "node:buffer";
import { z } from "zod";
import { claimedName } from "../doors/kept.ts";
import { agentIdSchema, idSchema, type Json, metadataSchema, storedTimeSchema } from "../doors/schemas.ts";

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

/** Every reading of an episode's rewards reads their metadata too; what a reviewer would have said may be long. */
const MOST_METADATA_BYTES = 32 * 1024;
const MOST_CORRECTION_BYTES = 512 * 1024;
function isBounded({ correction, ...rest }: Readonly<Record<string, Json>>): boolean {
  const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value) ?? "");
  return bytes(rest) <= MOST_METADATA_BYTES && bytes(correction) <= MOST_CORRECTION_BYTES;
}

/** What a caller may say of an episode: `value` is already in [-1, 1], or `raw_value` with its range is mapped to it. */
export const judgementSchema = z.strictObject({
  agent_id: agentIdSchema,
  source: z.enum(REWARD_SOURCES).default("human_approval").meta({
    description: "Where the judgement comes from; the two penalties are counted beside the mean, not in it.",
  }),
  value: z
    .number()
    .min(-1)
    .max(1)
    .optional()
    .meta({ description: "The judgement, -1 (bad) to 1 (good); or give `raw_value`." }),
  raw_value: z.number().optional().meta({
    description: "The judgement on a scale of its own; mapped to -1 … 1 by `raw_min` and `raw_max`.",
  }),
  raw_min: z.number().optional().meta({ description: "Least value of that scale; 0 when absent." }),
  raw_max: z.number().optional().meta({ description: "Greatest value of that scale; 1 when absent." }),
  rubric: z.string().max(500).optional().meta({
    description:
      "What was judged, such as `correctness`; another rubric is a judgement of its own. Case counts, outer space does not.",
  }),
  evaluator: claimedName(z.string().max(200)).optional().meta({
    description:
      "Who or what judged: a person's name, a test suite, an evaluator; compared without case and outer space.",
  }),
  comments: z.string().max(20_000).optional().meta({ description: "What the judge has to say, as text." }),
  metadata: metadataSchema
    .refine(isBounded, {
      error: `must be at most ${MOST_METADATA_BYTES} bytes as JSON, and a \`correction\` in it ${MOST_CORRECTION_BYTES}`,
    })
    .default({})
    .meta({ description: "Anything else, by name; at most 32 KiB as JSON, a `correction` apart (512 KiB)." }),
});
export type CheckedJudgement = z.output<typeof judgementSchema>;

export const rewardInputSchema = z.strictObject({
  ...judgementSchema.shape,
  episode_id: idSchema.meta({ description: "The episode that is judged." }),
});
export type RewardInput = z.input<typeof rewardInputSchema>;

export const rewardSchema = z.object({
  id: idSchema.meta({
    description:
      "Hash of what the reward says and of the one it supersedes: the same judgement sent twice is one reward.",
  }),
  agent_id: z.string(),
  episode_id: z.string(),
  source: z.enum(REWARD_SOURCES),
  value: z.number(),
  raw_value: z.number().optional(),
  rubric: z.string().optional(),
  evaluator: z.string().optional(),
  comments: z.string().optional(),
  writer: z.string().optional().meta({
    description:
      "Who wrote it: the signed-in person or application with its object id, else `local`, `key` (a function key) or `auto` (what the episode says about itself); absent on rewards of earlier versions.",
  }),
  supersedes: z.string().optional().meta({
    description:
      "The earlier reward of the same writer, source, evaluator and rubric that this one replaces in the aggregate.",
  }),
  withdrawn: z.literal(true).optional().meta({
    description: "Takes the superseded judgement back without another in its place: it counts no more.",
  }),
  withdrawn_by: z
    .string()
    .optional()
    .meta({ description: "Who took it back, where it was asked for by name." }),
  corrected: z.literal(true).optional().meta({
    description:
      "It says what the agent should have done, in `metadata.correction`; absent on rewards of earlier versions.",
  }),
  said_at: storedTimeSchema.optional().meta({
    description:
      "When it was said, where it came before its episode and waited; `created_at` is when it was given.",
  }),
  rescan: idSchema.optional().meta({
    description: "The re-scan that last replaced something in what was said, after it was given.",
  }),
  metadata: metadataSchema,
  created_at: storedTimeSchema,
});
export type Reward = z.output<typeof rewardSchema>;
/** A reward without what was said: enough to know whether it stands and what it counts. */
export type SlotReward = Omit<Reward, "metadata" | "comments" | "raw_value" | "corrected" | "rescan">;
