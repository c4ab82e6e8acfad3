import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { defineOperation, type Reply } from "../doors/operation.ts";
import { agentIdSchema, continuationSchema, idSchema, pagingSchema, timeSchema } from "../doors/schemas.ts";
import { invalid, type LightningError } from "../kernel/errors.ts";
import {
  type Episode,
  episodeInputSchema,
  episodeSchema,
  redactionSchema,
  truncatedSchema,
} from "./contract.ts";
import type { EpisodeService, RecordResult } from "./service.ts";

/** The original's preview: 200 characters, then dots. */
const PREVIEW = 200;
const MOST_EPISODES = 1000;
/** Filled by the schema even when nobody sent them. */
const DEFAULTED = new Set(["tool_calls", "metadata"]);
const preview = (text: string) => (text.length <= PREVIEW ? text : `${text.slice(0, PREVIEW)}...`);

const summarySchema = z.object({
  id: idSchema,
  agent_id: z.string(),
  user_input: z.string(),
  assistant_output: z.string(),
  tool_calls_count: z.number().int(),
  tool_names: z.array(z.string()),
  model_deployment: z.string().nullable(),
  request_latency_ms: z.number().nullable(),
  session_id: z.string().nullable(),
  correlation_id: z.string().nullable(),
  reward_count: z.number().int(),
  reward_avg: z.number().nullable(),
  reward_penalty: z.number().nullable(),
  reward_vetoed: z.boolean(),
  created_at: z.string(),
});

function summary(episode: Episode): z.input<typeof summarySchema> {
  return {
    id: episode.id,
    agent_id: episode.agent_id,
    user_input: preview(episode.user_input),
    assistant_output: preview(episode.assistant_output),
    tool_calls_count: episode.tool_calls.length,
    tool_names: episode.tool_names,
    model_deployment: episode.model_deployment ?? null,
    request_latency_ms: episode.request_latency_ms ?? null,
    session_id: episode.session_id ?? null,
    correlation_id: episode.correlation_id ?? null,
    reward_count: episode.reward_count ?? 0,
    reward_avg: episode.reward_avg ?? null,
    reward_penalty: episode.reward_penalty ?? null,
    reward_vetoed: episode.reward_vetoed ?? false,
    created_at: episode.created_at,
  };
}

const recordedSchema = summarySchema.extend({
  success: z.literal(true),
  status: z.enum(["recorded", "duplicate"]),
  episode_id: idSchema,
  recorded_at: z.string(),
  redaction: redactionSchema,
  truncated: truncatedSchema.optional(),
});
const manySchema = z.object({
  success: z.boolean().meta({ description: "True when every item was recorded or was there already." }),
  recorded: z.number().int(),
  duplicates: z.number().int(),
  failed: z.number().int(),
  results: z.array(
    z.object({
      index: z.number().int(),
      status: z.enum(["recorded", "duplicate", "error"]),
      id: z.string().optional(),
      error: z
        .object({
          code: z.string(),
          message: z.string(),
          status: z.number().int(),
          field: z.string().optional(),
          remedy: z.string().optional(),
          details: z.unknown().optional(),
        })
        .optional(),
    }),
  ),
});

