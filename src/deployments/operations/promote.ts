import { z } from "zod";
import { startAndWait } from "../../doors/long-operation.ts";
import { defineOperation } from "../../doors/operation.ts";
import { agentOr } from "../../doors/schemas.ts";
import { monitored } from "../../doors/status-monitor.ts";
import { PROMOTE_MODEL, promoteInputSchema } from "../contract.ts";
import { showDeployment } from "../lineage.ts";
import { shownDeploymentSchema } from "../replies.ts";
import { isEndedDeployment } from "../status.ts";
import { caller, type DeploymentOperationsDeps } from "./deps.ts";
import { notPromoted } from "./not-promoted.ts";

const promotedSchema = shownDeploymentSchema.extend({
  success: z.boolean(),
  urls: z.record(z.string(), z.string()).optional(),
});

/** The row that puts a model into service. */
export function promoteOperation({ service, selector, settings, clock }: DeploymentOperationsDeps) {
  const agent = { agent_id: agentOr(settings.agentId) };
  const activeId = async (agentIdValue: string) =>
    (await service.readActive(agentIdValue))?.deployment_id ?? null;

  return defineOperation({
    name: "promote",
    summary: "Puts the model of a training run into service.",
    input: promoteInputSchema.extend(agent),
    output: promotedSchema,
    role: "releaser",
    effect: "write",
    movesServing: () => true,
    idempotent: true,
    idempotency: { sent: "always", kept: "for ever" },
    rest: { method: "POST", path: "/deployments" },
    answers: { ...monitored("deployments", "id"), changes: "/deployments/active" },
    cli: "promote",
    mcp: ["lightning_promote", "lightning_promote_deployment"],
    aliases: { training_run_id: "run_id" },
    example: { agent_id: "mcp-agents", run_id: "run-xyz789", promoted_by: "admin@example.com" },
    async run(input, context) {
      const isOwner = context.caller?.may("owner", input.agent_id) ?? true;
      const { deployment, warnings } = await service.prepare(input, { ...caller(context), isOwner });
      const { agent_id, id } = deployment;
      const show = async (one: typeof deployment) => ({
        ...showDeployment(one, await activeId(agent_id)),
        warnings,
      });
      const { record, finished, urls } = await startAndWait(
        context,
        clock,
        PROMOTE_MODEL,
        { agent_id, id },
        () => service.get(agent_id, id),
        isEndedDeployment,
      );
      if (record.state === "failed") throw notPromoted(record);
      if (!finished) return { status: 202, body: { ...(await show(record)), success: true, urls } };
      selector.invalidate(agent_id); // the switch may have happened in another process
      return { body: { ...(await show(record)), success: true } };
    },
  });
}
