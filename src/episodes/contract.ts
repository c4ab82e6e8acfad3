import { z } from "zod";
import { messageSchema, toolDefinitionSchema } from "../doors/chat.ts";
import {
  agentIdSchema,
  idSchema,
  jsonSchema,
  metadataSchema,
  storedTimeSchema,
  timeSchema,
} from "../doors/schemas.ts";

export {
  contentPartSchema,
  type Message,
  messageSchema,
  messageToolCallSchema,
  type ToolDefinition,
  toolDefinitionSchema,
} from "../doors/chat.ts";

/** One call of a tool by the agent, in the design's words. */
export const toolCallSchema = z.object({
  id: z.string().max(200).optional(),
  tool_name: z.string().min(1).max(200),
  arguments: jsonSchema.optional(),
  result: jsonSchema.optional(),
  duration_ms: z.number().min(0).optional(),
  error: z.string().optional(),
});
export type ToolCall = z.output<typeof toolCallSchema>;

export const tokenUsageSchema = z.object({
  prompt_tokens: z.number().int().min(0).optional(),
  completion_tokens: z.number().int().min(0).optional(),
  total_tokens: z.number().int().min(0).optional(),
});

/** Version of the rules that were applied and how often each hit; `withheld` when redaction itself failed. */
export const redactionSchema = z.object({
  version: z.string().max(40),
  counts: z.record(z.string().max(60), z.number().int().min(0)),
  withheld: z.boolean().optional(),
});
/** Characters cut by LIGHTNING_MAX_OUTPUT_LENGTH, by field path. */
export const truncatedSchema = z.record(z.string().max(200), z.number().int().min(0));

/** What a caller may send. */
export const episodeInputSchema = z.strictObject({
  id: idSchema.optional().meta({ description: "Sent again with the same id, an episode is stored once." }),
  agent_id: agentIdSchema,
  user_input: z.string().min(1),
  assistant_output: z.string(),
  messages: z.array(messageSchema).max(2000).optional(),
  tools: z.array(toolDefinitionSchema).max(512).optional(),
  parallel_tool_calls: z.boolean().optional(),
  tool_calls: z.array(toolCallSchema).max(2000).default([]),
  system_prompt: z.string().optional(),
  instructions_hash: z.string().max(64).optional(),
  model_deployment: z.string().max(256).optional(),
  sampling: metadataSchema.optional(),
  correlation_id: z.string().max(200).optional(),
  session_id: z.string().max(200).optional(),
  user_id: z.string().max(200).optional(),
  request_latency_ms: z.number().min(0).optional(),
  token_usage: tokenUsageSchema.optional(),
  cost_usd: z.number().min(0).optional(),
  error: z.string().optional(),
  metadata: metadataSchema.default({}),
  created_at: timeSchema.optional().meta({ description: "When it happened; now when absent." }),
  redaction: redactionSchema.optional().meta({
    description: "What the sender's own redaction found; it runs again here and the counts are added.",
  }),
  truncated: truncatedSchema.optional().meta({ description: "Characters the sender cut, by field path." }),
});
export type EpisodeInput = z.input<typeof episodeInputSchema>;
export type CheckedEpisodeInput = z.output<typeof episodeInputSchema>;

/** Sums over an episode's rewards of one source. */
export const sourceAggregateSchema = z.object({
  count: z.number().int(),
  sum: z.number(),
  latest_at: storedTimeSchema,
});

/**
 * What the rewards feed keeps on the episode: recomputed from all rewards, never incremented. `reward_avg` is the mean
 * of judgements; penalties (latency, cost) are a term of their own, so that an approval of a slow call is not lost.
 */
export const rewardAggregateSchema = z.object({
  reward_count: z.number().int().optional(),
  reward_sum: z.number().optional(),
  reward_avg: z.number().optional(),
  reward_penalty: z.number().optional(),
  reward_vetoed: z.boolean().optional(),
  reward_sources: z.array(z.string()).optional(),
  reward_by_source: z.record(z.string(), sourceAggregateSchema).optional(),
  reward_policy: z.string().optional(),
  rewards_at: storedTimeSchema.optional(),
});
export type RewardAggregate = z.output<typeof rewardAggregateSchema>;

/** An episode as it is stored and answered. */
export const episodeSchema = z.object({
  ...episodeInputSchema.shape,
  ...rewardAggregateSchema.shape,
  id: idSchema,
  tool_calls: z.array(toolCallSchema),
  metadata: metadataSchema,
  created_at: storedTimeSchema,
  recorded_at: storedTimeSchema,
  /** Distinct names of called tools, for filters. */
  tool_names: z.array(z.string()),
  redaction: redactionSchema,
  truncated: truncatedSchema.optional(),
  schema_version: z.literal(1),
});
export type Episode = z.output<typeof episodeSchema>;
