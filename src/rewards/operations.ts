import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { redactedLater } from "../doors/kept.ts";
import { defineOperation } from "../doors/operation.ts";
import { agentOr, continuationSchema, foundSchema, idSchema, pagingSchema } from "../doors/schemas.ts";
import { writerOf } from "../doors/writer.ts";
import { episodeNameShape, namesIn } from "../episodes/names.ts";
import { without } from "../kernel/defined.ts";
import { canonicalName } from "../kernel/names.ts";
import { judgementSchema, REWARD_SOURCES, type Reward, rewardSchema } from "./contract.ts";
import { feedbackShape, judgementOf } from "./feedback.ts";
import { GIVEN_ANSWERS, givenSchema, replyOf } from "./given-replies.ts";
import type { RewardGiving } from "./giving.ts";
import type { RewardService } from "./service.ts";
import { toldOf, WAITING_STATES, waitingRewardSchema } from "./waiting-contract.ts";

const waitSchema = z.boolean().default(true).meta({
  description:
    "An episode that is not recorded yet is waited for, for LIGHTNING_REWARD_WAIT_DAYS; false: refused at once.",
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
  ...(reward.withdrawn_by === undefined ? {} : { withdrawn_by: reward.withdrawn_by }),
  metadata: reward.metadata,
  created_at: reward.created_at,
});

export function rewardOperations(deps: {
  service: RewardService;
  giving: RewardGiving;
  /** How a name may stand in the ledger; absent: as it is. */
  namesOf?: (agentId: string, name: string) => Promise<readonly string[]>;
  settings: Pick<Settings, "agentId">;
}) {
  const { service, giving, namesOf = async (_agentId, name) => [name], settings } = deps;
  const agentId = agentOr(settings.agentId);

  return [
    defineOperation({
      name: "assignReward",
      summary:
        "Rewards an episode, named by any of its ids; the same judgement sent again changes nothing, another one supersedes it, one whose episode is not recorded yet waits for it, and a latency or cost up to its threshold is not stored.",
      input: z.strictObject({
        agent_id: agentId,
        ...episodeNameShape,
        ...without(judgementSchema.shape, "agent_id"),
        wait_for_episode: waitSchema,
      }),
      output: givenSchema,
      role: "labeller",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/rewards" },
      answers: GIVEN_ANSWERS,
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
      async run({ wait_for_episode: wait, ...input }, { principal, caller, request }) {
        // A person who is known is the one who approves; other sources name their judge themselves.
        const evaluator =
          input.source === "human_approval" ? (principal ?? input.evaluator) : (input.evaluator ?? principal);
        const writer = writerOf({ principal, caller });
        const isOwner = caller?.may("owner", input.agent_id) ?? true;
        return replyOf(await giving.give({ ...input, evaluator }, { writer, isOwner, wait, request }), input);
      },
    }),

    defineOperation({
      name: "recordFeedback",
      summary:
        "Takes what a user has to say of an answer (thumbs, a score, a label, a comment, the better answer), for an episode named by any of its ids; the better answer becomes golden and DPO data.",
      input: z.strictObject({
        agent_id: agentId,
        ...episodeNameShape,
        ...feedbackShape,
        wait_for_episode: waitSchema,
      }),
      output: givenSchema,
      role: "labeller",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/feedback" },
      answers: GIVEN_ANSWERS,
      cli: "feedback",
      mcp: ["lightning_record_feedback"],
      aliases: { comments: "comment", correction: "better_answer", rubric: "metric", user: "evaluator" },
      example: {
        response_id: "chatcmpl-9xQ2",
        thumbs: "down",
        better_answer: "Order 17 was shipped on Monday.",
      },
      async run({ wait_for_episode: wait, agent_id, ...input }, { principal, caller, request }) {
        const evaluator = principal ?? input.evaluator;
        const { judgement, mustCorrect } = judgementOf({ ...input, evaluator });
        const given = await giving.give(
          { ...namesIn(input), ...judgement, agent_id },
          { writer: writerOf({ principal, caller }), wait, mustCorrect, request },
        );
        return replyOf(given, { agent_id, source: "human_approval" });
      },
    }),

    defineOperation({
      name: "withdrawReward",
      summary:
        "Takes a reward back, so that it counts no more: your own, or as an owner anybody's, a safety check's veto among them.",
      input: z.strictObject({
        agent_id: agentId,
        episode_id: idSchema.meta({ description: "The episode that it judges." }),
        reward_id: idSchema.meta({ description: "The reward to take back, as listRewards tells it." }),
        reason: z
          .string()
          .trim()
          .min(1)
          .max(2000)
          .meta({ description: "Why; it stays with the withdrawal." }),
      }),
      output: z.object({
        success: z.literal(true),
        agent_id: z.string(),
        episode_id: idSchema,
        reward_id: idSchema,
        withdrawn: z
          .boolean()
          .meta({ description: "false: another judgement had taken its place; nothing was stored." }),
        withdrawal_id: idSchema.optional().meta({ description: "The reward that stands in its place." }),
      }),
      role: "labeller",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/rewards/{reward_id}/withdraw" },
      cli: "withdraw-reward",
      mcp: ["lightning_withdraw_reward"],
      aliases: { id: "reward_id", comments: "reason" },
      example: {
        episode_id: "ep-1a2b3c",
        reward_id: "rew-1a2b3c",
        reason: "The check ran on the wrong build.",
      },
      async run({ agent_id, episode_id, reward_id, reason }, { principal, caller }) {
        const withdrawalId = await service.takeBack(
          { agentId: agent_id, episodeId: episode_id, rewardId: reward_id },
          {
            writer: writerOf({ principal, caller }),
            isOwner: caller?.may("owner", agent_id) ?? true,
            reason,
          },
        );
        return {
          body: {
            success: true as const,
            agent_id,
            episode_id,
            reward_id,
            withdrawn: withdrawalId !== undefined,
            ...(withdrawalId === undefined ? {} : { withdrawal_id: withdrawalId }),
          },
        };
      },
    }),

    defineOperation({
      name: "listWaitingRewards",
      summary:
        "Lists rewards and feedback that came before their episodes, newest first: what waits, and for thirty days what became of it.",
      input: z.strictObject({
        agent_id: agentId,
        state: z.enum(WAITING_STATES).optional().meta({ description: "Only those in this state." }),
        ...pagingSchema,
      }),
      output: z.object({
        agent_id: z.string(),
        waiting_found: foundSchema("Waiting rewards"),
        waiting: z.array(waitingRewardSchema),
        continuation: continuationSchema,
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/rewards/waiting" },
      cli: "waiting-rewards",
      mcp: ["lightning_list_waiting_rewards"],
      example: { state: "expired" },
      async run({ agent_id, state, limit, continuation: after }) {
        const { items, continuation } = await giving.listWaiting(agent_id, state, limit, after);
        return {
          body: {
            agent_id,
            waiting_found: items.length,
            waiting: items.map(toldOf),
            ...(continuation === undefined ? {} : { continuation }),
          },
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
        evaluator: redactedLater(
          "a signed-in person's name is kept, one that was given is not: both are looked for",
          z.string().max(200),
        )
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
        const evaluator = canonicalName(input.evaluator);
        const page = await service.list(
          {
            agentId: input.agent_id,
            episodeId: input.episode_id,
            source: input.source,
            evaluators: evaluator === undefined ? undefined : await namesOf(input.agent_id, evaluator),
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
