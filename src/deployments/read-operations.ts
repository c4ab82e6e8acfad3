import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { defineOperation, type Operation } from "../doors/operation.ts";
import { agentIdSchema, idSchema, pagingSchema, storedTimeSchema } from "../doors/schemas.ts";
import { DEPLOYMENT_STATES } from "./contract.ts";
import { lineageOperations } from "./lineage-operations.ts";
import type { ModelSelector } from "./selection.ts";
import type { DeploymentService } from "./service.ts";

export const nameOrNull = z.string().nullable();

export const shownDeploymentSchema = z.looseObject({
  deployment_id: idSchema,
  id: idSchema,
  agent_id: z.string(),
  training_run_id: z.string(),
  run_id: z.string(),
  tuned_model: z.string(),
  tuned_model_name: z.string(),
  deployment_name: z.string(),
  is_active: z.boolean(),
  state: z.enum(DEPLOYMENT_STATES),
  promoted_at: storedTimeSchema.optional(),
  promoted_by: z.string().optional(),
  evaluation_id: z.string().optional(),
  verdict: z.string().optional(),
  override_reason: z.string().optional(),
  warnings: z.array(z.string()),
});

/** The rows that only look: which model serves, and what served before. */
export function deploymentReads({
  service,
  selector,
  settings,
}: {
  readonly service: DeploymentService;
  readonly selector: ModelSelector;
  readonly settings: Pick<Settings, "agentId" | "useTunedModel">;
}): Operation[] {
  const agent = { agent_id: agentIdSchema.default(settings.agentId) };

  const listDeployments = defineOperation({
    name: "listDeployments",
    summary: "Lists the agent's deployments, newest first, with the active one marked.",
    input: z.strictObject({ ...agent, ...pagingSchema }),
    output: z.object({
      agent_id: z.string(),
      deployments_found: z.number().int(),
      deployments: z.array(shownDeploymentSchema),
      continuation: z.string().optional(),
    }),
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/deployments" },
    cli: "list-deployments",
    mcp: ["lightning_list_deployments"],
    example: { agent_id: "mcp-agents" },
    async run({ agent_id, limit, continuation }) {
      const page = await service.reads.page(agent_id, limit, continuation);
      return {
        body: {
          agent_id,
          deployments_found: page.deployments.length,
          deployments: page.deployments,
          ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
        },
      };
    },
  });

  const getActiveDeployment = defineOperation({
    name: "getActiveDeployment",
    summary: "Shows the deployment that serves now, or says that the base model does.",
    input: z.strictObject(agent),
    output: z.looseObject({
      has_active_deployment: z.boolean(),
      agent_id: z.string(),
      deployment_id: nameOrNull,
      tuned_model_name: nameOrNull,
      base_model: z.string(),
      message: z.string().optional(),
      rollback_to: z
        .object({ deployment_id: z.string(), deployment_name: z.string() })
        .nullable()
        .optional()
        .meta({ description: "What a rollback without a target would return to; null: the base model." }),
    }),
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/deployments/active" },
    cli: "active",
    mcp: ["lightning_get_active_deployment"],
    example: { agent_id: "mcp-agents" },
    async run({ agent_id }) {
      const base_model = service.baseModel();
      const active = await service.readActive(agent_id);
      if (active === null)
        return {
          body: {
            has_active_deployment: false,
            agent_id,
            deployment_id: null,
            tuned_model_name: null,
            is_active: false,
            message: `Agent ${agent_id} has no active deployment; the base model answers.`,
            base_model,
          },
        };
      const { shown, rollback_to } = await service.reads.active(agent_id, active);
      return {
        body: {
          ...shown,
          ...active,
          agent_id,
          has_active_deployment: true,
          is_active: true,
          base_model,
          rollback_to,
        },
      };
    },
  });

  const selectModel = defineOperation({
    name: "selectModel",
    summary: "Tells which model the agent is to call now, and where the answer comes from.",
    input: z.strictObject(agent),
    output: z.object({
      agent_id: z.string(),
      model: z.string(),
      source: z.enum(["registry", "env", "base"]),
      stale: z.boolean().meta({ description: "The registry could not be asked just now." }),
      deployment_id: idSchema.optional(),
      use_tuned_model: z.boolean(),
      base_model: z.string(),
    }),
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/model" },
    cli: "model",
    mcp: ["lightning_select_model"],
    example: { agent_id: "mcp-agents" },
    async run({ agent_id }) {
      const selection = await selector.selectModel(agent_id);
      return {
        body: {
          agent_id,
          ...selection,
          use_tuned_model: settings.useTunedModel,
          base_model: service.baseModel(),
        },
      };
    },
  });

  return [listDeployments, getActiveDeployment, ...lineageOperations({ service, settings }), selectModel];
}
