import { z } from "zod";
import { claimedName } from "../doors/kept.ts";
import type { KeyedRequest } from "../doors/keyed-request.ts";
import { type CallContext, defineOperation } from "../doors/operation.ts";
import { agentOr, idSchema } from "../doors/schemas.ts";
import { writerOf } from "../doors/writer.ts";
import { invalid } from "../kernel/errors.ts";
import { canonicalName } from "../kernel/names.ts";
import { rewardSchema } from "../rewards/contract.ts";
import { labelInputSchema, offerSchema, reviewStatusSchema, type Step } from "./contract.ts";
import type { ReviewOperationDeps } from "./operation-deps.ts";
import type { StepNamed } from "./undo.ts";

const person = claimedName(z.string().min(1).max(200)).optional().meta({
  description: "Who reviews; the signed-in person where there is one.",
});

const offered = z.object({
  agent_id: z.string(),
  reviewer: z.string(),
  item: offerSchema.nullable(),
  message: z.string().optional(),
});

/** The person signed in, else the one named. @throws invalid `reviewer_missing` */
function reviewerOf(context: CallContext, named: string | undefined): string {
  const reviewer = context.principal ?? canonicalName(named);
  if (reviewer) return reviewer;
  throw invalid("reviewer_missing", "A review needs a reviewer, and nobody is signed in.", {
    field: "reviewer",
    remedy: "Send `reviewer`, any name by which people tell reviewers apart.",
  });
}

/**
 * Takes a step back. A later try under the same key means the step that the first one noted; where that is gone it was
 * taken back, and the episode in hand is the answer.
 */
async function undoOnce(
  service: ReviewOperationDeps["service"],
  agentId: string,
  reviewer: string,
  named: StepNamed,
  request: KeyedRequest | undefined,
) {
  if (request === undefined) return service.undo(agentId, reviewer, named);
  const known = request.noted.step as Step | undefined;
  if (known !== undefined && !(await service.hasStep(agentId, reviewer, known)))
    return { offer: (await service.next(agentId, reviewer)) ?? null, gone: 0 };
  const step = known && { episodeId: known.episode_id, rewardId: known.reward_id };
  return service.undo(agentId, reviewer, step ?? named, (one) => request.note({ step: one }));
}

