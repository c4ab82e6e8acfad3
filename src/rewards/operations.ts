import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { defineOperation } from "../doors/operation.ts";
import { agentIdSchema, continuationSchema, foundSchema, idSchema, pagingSchema } from "../doors/schemas.ts";
import { writerOf } from "../doors/writer.ts";
import { canonicalName } from "../kernel/names.ts";
import { REWARD_SOURCES, type Reward, rewardInputSchema, rewardSchema } from "./contract.ts";
import type { RewardService } from "./service.ts";

const assignedSchema = rewardSchema.extend({
  success: z.literal(true),
  reward_id: idSchema,
  deduplicated: z.boolean().meta({ description: "The same judgement stood already; nothing was stored." }),
});

/** A latency or cost that is not above its threshold: nothing to judge, so nothing is stored. */
const notRecordedSchema = z.object({
  success: z.literal(true),
  recorded: z.literal(false).meta({ description: "Not above the threshold; nothing was stored." }),
  agent_id: z.string(),
  episode_id: z.string(),
  source: z.enum(REWARD_SOURCES),
});

const listedSchema = rewardSchema.extend({
  rubric: z.string().nullable(),
  evaluator: z.string().nullable(),
});
const listed = (reward: Reward): z.input<typeof listedSchema> => ({
  id: reward.id,
  agent_id: reward.agent_id,
  episode_id: reward.episode_id,
  source: reward.source,
  value: reward.value,
  rubric: reward.rubric ?? null,
  evaluator: reward.evaluator ?? null,
  ...(reward.writer === undefined ? {} : { writer: reward.writer }),
  ...(reward.raw_value === undefined ? {} : { raw_value: reward.raw_value }),
  ...(reward.comments === undefined ? {} : { comments: reward.comments }),
  ...(reward.supersedes === undefined ? {} : { supersedes: reward.supersedes }),
  ...(reward.withdrawn === undefined ? {} : { withdrawn: reward.withdrawn }),
  metadata: reward.metadata,
  created_at: reward.created_at,
});

export function rewardOperations(deps: { service: RewardService; settings: Pick<Settings, "agentId"> }) {
  const { service, settings } = deps;
  const agentId = agentIdSchema.default(settings.agentId);

  return [
    defineOperation({
      name: "assignReward",
      summary:
        "Rewards an episode; the same judgement sent again changes nothing, another one supersedes it, and a latency or cost up to its threshold is not stored.",
      input: z.strictObject({ ...rewardInputSchema.shape, agent_id: agentId }),
      output: z.union([assignedSchema, notRecordedSchema]),
      role: "labeller",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/rewards" },
      cli: "reward",
      mcp: ["lightning_assign_reward"],
      aliases: {
        reward_value: "value",
        reward: "value",
        reward_source: "source",
        feedback: "comments",
        reviewer: "evaluator",
      },
      example: { episode_id: "ep-1a2b3c", value: 1, comments: "Correct and short." },
      async run(input, { principal, caller, request }) {
        // A person who is known is the one who approves; other sources name their judge themselves.
        const evaluator =
          input.source === "human_approval" ? (principal ?? input.evaluator) : (input.evaluator ?? principal);
        const assigned = await service.assign(
          { ...input, evaluator },
          writerOf({ principal, caller }),
          request,
        );
        if (assigned === undefined) {
          const { agent_id, episode_id, source } = input;
          return { body: { success: true as const, recorded: false as const, agent_id, episode_id, source } };
        }
        const { reward, deduplicated } = assigned;
        return {
          status: deduplicated ? 200 : 201,
          body: { success: true as const, reward_id: reward.id, ...reward, deduplicated },
        };
      },
    }),

    defineOperation({
      name: "listRewards",
      summary: "Lists an agent's or one episode's rewards, newest first.",
      input: z.strictObject({
        agent_id: agentId,
        episode_id: idSchema.optional().meta({ description: "Only rewards of this episode." }),
        source: z.enum(REWARD_SOURCES).optional().meta({ description: "Only rewards from this source." }),
        evaluator: z
          .string()
          .max(200)
          .optional()
          .meta({ description: "Only rewards by this evaluator, written as there." }),
        ...pagingSchema,
        limit: pagingSchema.limit.unwrap().default(50).meta({ description: "Items on a page, 1 to 1000." }),
      }),
      output: z.object({
        agent_id: z.string(),
        rewards_found: foundSchema("Rewards"),
        rewards: z.array(listedSchema),
        hidden: z.number().int().optional().meta({
          description: "Rewards of this page that a blind review keeps from the caller.",
        }),
        continuation: continuationSchema,
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/rewards" },
      cli: "list-rewards",
      mcp: ["lightning_list_rewards"],
      aliases: { reward_source: "source" },
      example: { episode_id: "ep-1a2b3c" },
      async run(input) {
        const page = await service.list(
          {
            agentId: input.agent_id,
            episodeId: input.episode_id,
            source: input.source,
            evaluator: canonicalName(input.evaluator),
          },
          input.limit,
          input.continuation,
        );
        return {
          body: {
            agent_id: input.agent_id,
            rewards_found: page.items.length,
            rewards: page.items.map(listed),
            ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
          },
        };
      },
    }),
  ];
}
