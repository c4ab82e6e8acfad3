import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { KeyedRequest } from "../doors/keyed-request.ts";
import { checkedLater } from "../doors/nouns.ts";
import { defineOperation, type Reply } from "../doors/operation.ts";
import { agentOr, idSchema, storedTimeSchema } from "../doors/schemas.ts";
import { invalid, type LightningError } from "../kernel/errors.ts";
import { isId, seededId } from "../kernel/ids.ts";
import type { PolicyOf, RedactionPolicy } from "../redaction/policy.ts";
import { redact, STANDARD } from "../redaction/redact.ts";
import { type Episode, episodeInputSchema, redactionSchema, truncatedSchema } from "./contract.ts";
import { putRight } from "./odd/episode.ts";
import { summary, summarySchema } from "./replies.ts";
import type { EpisodeService, RecordResult } from "./service.ts";

const MOST_EPISODES = 1000;
/** Filled by the schema even when nobody sent them. */
const DEFAULTED = new Set(["tool_calls", "metadata"]);

const recordedSchema = summarySchema.extend({
  success: z.literal(true),
  status: z.enum(["recorded", "duplicate"]),
  episode_id: idSchema,
  recorded_at: storedTimeSchema,
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
export function recordOperation(deps: {
  service: EpisodeService;
  settings: Pick<Settings, "agentId">;
  /** The redaction that holds for an agent; absent: the standard rules. */
  policyOf?: PolicyOf | undefined;
}) {
  const { service, settings, policyOf } = deps;
  const agentId = agentOr(settings.agentId);

  return defineOperation({
    name: "recordEpisodes",
    summary:
      "Records one episode, or many of which each succeeds or fails on its own; secrets are redacted first.",
    input: z.strictObject({
      ...episodeInputSchema.partial().shape,
      agent_id: agentId,
      episodes: z.array(checkedLater(episodeInputSchema)).min(1).max(MOST_EPISODES).optional().meta({
        description: "Many episodes with the fields below; agent_id is theirs where they have none.",
      }),
    }),
    output: z.union([recordedSchema, manySchema]),
    role: "labeller",
    effect: "write",
    idempotent: false,
    idempotency: { sent: "always" },
    rest: { method: "POST", path: "/episodes", manyAs: "episodes" },
    answers: { stored: "sometimes" },
    cli: "record",
    mcp: ["lightning_record_episode"],
    redactsItself: "toEpisode: an episode tells what was found in it",
    aliases: { episode_id: "id" },
    // Many are put right one by one, where each is checked.
    putRight: ({ episodes, ...single }) => ({
      ...putRight(single),
      ...(episodes === undefined ? {} : { episodes }),
    }),
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
      const rules = async (index: number) =>
        (await policyOf?.(agentOf(episodes[index], agent_id))) ?? STANDARD;
      return { status: 207, body: await many(results, rules) };
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

/** Whose rules hold for an item, whatever it is. */
function agentOf(item: unknown, otherwise: string): string {
  const { agent_id: named } = (item ?? {}) as { readonly agent_id?: unknown };
  return typeof named === "string" && isId(named) ? named : otherwise;
}

/** @param rules by which what is told of an item is redacted */
async function many(
  results: readonly RecordResult[],
  rules: (index: number) => Promise<RedactionPolicy>,
): Promise<z.input<typeof manySchema>> {
  const error = async (thrown: LightningError, index: number) => ({
    status: thrown.status,
    ...itemError(thrown, await rules(index)),
  });
  const count = (status: RecordResult["status"]) => results.filter((r) => r.status === status).length;
  return {
    success: count("error") === 0,
    recorded: count("recorded"),
    duplicates: count("duplicate"),
    failed: count("error"),
    results: await Promise.all(
      results.map(async (result, index) =>
        result.status === "error"
          ? {
              index,
              status: result.status,
              ...(result.id === undefined ? {} : { id: result.id }),
              error: await error(result.error, index),
            }
          : { index, status: result.status, id: result.id },
      ),
    ),
  };
}

/** Kept with the answer under an idempotency key, and made in part of the names that the caller gave its fields. */
const itemError = (error: LightningError, policy: RedactionPolicy) =>
  redact(error.toBody().error, policy).value;
