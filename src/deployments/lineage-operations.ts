import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { manifestField, manifestSchema } from "../doors/manifest.ts";
import { defineOperation, type Operation } from "../doors/operation.ts";
import { agentIdSchema, idSchema, pagingSchema } from "../doors/schemas.ts";
import { deploymentEventSchema } from "./contract.ts";
import { LINEAGE_KINDS } from "./lineage.ts";
import type { DeploymentService } from "./service.ts";

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

/** The rows that tell where a model came from. */
export function lineageOperations({
  service,
  settings,
}: {
  readonly service: DeploymentService;
  readonly settings: Pick<Settings, "agentId">;
}): Operation[] {
  const { lineage } = service.reads;
  const agent = { agent_id: agentIdSchema.default(settings.agentId) };

  const getLineage = defineOperation({
    name: "getLineage",
    summary:
      "Traces deployments to their evaluation, training run and dataset, with the history of promotions.",
    input: z.strictObject({
      ...agent,
      kind: z.enum(LINEAGE_KINDS).optional(),
      id: idSchema.optional(),
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
    input: z.strictObject({ ...agent, kind: z.enum(LINEAGE_KINDS), id: idSchema, ...manifestField }),
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

  return [getLineage, getLineageOf];
}

/** Our ids tell their kind; `lineage --id run-…` needs no --kind. */
function kindOfId(id: string): (typeof LINEAGE_KINDS)[number] {
  if (id.startsWith("run-")) return "runs";
  if (id.startsWith("dataset-")) return "datasets";
  if (id.startsWith("eval-")) return "evaluations";
  return "deployments";
}
