import { z } from "zod";
import type { Settings } from "../../config/settings.ts";
import { manifestField } from "../../doors/manifest.ts";
import { defineOperation } from "../../doors/operation.ts";
import { agentOr, idSchema, pagingSchema } from "../../doors/schemas.ts";
import { LINEAGE_KINDS } from "../lineage.ts";
import { lineageSchema } from "../replies.ts";
import type { DeploymentService } from "../service.ts";

/** The rows that say where a model came from. */
export function lineageOperations({
  service,
  settings,
}: {
  readonly service: DeploymentService;
  readonly settings: Pick<Settings, "agentId">;
}) {
  const { lineage } = service;
  const agent = { agent_id: agentOr(settings.agentId) };

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

  return [getLineage, getLineageOf];
}

/** Our ids tell their kind; `lineage --id run-…` needs no --kind. */
function kindOfId(id: string): (typeof LINEAGE_KINDS)[number] {
  if (id.startsWith("run-")) return "runs";
  if (id.startsWith("dataset-")) return "datasets";
  if (id.startsWith("eval-")) return "evaluations";
  return "deployments";
}
