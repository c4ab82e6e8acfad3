import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { KeyedRequest } from "../doors/keyed-request.ts";
import { defineOperation, type Reply } from "../doors/operation.ts";
import { agentIdSchema, idSchema } from "../doors/schemas.ts";
import { invalid, type LightningError } from "../kernel/errors.ts";
import { seededId } from "../kernel/ids.ts";
import { type Episode, episodeInputSchema, redactionSchema, truncatedSchema } from "./contract.ts";
import { summary, summarySchema } from "./replies.ts";
import type { EpisodeService, RecordResult } from "./service.ts";

const MOST_EPISODES = 1000;
/** Filled by the schema even when nobody sent them. */
const DEFAULTED = new Set(["tool_calls", "metadata"]);

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

/** The row that records episodes, one or many. */
export function recordOperation(deps: { service: EpisodeService; settings: Pick<Settings, "agentId"> }) {
  const { service, settings } = deps;
  const agentId = agentIdSchema.default(settings.agentId);

  return defineOperation({
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
    idempotent: false,
    idempotency: { sent: "always" },
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
    async run({ episodes, agent_id, ...single }, { request }) {
      if (episodes === undefined) {
        const [one] = withIds([{ ...single, agent_id }], request);
        const [result] = asRecorded(await service.record([one], { checked: true }), [single], request);
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
      const recorded = await service.record(withIds(episodes, request), { agentId: agent_id });
      const results = asRecorded(recorded, episodes, request);
      return { status: 207, body: many(results) };
    },
    foreseen: ({ episodes }) =>
      episodes === undefined
        ? (document) => {
            const episode = document as Episode;
            return answerOf({ status: "recorded", id: episode.id, episode });
          }
        : undefined,
  });
}

const lacksId = (item: unknown): item is Record<string, unknown> =>
  typeof item === "object" &&
  item !== null &&
  !Array.isArray(item) &&
  (item as { id?: unknown }).id === undefined;

/** Under an idempotency key, episodes without an id get the same one in every try: stored once, they stay one. */
const withIds = (items: readonly unknown[], request: KeyedRequest | undefined): readonly unknown[] =>
  request === undefined
    ? items
    : items.map((item, index) =>
        lacksId(item) ? { ...item, id: seededId("ep", request.firstAt, [request.id, index]) } : item,
      );

/** What an earlier try of this very request has stored was recorded by it, and is no duplicate. */
const asRecorded = (
  results: readonly RecordResult[],
  items: readonly unknown[],
  request: KeyedRequest | undefined,
): readonly RecordResult[] =>
  request?.isAgain === true
    ? results.map((result, index) =>
        result.status === "duplicate" && lacksId(items[index]) ? { ...result, status: "recorded" } : result,
      )
    : results;

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
