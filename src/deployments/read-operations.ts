import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { manifestField, manifestSchema } from "../doors/manifest.ts";
import { defineOperation, type Operation } from "../doors/operation.ts";
import { agentIdSchema, idSchema, pagingSchema, storedTimeSchema } from "../doors/schemas.ts";
import { bare } from "../ledger/ledger.ts";
import { DEPLOYMENT_STATES, deploymentEventSchema } from "./contract.ts";
import { createLineage, LINEAGE_KINDS, rollbackInfo, showDeployment } from "./lineage.ts";
import { applyRollback } from "./rules.ts";
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
const lineageSchema = z.looseObject({
  agent_id: z.string(),
  deployments_found: z.number().int(),
  lineage: z.array(
    z.looseObject({ deployment_id: idSchema, tuned_model: z.string(), is_active: z.boolean() }),
  ),
  events: z.array(deploymentEventSchema),
  continuation: z.string().optional(),
  manifest: manifestSchema.optional(),
});

/** The rows that only look: which model serves, what served before, and where a model came from. */
export function deploymentReads({
  service,
  selector,
  settings,
}: {
  readonly service: DeploymentService;
  readonly selector: ModelSelector;
  readonly settings: Pick<Settings, "agentId" | "useTunedModel">;
}): Operation[] {
  const { store } = service;
  const lineage = createLineage(store);
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
      const [page, active, events, hosted] = await Promise.all([
        store.listDeployments(agent_id, limit, continuation),
        service.readActive(agent_id),
        store.events(agent_id),
        store.hosted.ofAgent(agent_id),
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
      const [deployment, pointer, hosted] = await Promise.all([
        store.readDeployment(agent_id, active.deployment_id),
        store.readPointer(agent_id),
        store.hosted.ofAgent(agent_id),
      ]);
      const state = { deployment_id: active.deployment_id, deployment_name: active.deployment_name };
      const back = applyRollback({ ...state, stack: pointer?.stack ?? [], version: pointer?.version ?? 0 });
      const { deployment_id: backId = null, deployment_name: backName = null } =
        back.kind === "moved" ? back.pointer : {};
      const rollback_to =
        backId === null || backName === null ? null : { deployment_id: backId, deployment_name: backName };
      // The pointer alone decides; a record that is gone is named, not hidden.
      const shown =
        deployment === undefined
          ? { tuned_model_name: active.deployment_name, tuned_model: active.deployment_name, missing: true }
          : showDeployment(bare(deployment), active.deployment_id, hosted.get(active.deployment_name));
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

  const getLineage = defineOperation({
    name: "getLineage",
    summary:
      "Traces deployments to their evaluation, training run and dataset, with the history of promotions.",
    input: z.strictObject({
      ...agent,
      kind: z.enum(LINEAGE_KINDS).optional().meta({
        description: "Begin at a record of this kind, with `id`; absent, every deployment of the agent.",
      }),
      id: idSchema.optional().meta({ description: "The record's id." }),
      ...pagingSchema,
      ...manifestField,
    }),
    output: lineageSchema,
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/lineage" },
    cli: "lineage",
    mcp: ["lightning_get_lineage"],
    example: { agent_id: "mcp-agents" },
    async run({ agent_id, kind, id, limit, continuation }) {
      if (id === undefined) return { body: await lineage.ofAgent(agent_id, limit, continuation) };
      return { body: await lineage.ofRecord(agent_id, kind ?? kindOfId(id), id) };
    },
  });

  const getLineageOf = defineOperation({
    name: "getLineageOf",
    summary: "Traces one deployment, run, dataset or evaluation to what led to it and what came of it.",
    input: z.strictObject({
      ...agent,
      kind: z.enum(LINEAGE_KINDS).meta({ description: "What the record is." }),
      id: idSchema.meta({ description: "The record's id." }),
      ...manifestField,
    }),
    output: lineageSchema,
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/lineage/{kind}/{id}" },
    example: { agent_id: "mcp-agents", kind: "deployments", id: "dep-456" },
    async run({ agent_id, kind, id }) {
      return { body: await lineage.ofRecord(agent_id, kind, id) };
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

  return [listDeployments, getActiveDeployment, getLineage, getLineageOf, selectModel];
}

/** Our ids tell their kind; `lineage --id run-…` needs no --kind. */
function kindOfId(id: string): (typeof LINEAGE_KINDS)[number] {
  if (id.startsWith("run-")) return "runs";
  if (id.startsWith("dataset-")) return "datasets";
  if (id.startsWith("eval-")) return "evaluations";
  return "deployments";
}
