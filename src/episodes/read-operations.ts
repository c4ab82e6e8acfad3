import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { redactedLater } from "../doors/kept.ts";
import { defineOperation } from "../doors/operation.ts";
import { agentOr, continuationSchema, foundSchema, idSchema, pagingSchema } from "../doors/schemas.ts";
import { periodShape } from "../doors/times.ts";
import { sha256Schema } from "../parts/contract.ts";
import { heldId } from "./clean.ts";
import { episodeSchema } from "./contract.ts";
import { ENDINGS, FAULTS_BY } from "./endings.ts";
import { askedIdSchema } from "./names.ts";
import { summary, summarySchema } from "./replies.ts";
import type { EpisodeService } from "./service.ts";

/** Of ids that machines make, episodes keep digits that look like a number of a person's. */
const madeIdSchema = redactedLater("it is looked for as episodes hold it", askedIdSchema);

/** The rows that only look at episodes. */
export function episodeReads(deps: {
  service: EpisodeService;
  settings: Pick<Settings, "agentId" | "redactSecrets">;
}) {
  const { service, settings } = deps;
  const agentId = agentOr(settings.agentId);
  const held: typeof heldId = (field, id) => (settings.redactSecrets ? heldId(field, id) : id);

  return [
    defineOperation({
      name: "listEpisodes",
      summary: "Lists an agent's episodes, newest first, with the beginnings of their texts.",
      input: z.strictObject({
        agent_id: agentId,
        ...periodShape,
        min_reward: z
          .number()
          .min(-1)
          .max(1)
          .optional()
          .meta({ description: "Only episodes whose average reward is at least this, -1 to 1." }),
        session_id: askedIdSchema.optional().meta({ description: "Only episodes of this session." }),
        correlation_id: askedIdSchema
          .optional()
          .meta({ description: "Only episodes with this correlation id." }),
        response_id: madeIdSchema
          .optional()
          .meta({ description: "Only the episode of this answer, by the provider's id of it." }),
        trace_id: madeIdSchema.optional().meta({ description: "Only episodes of this trace." }),
        span_id: madeIdSchema.optional().meta({ description: "Only the episode of this span." }),
        ending: z
          .enum(ENDINGS)
          .optional()
          .meta({ description: "Only episodes whose answer ended in this way." }),
        error_by: z
          .enum(FAULTS_BY)
          .optional()
          .meta({ description: "Only episodes whose error was the fault of this one." }),
        model_deployment: z
          .string()
          .max(256)
          .optional()
          .meta({ description: "Only episodes that this model or deployment answered." }),
        part: sha256Schema
          .optional()
          .meta({ description: "Only episodes that hold this part in a file, by its hash." }),
        tool_name: askedIdSchema.optional().meta({ description: "Only episodes that called this tool." }),
        ...pagingSchema,
      }),
      output: z.object({
        agent_id: z.string(),
        episodes_found: foundSchema("Episodes"),
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
            responseId: held("response_id", input.response_id),
            traceId: held("trace_id", input.trace_id),
            spanId: held("span_id", input.span_id),
            ending: input.ending,
            errorBy: input.error_by,
            model: input.model_deployment,
            toolName: input.tool_name,
            part: input.part,
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
      summary:
        "Shows one episode as it is stored, with its reward aggregate; `parts` are what of it lies in files, for getPart.",
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
