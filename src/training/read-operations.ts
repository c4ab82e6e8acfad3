import { z } from "zod";
import { defineOperation } from "../doors/operation.ts";
import { agentOr, continuationSchema, foundSchema, pagingSchema } from "../doors/schemas.ts";
import { RUN_STATUSES } from "./contract.ts";
import { oneRun, RUN_ALIASES, type TrainingOperationDeps } from "./operation-deps.ts";
import { runReply, runReplySchema, runWork, shortRunReply, shortRunReplySchema } from "./replies.ts";

/** The rows that only look at runs. */
export function trainingReads({ service, settings }: TrainingOperationDeps) {
  const agent = { agent_id: agentOr(settings.agentId) };

  return [
    defineOperation({
      name: "getTrainingRun",
      summary: "Shows a training run as the ledger has it: status, model, learning curve, events, error.",
      input: z.strictObject(oneRun(settings)),
      output: runReplySchema,
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/training/{run_id}" },
      work: runWork,
      cli: "status",
      mcp: ["lightning_training_status", "lightning_get_training_status"],
      aliases: RUN_ALIASES,
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
        runs_found: foundSchema("Runs"),
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
  ];
}
