import { z } from "zod";
import { claimedName } from "../../doors/kept.ts";
import { startAndWait } from "../../doors/long-operation.ts";
import { defineOperation } from "../../doors/operation.ts";
import { agentOr, idSchema, storedTimeSchema } from "../../doors/schemas.ts";
import { monitored } from "../../doors/status-monitor.ts";
import { type DeploymentEvent, PROMOTE_MODEL } from "../contract.ts";
import { nameOrNull } from "../replies.ts";
import { isEndedDeployment } from "../status.ts";
import { caller, type DeploymentOperationsDeps } from "./deps.ts";
import { notPromoted } from "./not-promoted.ts";

const person = claimedName(z.string().max(200))
  .optional()
  .meta({ description: "Who asks for it; a signed-in person's name goes before it." });
const reason = z.string().max(2000).optional().meta({ description: "Why, as text; stands in the history." });

const movedSchema = z.object({
  success: z.boolean(),
  agent_id: z.string(),
  deployment_id: nameOrNull,
  tuned_model_name: nameOrNull,
  tuned_model: nameOrNull,
  deployment_name: nameOrNull,
  is_active: z.boolean().meta({ description: "Whether a tuned model is active now." }),
  base_model: z.string(),
  version: z.number().int(),
});

/** The rows that take a model out of service: back to an earlier one, or to the base model. */
export function rollbackOperations({ service, selector, settings, clock }: DeploymentOperationsDeps) {
  const agent = { agent_id: agentOr(settings.agentId) };

  /** The state after a move, with the name of the model that is active now. */
  async function afterMove(
    agentIdValue: string,
    pointer: Awaited<ReturnType<typeof service.deactivate>>["pointer"],
  ) {
    const id = pointer.deployment_id;
    const active = id === null ? undefined : await service.find(agentIdValue, id);
    const model = active?.tuned_model_name ?? pointer.deployment_name;
    return {
      success: true,
      agent_id: agentIdValue,
      deployment_id: id,
      tuned_model_name: model,
      tuned_model: model,
      deployment_name: pointer.deployment_name,
      is_active: id !== null,
      base_model: service.baseModel(),
      version: pointer.version,
    };
  }

  const rollback = defineOperation({
    name: "rollback",
    summary: "Goes back to the model that served before, or to the deployment named.",
    input: z.strictObject({
      ...agent,
      target_id: idSchema.optional().meta({
        description:
          "The deployment to return to; absent, the one that served before. One that was withdrawn: owners only.",
      }),
      reason,
      rolled_back_by: person,
      at_once: z.boolean().optional().meta({
        description:
          "If the target was removed at the provider, do not wait until it is back: let the nearest callable model serve.",
      }),
    }),
    output: movedSchema.extend({
      rollback_from: nameOrNull,
      rollback_reason: z.string().optional(),
      rolled_back_by: z.string().optional(),
      rolled_back_at: storedTimeSchema.optional(),
      warnings: z.array(z.string()).meta({ description: "What differs from what was asked for." }),
      restoring: idSchema
        .optional()
        .meta({ description: "The deployment under which a removed model comes back." }),
      urls: z.record(z.string(), z.string()).optional(),
    }),
    role: "releaser",
    effect: "destroy",
    idempotent: false,
    idempotency: { sent: "always", kept: "for ever" },
    rest: { method: "POST", path: "/deployments/rollback" },
    answers: { ...monitored("deployments", "restoring"), changes: "/deployments/active" },
    cli: "rollback",
    mcp: ["lightning_rollback_deployment"],
    aliases: { target_deployment_id: "target_id" },
    example: { agent_id: "mcp-agents", reason: "Performance regression detected" },
    async run(input, context) {
      const isOwner = context.caller?.may("owner", input.agent_id) ?? true;
      // A return that an earlier try has begun goes on: by now it may serve, and there is nothing to go back from.
      const begun = context.request?.noted.restoring;
      const result =
        typeof begun === "string"
          ? {
              kind: "restoring" as const,
              deployment: await service.get(input.agent_id, begun),
              warnings: [] as string[],
            }
          : await service.rollback(input, { ...caller(context), isOwner });
      if (result.kind === "moved")
        return {
          body: {
            ...(await afterMove(input.agent_id, result.pointer)),
            ...told(result.event),
            warnings: result.warnings,
          },
        };
      const { agent_id, id } = result.deployment;
      if (begun === undefined) await context.request?.note({ restoring: id });
      const { record, finished, urls } = await startAndWait(
        context,
        clock,
        PROMOTE_MODEL,
        { agent_id, id },
        () => service.get(agent_id, id),
        isEndedDeployment,
      );
      if (record.state === "failed") throw notPromoted(record);
      selector.invalidate(agent_id);
      const now = await afterMove(agent_id, await service.pointerOf(agent_id));
      const event = await service.returnOf(record);
      const { warnings } = result;
      if (!finished || event === undefined)
        return { status: 202, body: { ...now, rollback_from: null, warnings, restoring: id, urls } };
      return { body: { ...now, ...told(event), warnings, restoring: id } };
    },
  });

  const deactivate = defineOperation({
    name: "deactivate",
    summary: "Stops using the tuned model; the base model answers from now on.",
    input: z.strictObject({ ...agent, reason, deactivated_by: person }),
    output: movedSchema.extend({
      message: z.string(),
      reason: z.string().optional(),
      deactivated: nameOrNull.meta({ description: "The deployment that was active; null when none was." }),
    }),
    role: "releaser",
    effect: "destroy",
    idempotent: true,
    idempotency: { sent: "always", kept: "for ever" },
    rest: { method: "POST", path: "/deployments/deactivate" },
    answers: { changes: "/deployments/active" },
    cli: "deactivate",
    mcp: ["lightning_deactivate_deployment"],
    example: { agent_id: "mcp-agents", reason: "Testing base model" },
    async run({ agent_id, reason: why, deactivated_by }, context) {
      const { pointer, event } = await service.deactivate(
        { agent_id, reason: why, by: deactivated_by },
        caller(context),
      );
      const message =
        event === undefined
          ? `No tuned model was active for agent ${agent_id}; the base model answers.`
          : `Deployment ${event.from} deactivated; the base model answers from now on.`;
      return {
        body: {
          ...(await afterMove(agent_id, pointer)),
          message,
          deactivated: event?.from ?? null,
          ...(why === undefined ? {} : { reason: why }),
        },
      };
    },
  });

  return [rollback, deactivate];
}

/** What the history says of a rollback, in the names that its reply has. */
const told = (event: DeploymentEvent) => ({
  rollback_from: event.from,
  rolled_back_at: event.created_at,
  ...(event.reason === undefined ? {} : { rollback_reason: event.reason }),
  ...(event.by === undefined ? {} : { rolled_back_by: event.by }),
});
