import { z } from "zod";
import type { Settings } from "../../config/settings.ts";
import { defineOperation } from "../../doors/operation.ts";
import { agentOr, continuationSchema, foundSchema, idSchema, pagingSchema } from "../../doors/schemas.ts";
import { bare } from "../../ledger/ledger.ts";
import { rollbackInfo, showDeployment } from "../lineage.ts";
import { activeDeploymentSchema, shownDeploymentSchema } from "../replies.ts";
import { applyRollback } from "../rules.ts";
import type { ModelSelector } from "../selection.ts";
import type { DeploymentService } from "../service.ts";
import { lineageOperations } from "./lineage.ts";

/** The rows that only look: which model serves, and what served before. */
export function deploymentReads({
  service,
  selector,
  settings,
}: {
  readonly service: DeploymentService;
  readonly selector: ModelSelector;
  readonly settings: Pick<Settings, "agentId" | "useTunedModel">;
}) {
  const agent = { agent_id: agentOr(settings.agentId) };

  const listDeployments = defineOperation({
    name: "listDeployments",
    summary: "Lists the agent's deployments, newest first, with the active one marked.",
    input: z.strictObject({ ...agent, ...pagingSchema }),
    output: z.object({
      agent_id: z.string(),
      deployments_found: foundSchema("Deployments"),
      deployments: z.array(shownDeploymentSchema),
      continuation: continuationSchema,
    }),
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/deployments" },
    cli: "list-deployments",
    mcp: ["lightning_list_deployments"],
    example: { agent_id: "mcp-agents" },
    async run({ agent_id, limit, continuation }) {
      const [page, active, events, hosted] = await Promise.all([
        service.list(agent_id, limit, continuation),
        service.readActive(agent_id),
        service.historyOf(agent_id),
        service.hostedOf(agent_id),
      ]);
      const deployments = page.items.map((one) => ({
        ...showDeployment(bare(one), active?.deployment_id ?? null, hosted.get(one.deployment_name)),
        ...rollbackInfo(one.id, events),
      }));
      return {
        body: {
          agent_id,
          deployments_found: deployments.length,
          deployments,
          ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
        },
      };
    },
  });

  const getActiveDeployment = defineOperation({
    name: "getActiveDeployment",
    summary: "Shows the deployment that serves now, or says that the base model does.",
    input: z.strictObject(agent),
    output: activeDeploymentSchema,
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
      const [deployment, pointer, hosted] = await Promise.all([
        service.find(agent_id, active.deployment_id),
        service.pointerOf(agent_id),
        service.hostedOf(agent_id),
      ]);
      const state = { deployment_id: active.deployment_id, deployment_name: active.deployment_name };
      const back = applyRollback({ ...state, stack: pointer.stack, version: pointer.version });
      const { deployment_id: backId = null, deployment_name: backName = null } =
        back.kind === "moved" ? back.pointer : {};
      const rollback_to =
        backId === null || backName === null ? null : { deployment_id: backId, deployment_name: backName };
      // The pointer alone decides; a record that is gone is named, not hidden.
      const shown =
        deployment === undefined
          ? {
              tuned_model_name: active.deployment_name,
              tuned_model: active.deployment_name,
              missing: true as const,
            }
          : showDeployment(deployment, active.deployment_id, hosted.get(active.deployment_name));
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
