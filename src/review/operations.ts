import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { DatasetService } from "../datasets/service.ts";
import { startAndWait } from "../doors/long-operation.ts";
import { type CallContext, defineOperation, type Operation } from "../doors/operation.ts";
import {
  agentIdSchema,
  continuationSchema,
  idSchema,
  pagingSchema,
  storedTimeSchema,
} from "../doors/schemas.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { invalid } from "../kernel/errors.ts";
import { rewardSchema } from "../rewards/contract.ts";
import {
  CORRECTION_FORMATS,
  correctionSchema,
  labelInputSchema,
  leaseSchema,
  offerSchema,
  reviewItemSchema,
  reviewRulesSchema,
} from "./contract.ts";
import type { ReviewService } from "./service.ts";

export interface ReviewOperationDeps {
  readonly service: ReviewService;
  readonly datasets: Pick<DatasetService, "prepareGolden" | "get">;
  readonly settings: Pick<Settings, "agentId">;
  readonly clock: Clock;
}

const person = z.string().min(1).max(200).optional().meta({
  description: "Who reviews; the signed-in person where there is one.",
});

/** The person signed in, else the one named. @throws invalid `reviewer_missing` */
function reviewerOf(context: CallContext, named: string | undefined): string {
  const reviewer = context.principal ?? named?.trim();
  if (reviewer) return reviewer;
  throw invalid("reviewer_missing", "A review needs a reviewer, and nobody is signed in.", {
    field: "reviewer",
    remedy: "Send `reviewer`, any name by which people tell reviewers apart.",
  });
}