/** A date without a time means the whole day. */
const endOfDay = z
  .string()
  .transform((text) => (/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T23:59:59.999Z` : text))
  .pipe(timeSchema);

export function episodeOperations(deps: { service: EpisodeService; settings: Pick<Settings, "agentId"> }) {
  const { service, settings } = deps;
  const agentId = agentIdSchema.default(settings.agentId);

  return [
    defineOperation({
      name: "recordEpisodes",
      summary:
        "Records one episode, or many of which each succeeds or fails on its own; secrets are redacted first.",
      input: z.strictObject({
        ...episodeInputSchema.partial().shape,
        agent_id: agentId,
        episodes: z.array(z.unknown()).min(1).max(MOST_EPISODES).optional().meta({
          description: "Many episodes with the fields below; agent_id is theirs where they have none.",
        }),
      }),
      output: z.union([recordedSchema, manySchema]),
      role: "labeller",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/episodes", manyAs: "episodes" },
      cli: "record",
      mcp: ["lightning_record_episode"],
      aliases: { episode_id: "id" },
      example: {
        user_input: "What is the status of order 17?",
        assistant_output: "Order 17 was shipped on Monday.",
        tool_calls: [{ tool_name: "get_order", arguments: { id: 17 }, result: "shipped", duration_ms: 42 }],
        model_deployment: "gpt-4o-mini",
      },
      async run({ episodes, agent_id, ...single }) {
        if (episodes === undefined) {
          const [result] = await service.record([{ ...single, agent_id }], { checked: true });
          if (result === undefined || result.status === "error") throw result?.error;
          return answerOf(result);
        }
        const beside = Object.entries(single).find(
          ([key, value]) => value !== undefined && !DEFAULTED.has(key),
        );
        if (beside !== undefined)
          throw invalid(
            "invalid_input",
            `"${beside[0]}" belongs to one episode and stands beside "episodes".`,
            {
              field: beside[0],
              remedy: 'Send either the fields of one episode or "episodes".',
            },
          );
        const results = await service.record(episodes, { agentId: agent_id });
        return { status: 207, body: many(results) };
      },
      foreseen: ({ episodes }) =>
        episodes === undefined
          ? (document) => {
              const episode = document as Episode;
              return answerOf({ status: "recorded", id: episode.id, episode });
            }
          : undefined,
    }),

    defineOperation({
      name: "listEpisodes",
      summary: "Lists an agent's episodes, newest first, with the beginnings of their texts.",
      input: z.strictObject({
        agent_id: agentId,
        start_date: timeSchema.optional().meta({ description: "From this time on." }),
        end_date: endOfDay.optional().meta({ description: "Until this time; a date means its whole day." }),
        min_reward: z
          .number()
          .min(-1)
          .max(1)
          .optional()
          .meta({ description: "Only episodes whose average reward is at least this, -1 to 1." }),
        session_id: z.string().max(200).optional().meta({ description: "Only episodes of this session." }),
        correlation_id: z
          .string()
          .max(200)
          .optional()
          .meta({ description: "Only episodes with this correlation id." }),
        model_deployment: z
          .string()
          .max(256)
          .optional()
          .meta({ description: "Only episodes that this model or deployment answered." }),
        tool_name: z
          .string()
          .max(200)
          .optional()
          .meta({ description: "Only episodes that called this tool." }),
        ...pagingSchema,
      }),
      output: z.object({
        agent_id: z.string(),
        episodes_found: z.number().int().meta({ description: "Episodes on this page." }),
        episodes: z.array(summarySchema),
        continuation: continuationSchema,
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/episodes" },
      cli: "list-episodes",
      mcp: ["lightning_list_episodes"],
      aliases: { model: "model_deployment" },
      example: { limit: 20, min_reward: 0.5 },
      async run(input) {
        const page = await service.list(
          {
            agentId: input.agent_id,
            from: input.start_date,
            until: input.end_date,
            minReward: input.min_reward,
            sessionId: input.session_id,
            correlationId: input.correlation_id,
            model: input.model_deployment,
            toolName: input.tool_name,
          },
          input.limit,
          input.continuation,
        );
        return {
          body: {
            agent_id: input.agent_id,
            episodes_found: page.items.length,
            episodes: page.items.map(summary),
            ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
          },
        };
      },
    }),

    defineOperation({
      name: "getEpisode",
      summary: "Shows one episode as it is stored, with its reward aggregate.",
      input: z.strictObject({
        agent_id: agentId,
        episode_id: idSchema.meta({ description: "An episode's id." }),
      }),
      output: episodeSchema.extend({ episode_id: idSchema }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/episodes/{episode_id}" },
      cli: "show-episode",
      mcp: ["lightning_get_episode"],
      aliases: { id: "episode_id" },
      example: { episode_id: "ep-1a2b3c" },
      async run({ agent_id, episode_id }) {
        const episode = await service.get(episode_id, agent_id);
        return { body: { ...episode, episode_id: episode.id } };
      },
    }),
  ];
}

function answerOf({
  episode,
  status,
}: Exclude<RecordResult, { status: "error" }>): Reply<z.input<typeof recordedSchema>> {
  const body: z.input<typeof recordedSchema> = {
    success: true,
    status,
    episode_id: episode.id,
    ...summary(episode),
    recorded_at: episode.recorded_at,
    redaction: episode.redaction,
    ...(episode.truncated === undefined ? {} : { truncated: episode.truncated }),
  };
  return { status: status === "recorded" ? 201 : 200, body };
}

function many(results: readonly RecordResult[]): z.input<typeof manySchema> {
  const count = (status: RecordResult["status"]) => results.filter((r) => r.status === status).length;
  return {
    success: count("error") === 0,
    recorded: count("recorded"),
    duplicates: count("duplicate"),
    failed: count("error"),
    results: results.map((result, index) =>
      result.status === "error"
        ? {
            index,
            status: result.status,
            ...(result.id === undefined ? {} : { id: result.id }),
            error: { status: result.error.status, ...itemError(result.error) },
          }
        : { index, status: result.status, id: result.id },
    ),
  };
}

const itemError = (error: LightningError) => error.toBody().error;
