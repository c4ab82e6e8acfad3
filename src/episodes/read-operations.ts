import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { defineOperation } from "../doors/operation.ts";
import { agentIdSchema, continuationSchema, foundSchema, idSchema, pagingSchema } from "../doors/schemas.ts";
import { periodShape } from "../doors/times.ts";
import { episodeSchema } from "./contract.ts";
import { summary, summarySchema } from "./replies.ts";
import type { EpisodeService } from "./service.ts";

/** The rows that only look at episodes. */
export function episodeReads(deps: { service: EpisodeService; settings: Pick<Settings, "agentId"> }) {
  const { service, settings } = deps;
  const agentId = agentIdSchema.default(settings.agentId);

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
