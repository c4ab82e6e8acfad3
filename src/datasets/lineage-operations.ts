import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { manifestField, manifestSchema } from "../doors/manifest.ts";
import { defineOperation } from "../doors/operation.ts";
import { agentOr, continuationSchema, idSchema } from "../doors/schemas.ts";
import { SPLITS } from "./contract.ts";
import { edgeSchema } from "./replies.ts";
import type { DatasetService } from "./service.ts";

/** The rows that tell where lines are from. */
export function datasetLineageOperations({
  service,
  settings,
}: {
  readonly service: DatasetService;
  readonly settings: Pick<Settings, "agentId">;
}) {
  const one = {
    agent_id: agentOr(settings.agentId),
    dataset_id: idSchema.meta({ description: "A dataset's id." }),
  };
  return [
    defineOperation({
      name: "listExamples",
      summary:
        "Lists where each line of a dataset is from: its episodes and rewards, a page of some 500 at a time.",
      input: z.strictObject({
        ...one,
        continuation: continuationSchema.meta({ description: "The continuation of the page before." }),
        ...manifestField,
      }),
      output: z.object({
        agent_id: z.string(),
        dataset_id: z.string(),
        edges: z.array(edgeSchema),
        continuation: continuationSchema,
        manifest: manifestSchema.optional(),
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/datasets/{dataset_id}/examples" },
      cli: "list-examples",
      aliases: { id: "dataset_id" },
      example: { agent_id: "mcp-agents", dataset_id: "dataset-abc123" },
      run: async ({ agent_id, dataset_id, continuation }) => ({
        body: { agent_id, dataset_id, ...(await service.edges(agent_id, dataset_id, continuation)) },
      }),
    }),
    defineOperation({
      name: "explainExample",
      summary:
        "Tells why a line is in a dataset: its episodes, its rewards, and the duplicates it stands for.",
      input: z.strictObject({
        ...one,
        hash: z
          .string()
          .regex(/^(?:\d{1,7}|[0-9a-fA-F]{8,64})$/, "must be 8 to 64 hex digits, or a line's number")
          .meta({
            description: "First digits of the SHA-256 of the line's text, or its number in the file.",
          }),
        split: z.enum(SPLITS).default("train").meta({ description: "The file that a number counts in." }),
        ...manifestField,
      }),
      output: z.object({
        agent_id: z.string(),
        dataset_id: z.string(),
        edges: z.array(edgeSchema),
        manifest: manifestSchema.optional(),
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/datasets/{dataset_id}/examples/{hash}/why" },
      cli: "why",
      mcp: ["lightning_explain_example"],
      aliases: { id: "dataset_id", line: "hash" },
      example: { agent_id: "mcp-agents", dataset_id: "dataset-abc123", hash: "9f86d081884c7d65" },
      run: async ({ agent_id, dataset_id, hash, split }) => ({
        body: { agent_id, dataset_id, edges: await service.why(agent_id, dataset_id, hash, split) },
      }),
    }),
  ];
}
