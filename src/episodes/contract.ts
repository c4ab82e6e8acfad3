import { hash } from "node:crypto";
import { z } from "zod";
import { messageSchema, toolDefinitionSchema } from "../doors/chat.ts";
import { agentIdSchema, idSchema, jsonSchema, metadataSchema, storedTimeSchema } from "../doors/schemas.ts";
import { timeSchema } from "../doors/times.ts";
import { toIso } from "../kernel/clock.ts";
import { sha256Schema } from "../parts/contract.ts";
import { ENDINGS, FAULTS_BY } from "./endings.ts";

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
  id: z.string().max(200).optional().meta({ description: "The call's id in `messages`." }),
  tool_name: z.string().min(1).max(200).meta({ description: "Name of the tool." }),
  arguments: jsonSchema.optional().meta({ description: "What the tool was called with, any JSON." }),
  result: jsonSchema.optional().meta({ description: "What the tool answered, any JSON." }),
  duration_ms: z.number().min(0).optional().meta({ description: "How long the call took, in ms." }),
  error: z.string().optional().meta({ description: "Why the call failed; absent when it did not." }),
});
export type ToolCall = z.output<typeof toolCallSchema>;

export const tokenUsageSchema = z.object({
  prompt_tokens: z.number().int().min(0).optional().meta({ description: "Tokens of the request." }),
  completion_tokens: z.number().int().min(0).optional().meta({ description: "Tokens of the answer." }),
  total_tokens: z.number().int().min(0).optional().meta({ description: "Both together." }),
  cached_tokens: z
    .number()
    .int()
    .min(0)
    .optional()
    .meta({ description: "Of the request's tokens, those that the provider had in its cache." }),
  reasoning_tokens: z
    .number()
    .int()
    .min(0)
    .optional()
    .meta({ description: "Of the answer's tokens, those spent on reasoning." }),
});

/** Version of the rules that were applied and how often each hit; `withheld` when redaction itself failed. */
export const redactionSchema = z.object({
  version: z.string().max(40).meta({ description: "Version of the redaction rules that were applied." }),
  counts: z
    .record(z.string().max(60), z.number().int().min(0))
    .meta({ description: "How often each rule hit." }),
  withheld: z
    .boolean()
    .optional()
    .meta({ description: "True when redaction failed, and the text was left out instead." }),
});
/** Characters cut for LIGHTNING_MAX_OUTPUT_LENGTH or for the ledger's bounds, by field path; `messages`: whole ones. */
export const truncatedSchema = z.record(z.string().max(200), z.number().int().min(0));

/** Parts in files that one episode may point at. */
const MOST_PARTS = 1000;

