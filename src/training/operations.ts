import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { RecordRef } from "../doors/claim.ts";
import { startAndWait } from "../doors/long-operation.ts";
import { type CallContext, defineOperation } from "../doors/operation.ts";
import { isMoving } from "../doors/runtime-status.ts";
import {
  agentIdSchema,
  continuationSchema,
  idSchema,
  olderThanDaysSchema,
  pagingSchema,
} from "../doors/schemas.ts";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { RUN_STATUSES, startTrainingInputSchema, TRAIN_MODEL, type TrainingRun } from "./contract.ts";
import { estimateInputSchema, estimateSchema } from "./estimate.ts";
import { runReply, runReplySchema, shortRunReply, shortRunReplySchema } from "./replies.ts";
import type { TrainingService } from "./service.ts";
import { isEndedRun } from "./status.ts";

export interface TrainingOperationDeps {
  readonly service: TrainingService;
  readonly settings: Pick<Settings, "agentId"> & Partial<Pick<Settings, "cleanUpAfterDays">>;
  readonly clock: Clock;
}

/** The rows of training in the operations table. */
export function trainingOperations({ service, settings, clock }: TrainingOperationDeps) {
  const agent = { agent_id: agentIdSchema.default(settings.agentId) };
  const one = z.strictObject({ ...agent, run_id: idSchema.meta({ description: "A training run's id." }) });
  const aliases = { training_run_id: "run_id", id: "run_id" };

  return [
    defineOperation({
      name: "startTraining",
      summary: "Trains a model on a dataset; equal requests share one run.",
      input: startTrainingInputSchema.extend(agent),
      output: runReplySchema,
      role: "trainer",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/training" },
      cli: "train",
      mcp: ["lightning_train", "lightning_start_training"],
      aliases: { epochs: "n_epochs" },
      example: { agent_id: "mcp-agents", dataset_id: "dataset-abc123", base_model: "gpt-4o-mini-2024-07-18" },
      async run(input, context) {
        const { run, existed, hint } = await service.prepare(input, {
          idempotencyKey: context.idempotencyKey,
          principal: context.principal,
        });
        const notes = { deduplicated: existed, hint };
        if (isEndedRun(run)) return { body: runReply(run, notes) };
        // A run takes hours: answered at once, as the design shows, unless the caller asked to wait.
        const waitMs = context.explicitWait || context.door === "sdk" ? context.waitMs : 0;
        const { record, finished, urls } = await startAndWait(
          { ...context, waitMs },
          clock,
          TRAIN_MODEL,
          refOf(run),
          () => service.get(run.agent_id, run.id),
          isEndedRun,
        );
        if (finished) return { body: runReply(record, notes) };
        const body = runReply(record, { ...notes, urls });
        // Its orchestration has just been started: for the caller it runs, though its first step may not have.
        return {
          status: 202,
          body: body.status === "pending" ? { ...body, status: "running" as const } : body,
        };
      },
    }),
    defineOperation({
      name: "estimateTraining",
      summary:
        "Tells what training on a dataset would cost, by counted tokens and dated prices, and whether it fits the limits.",
      input: estimateInputSchema.extend(agent),
      output: estimateSchema,
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "POST", path: "/training/estimate" },
      cli: "estimate",
      mcp: ["lightning_estimate_training"],
      aliases: { epochs: "n_epochs" },
      example: { agent_id: "mcp-agents", dataset_id: "dataset-abc123", base_model: "gpt-4.1-2025-04-14" },
      run: async (input) => ({ body: await service.estimate(input) }),
    }),
    defineOperation({
      name: "getTrainingRun",
      summary: "Shows a training run as the ledger has it: status, model, learning curve, events, error.",
      input: one,
      output: runReplySchema,
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/training/{run_id}" },
      cli: "status",
      mcp: ["lightning_training_status", "lightning_get_training_status"],
      aliases,
      example: { agent_id: "mcp-agents", run_id: "run-xyz789" },
      run: async ({ agent_id, run_id }) => ({ body: runReply(await service.get(agent_id, run_id)) }),
    }),
    defineOperation({
      name: "listTrainingRuns",
      summary: "Lists the agent's training runs, newest first.",
      input: z.strictObject({
        ...agent,
        status: z.enum(RUN_STATUSES).optional().meta({ description: "Only runs with this status." }),
        ...pagingSchema,
      }),
      output: z.object({
        agent_id: z.string(),
        runs_found: z.number().int(),
        training_runs: z.array(shortRunReplySchema),
        continuation: continuationSchema,
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/training" },
      cli: "list-runs",
      mcp: ["lightning_list_training_runs"],
      example: { agent_id: "mcp-agents", status: "succeeded" },
      async run({ agent_id, status, limit, continuation }) {
        const page = await service.list(agent_id, { status, limit, after: continuation });
        return {
          body: {
            agent_id,
            runs_found: page.runs.length,
            training_runs: page.runs.map(shortRunReply),
            ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
          },
        };
      },
    }),
    defineOperation({
      name: "cancelTraining",
      summary: "Asks for the end of a training run; its job at the provider is cancelled with it.",
      input: one,
      output: runReplySchema,
      role: "trainer",
      effect: "destroy",
      idempotent: true,
      rest: { method: "POST", path: "/training/{run_id}/cancel" },
      cli: "cancel",
      mcp: ["lightning_cancel_training"],
      aliases,
      example: { agent_id: "mcp-agents", run_id: "run-xyz789" },
      async run({ agent_id, run_id }, context) {
        const run = await service.cancel(agent_id, run_id);
        // The record says it already; the event wakes up `trainModel`, which would look minutes later. Nobody may be there.
        if (!isEndedRun(run))
          await context.orchestrations
            .raise(run.claimed_by ?? run.id, "cancel", { run_id })
            .catch((error: unknown) => messageOf(error));
        return { body: runReply(run) };
      },
    }),
    defineOperation({
      name: "reconcileTraining",
      summary:
        "Makes a training run agree with its job at the provider, and takes it up again if nobody follows it.",
      input: one,
      output: runReplySchema.extend({ corrected: z.boolean() }),
      role: "trainer",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/training/{run_id}/reconcile" },
      cli: "reconcile",
      mcp: ["lightning_reconcile_training"],
      aliases,
      example: { agent_id: "mcp-agents", run_id: "run-xyz789" },
      async run({ agent_id, run_id }, context) {
        let { run, corrected } = await service.reconcile(agent_id, run_id);
        if (!isEndedRun(run) && !(await isFollowed(run, context))) {
          run = await service.release(agent_id, run_id);
          await context.orchestrations.start(TRAIN_MODEL, refOf(run));
        }
        return { body: { ...runReply(run), corrected } };
      },
    }),
    defineOperation({
      name: "cleanUpTraining",
      summary:
        "Removes leftover files and failed jobs of finished runs at the provider; a dry run, which is the default, only lists them.",
      input: z.strictObject({
        older_than_days: olderThanDaysSchema(
          settings.cleanUpAfterDays,
          "Only of runs that ended at least this many days ago.",
        ),
        dry_run: z.boolean().default(true).meta({ description: "Only list what would go" }),
      }),
      output: z.object({
        success: z.boolean(),
        dry_run: z.boolean(),
        older_than_days: z.number(),
        files: z.array(z.object({ id: z.string(), filename: z.string(), run_id: z.string() })),
        jobs: z.array(
          z.object({ id: z.string(), state: z.string(), run_id: z.string(), created_at: z.string() }),
        ),
        not_removed: z.array(z.object({ id: z.string(), reason: z.string() })),
      }),
      role: "owner",
      effect: "destroy",
      idempotent: true,
      rest: { method: "POST", path: "/training/clean-up" },
      cli: "clean-up-training",
      mcp: ["lightning_clean_up_training"],
      example: { older_than_days: 14, dry_run: true },
      async run({ older_than_days, dry_run }) {
        const { files, jobs, not_removed, ...rest } = await service.cleanUp(older_than_days, dry_run);
        return {
          body: {
            success: not_removed.length === 0,
            ...rest,
            files: [...files],
            jobs: [...jobs],
            not_removed: [...not_removed],
          },
        };
      },
    }),
  ];
}

const refOf = ({ agent_id, id }: TrainingRun): RecordRef => ({ agent_id, id });

/** Whether somebody still works on the run. */
async function isFollowed(run: TrainingRun, { orchestrations }: CallContext): Promise<boolean> {
  const status = await orchestrations.status(run.claimed_by ?? run.id);
  return status !== undefined && isMoving(status);
}
