import { z } from "zod";
import { idSchema, storedTimeSchema } from "../doors/schemas.ts";
import { episodeSchema } from "../episodes/contract.ts";
import { correctionInputSchema } from "../rewards/correction-contract.ts";

/** Why an episode is offered. */
export const SAMPLING = ["random", "low_reward", "disagreement", "new_tool"] as const;
export type Sampling = (typeof SAMPLING)[number];
/** `newest`: what is offered when no rule finds anything. */
export const REASONS = [...SAMPLING, "newest", "again"] as const;
export type Reason = (typeof REASONS)[number];

const weight = z.number().min(0).max(100);

/** How an agent's episodes are reviewed. */
export const reviewRulesSchema = z.strictObject({
  reviewers_per_episode: z.number().int().min(1).max(10).meta({
    description: "How many people judge each episode.",
  }),
  blind: z.boolean().meta({
    description:
      "Keep rewards, other judgements and the model's name from the reviewer: on the desk, and from signed-in labellers at every door that reads judgements of an episode.",
  }),
  lease_seconds: z.number().int().min(30).max(86_400).meta({
    description: "How long an episode is kept for the reviewer it was given to.",
  }),
  low_reward_below: z.number().min(-1).max(1).meta({
    description: "An average below this is a low reward.",
  }),
  sampling: z
    .strictObject({
      random: weight.meta({ description: "Any episode, by chance; a weight of 0 turns a rule off." }),
      low_reward: weight.meta({ description: "Episodes whose average reward is low." }),
      disagreement: weight.meta({
        description: "Episodes whose judges are far apart: two sources, or the judgements of one.",
      }),
      new_tool: weight.meta({ description: "Episodes with a tool that no reviewer has seen yet." }),
    })
    .meta({ description: "How often each rule chooses the next episode, by weight." }),
});
export type ReviewRules = z.output<typeof reviewRulesSchema>;

/** Until somebody sets others. */
export const DEFAULT_RULES: ReviewRules = {
  reviewers_per_episode: 1,
  blind: false,
  lease_seconds: 600,
  low_reward_below: 0,
  sampling: { random: 4, low_reward: 3, disagreement: 2, new_tool: 1 },
};

const personSchema = z.string().min(1).max(200);

export const leaseSchema = z.object({ reviewer: personSchema, until: storedTimeSchema });
export type Lease = z.output<typeof leaseSchema>;

/** `done`: as many people as the rules ask for have judged it. It follows from the rules and is stored nowhere. */
export const reviewStatusSchema = z.enum(["open", "done"]);
export type ReviewStatus = z.output<typeof reviewStatusSchema>;

/** What has become of one episode in review; absent: nobody had it yet. */
export const reviewItemSchema = z.object({
  id: z.string().meta({ description: "`item-` and the episode's id." }),
  type: z.literal("review_item"),
  agent_id: z.string(),
  episode_id: idSchema,
  labels: z.array(
    z.object({
      reviewer: personSchema,
      reward_id: idSchema,
      value: z.number(),
      corrected: z.boolean(),
      at: storedTimeSchema,
    }),
  ),
  skipped: z.array(z.object({ reviewer: personSchema, at: storedTimeSchema })),
  leases: z.array(leaseSchema),
  leased_until: storedTimeSchema
    .optional()
    .meta({ description: "When the last lease ends; absent without one." }),
  corrected: z.boolean(),
  created_at: storedTimeSchema,
});
export type ReviewItem = z.output<typeof reviewItemSchema>;

/** One label or skip, as undo goes back through them. `reward_id`: of a label, but for those of earlier versions. */
export interface Step {
  readonly what: "labelled" | "skipped";
  readonly episode_id: string;
  readonly reward_id?: string | undefined;
  /** Of a skip, by which it is told from an earlier one of the same episode. */
  readonly at?: string | undefined;
}

/** What one reviewer has in hand and did last, newest last. */
export interface Reviewer {
  readonly id: string;
  readonly type: "reviewer";
  readonly agent_id: string;
  readonly reviewer: string;
  readonly episode_id?: string | undefined;
  readonly why?: Why | undefined;
  readonly done: readonly Step[];
  readonly labelled: number;
  readonly created_at: string;
}

export const whySchema = z.object({
  reason: z.enum(REASONS),
  text: z.string().optional().meta({ description: "The facts behind it; absent in blind mode." }),
});
export type Why = z.output<typeof whySchema>;

/** Tool definitions stay behind: they are long and the same in every episode. */
const shownEpisodeSchema = episodeSchema.omit({ tools: true, schema_version: true });

export const offerSchema = z.object({
  episode_id: idSchema,
  episode: shownEpisodeSchema.partial().meta({ description: "In blind mode without rewards and model." }),
  why: whySchema,
  leased_until: storedTimeSchema,
  blind: z.boolean(),
  yours: z
    .object({ value: z.number(), at: storedTimeSchema })
    .optional()
    .meta({ description: "Your own judgement that was taken back." }),
});
export type Offer = z.output<typeof offerSchema>;

export const labelInputSchema = z.strictObject({
  value: z.number().min(-1).max(1).meta({ description: "1 good, -1 bad, or between." }),
  tags: z
    .array(z.string().min(1).max(60))
    .max(20)
    .default([])
    .meta({ description: "Words for what is good or bad about it, at most 20." }),
  comments: z.string().max(20_000).optional().meta({ description: "What the reviewer has to say, as text." }),
  correction: correctionInputSchema.optional().meta({
    description:
      "What the agent should have done, for golden conversations and DPO pairs: a text for its answer, or `{turn, text}` or `{turn, tool_calls: [{name, arguments}]}` for one of its turns.",
  }),
});
export type LabelInput = z.output<typeof labelInputSchema>;

/** A correction beside what was said. */
export const correctionSchema = z.object({
  episode_id: idSchema,
  reward_id: idSchema,
  reviewer: z.string(),
  user_input: z.string(),
  original: z.string().meta({ description: "What was said in the corrected turn; calls as JSON text." }),
  turn: z.number().int().optional().meta({
    description:
      "The corrected turn, counted among the agent's own from 1; absent when the episode has none such.",
  }),
  correction: correctionInputSchema,
  not_golden: z
    .string()
    .optional()
    .meta({ description: "Why it makes no golden conversation; absent when it does." }),
  not_dpo: z.string().optional().meta({ description: "Why it makes no DPO pair; absent when it does." }),
  at: storedTimeSchema,
});
export type Correction = z.output<typeof correctionSchema>;

export const CORRECTION_FORMATS = ["golden", "dpo"] as const;
export type CorrectionFormat = (typeof CORRECTION_FORMATS)[number];

/** What came to lines of a file, what did not and why, and how many turns after corrected ones were cut off. */
export const correctionCountsSchema = z.object({
  corrections: z.number().int().meta({ description: "Corrections that stand." }),
  lines: z.number().int().meta({ description: "Those that make a line." }),
  left_out: z.record(z.string(), z.number().int()).meta({ description: "Those that make none, by reason." }),
  turns_dropped: z.number().int().meta({
    description: "Turns after a corrected one: they followed from what was wrong, so no line has them.",
  }),
});
export type CorrectionCounts = z.output<typeof correctionCountsSchema>;