/** What a reviewer asks for and does, one episode at a time. */
export function deskOperations({ service, settings }: Pick<ReviewOperationDeps, "service" | "settings">) {
  const agent = { agent_id: agentOr(settings.agentId) };
  return [
    defineOperation({
      name: "nextReview",
      summary:
        "Reserves the next episode for a reviewer, by the sampling rules; the same one until it is judged.",
      input: z.strictObject({ ...agent, reviewer: person }),
      output: offered,
      role: "labeller",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/review/next" },
      cli: "review next",
      mcp: ["lightning_next_review"],
      example: { reviewer: "reviewer@example.com" },
      async run(input, context) {
        const reviewer = reviewerOf(context, input.reviewer);
        const item = await service.next(input.agent_id, reviewer);
        return {
          body: {
            agent_id: input.agent_id,
            reviewer,
            item: item ?? null,
            ...(item === undefined ? { message: "No episode waits for this reviewer." } : {}),
          },
        };
      },
    }),
    defineOperation({
      name: "submitReview",
      summary: "Stores a reviewer's judgement of an episode as a reward, with tags and a corrected answer.",
      input: z.strictObject({
        ...agent,
        episode_id: idSchema.meta({ description: "An episode's id." }),
        reviewer: person,
        ...labelInputSchema.shape,
      }),
      output: z.object({
        success: z.literal(true),
        agent_id: z.string(),
        episode_id: idSchema,
        reviewer: z.string(),
        reward_id: idSchema,
        reward: rewardSchema,
        status: reviewStatusSchema.meta({
          description: "`done`: as many people as the rules ask for judged it.",
        }),
        judged_by: z.number().int(),
      }),
      role: "labeller",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/review/{episode_id}/label" },
      cli: "review label",
      mcp: ["lightning_submit_review"],
      aliases: { feedback: "comments", reward: "value" },
      example: {
        episode_id: "ep-1a2b3c",
        reviewer: "reviewer@example.com",
        value: -1,
        tags: ["wrong tool"],
        correction: "Order 17 was shipped on Monday.",
      },
      async run({ agent_id, episode_id, reviewer: named, ...input }, context) {
        const reviewer = reviewerOf(context, named);
        const writer = writerOf(context);
        const { reward, item, status } = await service.label(
          agent_id,
          episode_id,
          reviewer,
          input,
          writer,
          context.request,
        );
        return {
          body: {
            success: true as const,
            agent_id,
            episode_id,
            reviewer,
            reward_id: reward.id,
            reward,
            status,
            judged_by: item.labels.length,
          },
        };
      },
    }),
    defineOperation({
      name: "skipReview",
      summary: "Puts the episode in hand back for others; this reviewer is not offered it again.",
      input: z.strictObject({
        ...agent,
        episode_id: idSchema.meta({ description: "An episode's id." }),
        reviewer: person,
      }),
      output: z.object({ success: z.literal(true), agent_id: z.string(), episode_id: idSchema }),
      role: "labeller",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/review/{episode_id}/skip" },
      cli: "review skip",
      mcp: ["lightning_skip_review"],
      example: { episode_id: "ep-1a2b3c", reviewer: "reviewer@example.com" },
      async run({ agent_id, episode_id, reviewer }, context) {
        const { request } = context;
        if (request?.noted.skipped !== episode_id) {
          await service.skip(agent_id, episode_id, reviewerOf(context, reviewer));
          await request?.note({ skipped: episode_id });
        }
        return { body: { success: true as const, agent_id, episode_id } };
      },
    }),
    defineOperation({
      name: "releaseReview",
      summary: "Ends a reviewer's reservation of an episode before its lease does.",
      input: z.strictObject({
        ...agent,
        episode_id: idSchema.meta({ description: "An episode's id." }),
        reviewer: person,
      }),
      output: z.object({
        success: z.literal(true),
        agent_id: z.string(),
        episode_id: idSchema,
        released: z.boolean(),
      }),
      role: "labeller",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/review/{episode_id}/release" },
      cli: "review release",
      mcp: ["lightning_release_review"],
      example: { episode_id: "ep-1a2b3c", reviewer: "reviewer@example.com" },
      async run({ agent_id, episode_id, reviewer }, context) {
        const released = await service.release(agent_id, episode_id, reviewerOf(context, reviewer));
        return { body: { success: true as const, agent_id, episode_id, released } };
      },
    }),
    defineOperation({
      name: "undoReview",
      summary:
        "Takes one label or skip of a reviewer back, the last or the one named, and hands its episode over again.",
      input: z.strictObject({
        ...agent,
        reviewer: person,
        episode_id: idSchema.optional().meta({
          description:
            "The step on this episode instead of the last; sent again, nothing more is taken back.",
        }),
        reward_id: idSchema
          .optional()
          .meta({ description: "The label that made this reward instead of the last." }),
      }),
      output: offered,
      role: "labeller",
      effect: "write",
      idempotent: false,
      idempotency: { sent: "always" },
      rest: { method: "POST", path: "/review/undo" },
      cli: "review undo",
      mcp: ["lightning_undo_review"],
      example: { reviewer: "reviewer@example.com" },
      async run({ agent_id, reviewer: named, episode_id, reward_id }, context) {
        const reviewer = reviewerOf(context, named);
        const step = { episodeId: episode_id, rewardId: reward_id };
        const { offer, gone } = await undoOnce(service, agent_id, reviewer, step, context.request);
        const passed =
          gone === 0
            ? {}
            : {
                message: `Passed over, because their episodes are gone: ${gone === 1 ? "one step" : `${gone} steps`}.`,
              };
        return { body: { agent_id, reviewer, item: offer, ...passed } };
      },
    }),
  ];
}