/** What a caller may send. */
export const episodeInputSchema = z.strictObject({
  id: idSchema.optional().meta({ description: "Sent again with the same id, an episode is stored once." }),
  agent_id: agentIdSchema,
  user_input: z.string().min(1).meta({ description: "What the user asked, as text." }),
  assistant_output: z.string().meta({ description: "What the agent answered, as text." }),
  messages: z.array(messageSchema).max(2000).optional().meta({
    description:
      "The whole conversation in chat form, at most 2,000; absent, it is made of `user_input`, `tool_calls` and `assistant_output`.",
  }),
  tools: z
    .array(toolDefinitionSchema)
    .max(512)
    .optional()
    .meta({ description: "Definitions of the tools that the model was offered, in chat form, at most 512." }),
  parallel_tool_calls: z
    .boolean()
    .optional()
    .meta({ description: "Whether the model was allowed several tool calls in one turn." }),
  tool_calls: z
    .array(toolCallSchema)
    .max(2000)
    .default([])
    .meta({ description: "The tool calls of the episode in order, at most 2,000." }),
  system_prompt: z.string().optional().meta({ description: "The system message that the model was given." }),
  instructions_hash: z
    .string()
    .max(64)
    .optional()
    .meta({ description: "A hash of the agent's instructions, to tell their versions apart." }),
  model_deployment: z
    .string()
    .max(256)
    .optional()
    .meta({ description: "The model or deployment that answered." }),
  sampling: metadataSchema
    .optional()
    .meta({ description: "The sampling parameters of the call, such as `temperature`." }),
  correlation_id: z
    .string()
    .max(200)
    .optional()
    .meta({ description: "An id of the caller's that joins the episode to its own logs and traces." }),
  response_id: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: "The provider's id of the answer, by which a reward may name the episode." }),
  trace_id: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: "The trace that the call belongs to, as OpenTelemetry writes it." }),
  span_id: z.string().min(1).max(200).optional().meta({ description: "The call's own span in that trace." }),
  session_id: z.string().max(200).optional().meta({
    description: "The conversation that it belongs to; a session never stands on two sides of a split.",
  }),
  user_id: z.string().max(200).optional().meta({ description: "Who asked, as the caller names them." }),
  request_latency_ms: z
    .number()
    .min(0)
    .optional()
    .meta({ description: "How long the whole request took, in ms." }),
  first_token_ms: z
    .number()
    .min(0)
    .optional()
    .meta({ description: "How long it took until the first part of the answer, in ms." }),
  token_usage: tokenUsageSchema
    .optional()
    .meta({ description: "Tokens that the provider counted for the request." }),
  cost_usd: z.number().min(0).optional().meta({ description: "What the request cost, in US dollars." }),
  error: z.string().optional().meta({ description: "Why the request failed; absent when it did not." }),
  error_by: z.enum(FAULTS_BY).optional().meta({
    description: "Whose fault the error was; only the model's own is a judgement of it. Absent: not known.",
  }),
  ending: z.enum(ENDINGS).optional().meta({
    description:
      "How the answer ended; datasets take those that the model finished, and those that do not say.",
  }),
  missing: z.array(z.string().max(300)).max(50).optional().meta({
    description: "Parts of the conversation that only the provider has, such as an earlier response.",
  }),
  metadata: metadataSchema.default({}).meta({
    description: "Anything else, by name; results of tests and evaluations in it are scored automatically.",
  }),
  created_at: timeSchema.optional().meta({
    description:
      "When it happened, RFC 3339 with zone; a day alone is its first instant, UTC; now when absent.",
  }),
  redaction: redactionSchema.optional().meta({
    description: "What the sender's own redaction found; it runs again here and the counts are added.",
  }),
  truncated: truncatedSchema.optional().meta({
    description: "Characters the sender cut, by field path; by `messages` those of whole messages.",
  }),
  parts: z.array(sha256Schema).min(1).max(MOST_PARTS).optional().meta({
    description:
      "Hashes of the parts that lie in files (addPart) and that pointers in its texts stand for, at most 1,000.",
  }),
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
  tool_names: z.array(z.string()).meta({ description: "Distinct names of called tools, for filters." }),
  sample_key: z.number().int().optional().meta({
    description:
      "What random samples draw by, 0 to 1023, a hash of the id; absent on episodes of earlier versions.",
  }),
  redaction: redactionSchema.extend({
    rescan: idSchema.optional().meta({
      description: "The re-scan that last replaced something in it, after it was recorded.",
    }),
  }),
  truncated: truncatedSchema.optional(),
  schema_version: z.literal(1),
});
export type Episode = z.output<typeof episodeSchema>;

/** Sample keys are 0 to 1023: a million episodes are a page of a thousand to each. */
export const SAMPLE_KEYS = 1024;
export const sampleKeyOf = (agentId: string, id: string): number =>
  Number.parseInt(hash("sha256", `${agentId}/${id}`, "hex").slice(0, 8), 16) % SAMPLE_KEYS;

/** No agent that sends episodes is older. */
export const EARLIEST_CREATED_AT = "2000-01-01T00:00:00.000Z";
/** How far a sender's clock may be ahead: more than any two time zones are apart. */
const MOST_AHEAD_MS = 48 * 3_600_000;
/** The latest `created_at` that is believed now. */
export const latestBelievable = (now: number): string => toIso(now + MOST_AHEAD_MS);
