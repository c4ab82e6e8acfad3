import { z } from "zod";
import { defineOperation } from "../doors/operation.ts";
import { agentOr, idSchema } from "../doors/schemas.ts";
import { defined } from "../kernel/defined.ts";
import { leaseSchema, reviewRulesSchema } from "./contract.ts";
import { correctionOperations } from "./correction-operations.ts";
import { deskOperations } from "./desk-operations.ts";
import type { ReviewOperationDeps } from "./operation-deps.ts";

/** The rows of the review queue. */
export function reviewOperations(deps: ReviewOperationDeps) {
  const { service, settings } = deps;
  const agent = { agent_id: agentOr(settings.agentId) };
  return [
    ...deskOperations(deps),
    defineOperation({
      name: "getReviewQueue",
      summary:
        "Counts what waits for review, and shows the rules, the reservations and who has judged how many.",
      input: z.strictObject(agent),
      output: z.object({
        agent_id: z.string(),
        episodes: z.number().int(),
        waiting: z.number().int().meta({ description: "Episodes that were not reviewed here to the end." }),
        done: z.number().int(),
        reserved: z.number().int(),
        corrections: z
          .number()
          .int()
          .meta({ description: "Corrections that stand, as GET /review/corrections lists them." }),
        rules: reviewRulesSchema,
        reservations: z.array(leaseSchema.extend({ episode_id: idSchema })),
        reviewers: z.array(z.object({ reviewer: z.string(), labelled: z.number().int() })),
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/review" },
      cli: "review queue",
      mcp: ["lightning_get_review_queue"],
      example: { agent_id: "mcp-agents" },
      run: async ({ agent_id }) => ({ body: { agent_id, ...(await service.queue(agent_id)) } }),
    }),
    defineOperation({
      name: "setReviewRules",
      summary:
        "Sets how many people judge an episode, whether blind, for how long it is reserved, and what is offered.",
      input: z.strictObject({
        ...agent,
        ...reviewRulesSchema.partial().shape,
        sampling: reviewRulesSchema.shape.sampling.partial().optional().meta({
          description:
            "How often each rule chooses the next episode, by weight; rules that are not named keep theirs.",
        }),
      }),
      output: z.object({ agent_id: z.string(), rules: reviewRulesSchema }),
      role: "builder",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/review/rules" },
      cli: "review rules",
      mcp: ["lightning_set_review_rules"],
      example: { reviewers_per_episode: 2, blind: true },
      async run({ agent_id, sampling, ...changes }, context) {
        const change = {
          ...defined(changes),
          ...(sampling === undefined ? {} : { sampling: defined(sampling) }),
        };
        return { body: { agent_id, rules: await service.changeRules(agent_id, change, context.principal) } };
      },
    }),
    ...correctionOperations(deps),
  ];
}
