import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { defineOperation } from "../doors/operation.ts";
import { agentIdSchema, continuationSchema, idSchema, pagingSchema } from "../doors/schemas.ts";
import { REWARD_SOURCES, type Reward, rewardInputSchema, rewardSchema } from "./contract.ts";
import type { RewardService } from "./service.ts";

const assignedSchema = rewardSchema.extend({
  success: z.literal(true),
  reward_id: idSchema,
  deduplicated: z.boolean().meta({ description: "The same judgement stood already; nothing was stored." }),
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
        "Rewards an episode; the same judgement sent again changes nothing, another one supersedes it.",
      input: z.strictObject({ ...rewardInputSchema.shape, agent_id: agentId }),
      output: assignedSchema,
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
      async run(input, { principal }) {
        // A person who is known is the one who approves; other sources name their judge themselves.
        const evaluator =
          input.source === "human_approval" ? (principal ?? input.evaluator) : (input.evaluator ?? principal);
        const { reward, deduplicated } = await service.assign({ ...input, evaluator });
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
        episode_id: idSchema.optional(),
        source: z.enum(REWARD_SOURCES).optional(),
        evaluator: z.string().max(200).optional(),
        ...pagingSchema,
        limit: pagingSchema.limit.unwrap().default(50),
      }),
      output: z.object({
        agent_id: z.string(),
        rewards_found: z.number().int().meta({ description: "Rewards on this page." }),
        rewards: z.array(listedSchema),
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
            evaluator: input.evaluator,
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