/** The rows of the review queue. */
export function reviewOperations({ service, datasets, settings, clock }: ReviewOperationDeps): Operation[] {
  const agent = { agent_id: agentIdSchema.default(settings.agentId) };
  const offered = z.object({
    agent_id: z.string(),
    reviewer: z.string(),
    item: offerSchema.nullable(),
    message: z.string().optional(),
  });

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
        status: reviewItemSchema.shape.status,
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
        const { reward, item } = await service.label(agent_id, episode_id, reviewer, input);
        return {
          body: {
            success: true as const,
            agent_id,
            episode_id,
            reviewer,
            reward_id: reward.id,
            reward,
            status: item.status,
            judged_by: item.labels.length,
          },
        };
      },
    }),
    defineOperation({
      name: "skipReview",
      summary: "Puts an episode back for others; this reviewer is not offered it again.",
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
        await service.skip(agent_id, episode_id, reviewerOf(context, reviewer));
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
      summary: "Takes a reviewer's last label or skip back and hands the episode over again.",
      input: z.strictObject({ ...agent, reviewer: person }),
      output: offered,
      role: "labeller",
      effect: "write",
      idempotent: false,
      rest: { method: "POST", path: "/review/undo" },
      cli: "review undo",
      mcp: ["lightning_undo_review"],
      example: { reviewer: "reviewer@example.com" },
      async run({ agent_id, reviewer: named }, context) {
        const reviewer = reviewerOf(context, named);
        return { body: { agent_id, reviewer, item: await service.undo(agent_id, reviewer) } };
      },
    }),
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
        corrections: z.number().int().meta({ description: "Episodes with a corrected answer." }),
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
        const before = await service.store.rules(agent_id);
        const weights = { ...before.sampling, ...given(sampling ?? {}) };
        const rules = { ...before, ...given(changes), sampling: weights };
        return { body: { agent_id, rules: await service.setRules(agent_id, rules, context.principal) } };
      },
    }),
    defineOperation({
      name: "listCorrections",
      summary: "Lists the answers that reviewers corrected, newest first.",
      input: z.strictObject({ ...agent, ...pagingSchema }),
      output: z.object({
        agent_id: z.string(),
        corrections_found: z.number().int(),
        corrections: z.array(correctionSchema),
        continuation: continuationSchema,
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/review/corrections" },
      cli: "review corrections",
      mcp: ["lightning_list_corrections"],
      example: { agent_id: "mcp-agents" },
      async run({ agent_id, limit, continuation: after }) {
        const { corrections, continuation } = await service.corrections.list(agent_id, limit, after);
        return {
          body: {
            agent_id,
            corrections_found: corrections.length,
            corrections,
            ...(continuation === undefined ? {} : { continuation }),
          },
        };
      },
    }),
    defineOperation({
      name: "getCorrectionsFile",
      summary: "Downloads the corrections as golden conversations or as DPO pairs (JSONL).",
      input: z.strictObject({
        ...agent,
        format: z.enum(CORRECTION_FORMATS).meta({ description: "Golden conversations, or pairs for DPO." }),
      }),
      output: z.object({ agent_id: z.string(), format: z.enum(CORRECTION_FORMATS) }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/review/corrections/{format}" },
      example: { agent_id: "mcp-agents", format: "dpo" },
      async run({ agent_id, format }) {
        return {
          body: { agent_id, format },
          file: {
            contentType: "application/jsonl",
            name: `corrections-${format}.jsonl`,
            stream: () => asBytes(service.corrections.lines(agent_id, format)),
          },
        };
      },
    }),
    defineOperation({
      name: "buildCorrectionsDataset",
      summary:
        "Builds a dataset from the corrections: golden conversations to train or test on, or DPO pairs of what was said and what should have been.",
      input: z.strictObject({
        ...agent,
        name: z.string().min(1).max(200).default("corrections").meta({ description: "Name of the dataset." }),
        format: z
          .enum(CORRECTION_FORMATS)
          .default("golden")
          .meta({ description: "Golden conversations, or pairs for DPO." }),
        train_split: z.number().min(0.01).max(1).optional().meta({
          description:
            "Share of the groups on the training side, 0.01 to 1; LIGHTNING_TRAIN_SPLIT when absent.",
        }),
        test_split: z
          .number()
          .min(0)
          .max(1)
          .optional()
          .meta({ description: "Share of the groups set aside as a test side, 0 to 1; 0 when absent." }),
      }),
      output: z.looseObject({
        success: z.boolean(),
        agent_id: z.string(),
        dataset_id: idSchema,
        status: z.string(),
        training_count: z.number().int().optional(),
        validation_count: z.number().int().optional(),
        test_count: z.number().int().optional(),
        created_at: storedTimeSchema,
        urls: z.record(z.string(), z.string()).optional(),
      }),
      role: "builder",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/review/corrections/dataset" },
      cli: "review build",
      mcp: ["lightning_build_corrections"],
      example: { agent_id: "mcp-agents", name: "corrections" },
      async run({ agent_id, name, format, ...splits }, context) {
        const content: string[] = [];
        for await (const line of service.corrections.lines(agent_id, format)) content.push(line);
        if (content.length === 0)
          throw invalid("no_corrections", `No episode of agent ${agent_id} has a corrected answer.`, {
            remedy: "Label episodes with a correction first.",
          });
        const { dataset } = await datasets.prepareGolden({
          agent_id,
          name,
          description: `Corrected answers of reviewers, ${toIso(clock.now()).slice(0, 10)}`,
          content: content.join("\n"),
          ...(format === "dpo" ? { format } : {}),
          ...given(splits),
        });
        const { record, finished, urls } = await startAndWait(
          context,
          clock,
          { name: "buildDataset", instanceId: dataset.id, input: { agent_id, id: dataset.id } },
          () => datasets.get(agent_id, dataset.id),
          ({ status }) => status === "ready" || status === "failed",
        );
        const { id, status, training_count, validation_count, test_count, created_at } = record;
        const counts = given({ training_count, validation_count, test_count });
        const body = {
          success: status !== "failed",
          agent_id,
          dataset_id: id,
          status,
          ...counts,
          created_at,
        };
        return finished ? { body } : { status: 202, body: { ...body, urls } };
      },
    }),
  ];
}

async function* asBytes(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const line of lines) yield encoder.encode(`${line}\n`);
}

/** Without the members that are undefined. */
function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
