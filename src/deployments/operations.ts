import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { Clock } from "../kernel/clock.ts";
import { conflict } from "../kernel/errors.ts";
import { startAndWait } from "../kernel/long-operation.ts";
import { type CallContext, defineOperation, type Operation } from "../kernel/operation.ts";
import { agentIdSchema, idSchema, pagingSchema, storedTimeSchema } from "../kernel/schemas.ts";
import { bare } from "../ledger/ledger.ts";
import { DEPLOYMENT_STATES, deploymentEventSchema, promoteInputSchema } from "./contract.ts";
import { createLineage, LINEAGE_KINDS, rollbackInfo, showDeployment } from "./lineage.ts";
import type { ModelSelector } from "./selection.ts";
import type { DeploymentService } from "./service.ts";

export interface DeploymentOperationsDeps {
  readonly service: DeploymentService;
  readonly selector: ModelSelector;
  readonly settings: Pick<Settings, "agentId" | "useTunedModel">;
  readonly clock: Clock;
}

const person = z.string().max(200).optional();
const reason = z.string().max(2000).optional();
const nameOrNull = z.string().nullable();

const shownDeploymentSchema = z.looseObject({
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
const promotedSchema = shownDeploymentSchema.extend({
  success: z.boolean(),
  urls: z.record(z.string(), z.string()).optional(),
});
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
const lineageSchema = z.looseObject({
  agent_id: z.string(),
  deployments_found: z.number().int(),
  lineage: z.array(
    z.looseObject({ deployment_id: idSchema, tuned_model: z.string(), is_active: z.boolean() }),
  ),
  events: z.array(deploymentEventSchema),
  continuation: z.string().optional(),
});

const caller = (context: CallContext) => ({
  principal: context.principal,
  idempotencyKey: context.idempotencyKey,
});

/** The rows of promotion, rollback, selection and lineage. */
export function deploymentOperations({
  service,
  selector,
  settings,
  clock,
}: DeploymentOperationsDeps): Operation[] {
  const { store } = service;
  const lineage = createLineage(store);
  const agentId = agentIdSchema.default(settings.agentId);
  const agent = { agent_id: agentId };
  const activeId = async (agentIdValue: string) =>
    (await service.readActive(agentIdValue))?.deployment_id ?? null;

  /** The state after a move, with the name of the model that is active now. */
  async function afterMove(
    agentIdValue: string,
    pointer: Awaited<ReturnType<typeof service.deactivate>>["pointer"],
  ) {
    const id = pointer.deployment_id;
    const active = id === null ? undefined : await store.readDeployment(agentIdValue, id);
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

  const promote = defineOperation({
    name: "promote",
    summary: "Puts the model of a training run into service.",
    input: promoteInputSchema.extend(agent),
    output: promotedSchema,
    role: "releaser",
    effect: "write",
    idempotent: true,
    rest: { method: "POST", path: "/deployments" },
    cli: "promote",
    mcp: ["lightning_promote", "lightning_promote_deployment"],
    aliases: { training_run_id: "run_id" },
    example: { agent_id: "mcp-agents", run_id: "run-xyz789", promoted_by: "admin@example.com" },
    async run(input, context) {
      const { deployment, warnings } = await service.prepare(input, caller(context));
      const { agent_id, id } = deployment;
      const show = async (one: typeof deployment) => ({
        ...showDeployment(one, await activeId(agent_id)),
        warnings,
      });
      const { record, finished, urls } = await startAndWait(
        context,
        clock,
        { name: "promoteModel", instanceId: id, input: { agent_id, id } },
        () => service.get(agent_id, id),
        (one) => one.state === "active" || one.state === "failed",
      );
      if (record.state === "failed")
        throw conflict(
          "promotion_failed",
          `The model was not put into service: ${record.error ?? "no reason given"}`,
          {
            remedy: "What served before still serves. Promote again when the cause is gone.",
            details: { deployment_id: id, deployment_name: record.deployment_name, state: record.state },
          },
        );
      if (!finished) return { status: 202, body: { ...(await show(record)), success: true, urls } };
      selector.invalidate(agent_id); // the switch may have happened in another process
      return { body: { ...(await show(record)), success: true } };
    },
  });

  const rollback = defineOperation({
    name: "rollback",
    summary: "Goes back to the model that served before, or to the deployment named.",
    input: z.strictObject({ ...agent, target_id: idSchema.optional(), reason, rolled_back_by: person }),
    output: movedSchema.extend({
      rollback_from: nameOrNull,
      rollback_reason: z.string().optional(),
      rolled_back_by: z.string().optional(),
      rolled_back_at: storedTimeSchema,
    }),
    role: "releaser",
    effect: "destroy",
    idempotent: false,
    rest: { method: "POST", path: "/deployments/rollback" },
    cli: "rollback",
    mcp: ["lightning_rollback_deployment"],
    aliases: { target_deployment_id: "target_id" },
    example: { agent_id: "mcp-agents", reason: "Performance regression detected" },
    async run(input, context) {
      const { pointer, event } = await service.rollback(input, caller(context));
      return {
        body: {
          ...(await afterMove(input.agent_id, pointer)),
          rollback_from: event.from,
          rolled_back_at: event.created_at,
          ...(event.reason === undefined ? {} : { rollback_reason: event.reason }),
          ...(event.by === undefined ? {} : { rolled_back_by: event.by }),
        },
      };
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
    rest: { method: "POST", path: "/deployments/deactivate" },
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
      const [page, active, events] = await Promise.all([
        store.listDeployments(agent_id, limit, continuation),
        activeId(agent_id),
        store.events(agent_id),
      ]);
      const deployments = page.items.map((one) => ({
        ...showDeployment(bare(one), active),
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
      const deployment = await store.readDeployment(agent_id, active.deployment_id);
      // The pointer alone decides; a record that is gone is named, not hidden.
      const shown =
        deployment === undefined
          ? { tuned_model_name: active.deployment_name, tuned_model: active.deployment_name, missing: true }
          : showDeployment(bare(deployment), active.deployment_id);
      return {
        body: { ...shown, ...active, agent_id, has_active_deployment: true, is_active: true, base_model },
      };
    },
  });

  const getLineage = defineOperation({
    name: "getLineage",
    summary:
      "Traces deployments to their evaluation, training run and dataset, with the history of promotions.",
    input: z.strictObject({
      ...agent,
      kind: z.enum(LINEAGE_KINDS).optional(),
      id: idSchema.optional(),
      ...pagingSchema,
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
    input: z.strictObject({ ...agent, kind: z.enum(LINEAGE_KINDS), id: idSchema }),
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

  return [
    promote,
    rollback,
    deactivate,
    listDeployments,
    getActiveDeployment,
    getLineage,
    getLineageOf,
    selectModel,
  ];
}

/** Our ids tell their kind; `lineage --id run-…` needs no --kind. */
function kindOfId(id: string): (typeof LINEAGE_KINDS)[number] {
  if (id.startsWith("run-")) return "runs";
  if (id.startsWith("dataset-")) return "datasets";
  if (id.startsWith("eval-")) return "evaluations";
  return "deployments";
}
