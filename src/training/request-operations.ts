import { startAndWait } from "../doors/long-operation.ts";
import { defineOperation } from "../doors/operation.ts";
import { agentOr } from "../doors/schemas.ts";
import { monitored } from "../doors/status-monitor.ts";
import { startTrainingInputSchema, TRAIN_MODEL } from "./contract.ts";
import { estimateInputSchema, estimateSchema } from "./estimate-contract.ts";
import { refOf, type TrainingOperationDeps } from "./operation-deps.ts";
import { runReply, runReplySchema, runWork } from "./replies.ts";
import { isEndedRun } from "./status.ts";

/** The rows that ask for training: the run itself, and what it would cost. */
export function trainingRequests({ service, settings, clock }: TrainingOperationDeps) {
  const agent = { agent_id: agentOr(settings.agentId) };

  return [
    defineOperation({
      name: "startTraining",
      summary: "Trains a model on a dataset; equal requests share one run.",
      input: startTrainingInputSchema.extend(agent),
      output: runReplySchema,
      role: "trainer",
      effect: "write",
      idempotent: false,
      idempotency: { sent: "always" },
      rest: { method: "POST", path: "/training" },
      answers: monitored("runs", "run_id"),
      work: runWork,
      cli: "train",
      mcp: ["lightning_train", "lightning_start_training"],
      aliases: { epochs: "n_epochs" },
      example: { agent_id: "mcp-agents", dataset_id: "dataset-abc123", base_model: "gpt-4o-mini-2024-07-18" },
      async run(input, context) {
        const { run, existed, hint } = await service.prepare(
          input,
          { idempotencyKey: context.idempotencyKey, principal: context.principal },
          context.roomFor,
        );
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
      idempotency: { none: "It only reads: asked again, it answers how things stand then." },
      rest: { method: "POST", path: "/training/estimate" },
      answers: { conflicts: true },
      cli: "estimate",
      mcp: ["lightning_estimate_training"],
      aliases: { epochs: "n_epochs" },
      example: { agent_id: "mcp-agents", dataset_id: "dataset-abc123", base_model: "gpt-4.1-2025-04-14" },
      run: async (input) => ({ body: await service.estimate(input) }),
    }),
  ];
}
