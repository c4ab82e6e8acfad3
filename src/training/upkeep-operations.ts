import { z } from "zod";
import { defineOperation } from "../doors/operation.ts";
import { olderThanDaysSchema, storedTimeSchema } from "../doors/schemas.ts";
import { takeUpIfDead } from "../doors/take-up.ts";
import { messageOf } from "../kernel/errors.ts";
import { TRAIN_MODEL } from "./contract.ts";
import { oneRun, RUN_ALIASES, type TrainingOperationDeps } from "./operation-deps.ts";
import { runReply, runReplySchema, runWork } from "./replies.ts";
import { isEndedRun } from "./status.ts";

/** The rows that act on runs after their start: cancel, reconcile with the provider, clean up. */
export function trainingUpkeep({ service, settings }: TrainingOperationDeps) {
  const one = z.strictObject(oneRun(settings));

  return [
    defineOperation({
      name: "cancelTraining",
      summary: "Asks for the end of a training run; its job at the provider is cancelled with it.",
      input: one,
      output: runReplySchema,
      role: "trainer",
      effect: "destroy",
      idempotent: true,
      rest: { method: "POST", path: "/training/{run_id}/cancel" },
      answers: { changes: "/training/{run_id}" },
      ends: runWork,
      cli: "cancel",
      mcp: ["lightning_cancel_training"],
      aliases: RUN_ALIASES,
      example: { agent_id: "mcp-agents", run_id: "run-xyz789" },
      async run({ agent_id, run_id }, context) {
        const run = await service.cancel(agent_id, run_id);
        // The record says it already; the event wakes up `trainModel`, which would look minutes later. Nobody may be there:
        // a job that nobody follows is cancelled by whoever takes the run up now.
        if (!isEndedRun(run)) {
          await context.orchestrations
            .raise(run.claimed_by ?? run.id, "cancel", { run_id })
            .catch((error: unknown) => messageOf(error));
          await takeUpIfDead(context.orchestrations, TRAIN_MODEL, run).catch((error: unknown) =>
            messageOf(error),
          );
        }
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
      answers: { changes: "/training/{run_id}" },
      cli: "reconcile",
      mcp: ["lightning_reconcile_training"],
      aliases: RUN_ALIASES,
      example: { agent_id: "mcp-agents", run_id: "run-xyz789" },
      async run({ agent_id, run_id }, context) {
        const { run, corrected } = await service.reconcile(agent_id, run_id);
        if (!isEndedRun(run)) await takeUpIfDead(context.orchestrations, TRAIN_MODEL, run);
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
        older_than_days: z.number().int(),
        files: z.array(z.object({ id: z.string(), filename: z.string(), run_id: z.string() })),
        jobs: z.array(
          z.object({ id: z.string(), state: z.string(), run_id: z.string(), created_at: storedTimeSchema }),
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
