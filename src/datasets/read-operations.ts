import { z } from "zod";
import { defineOperation } from "../doors/operation.ts";
import { continuationSchema, foundSchema, pagingSchema } from "../doors/schemas.ts";
import { SPLITS } from "./contract.ts";
import { type DatasetOperationDeps, ofAgent, oneDataset } from "./operation-deps.ts";
import { datasetReply, datasetReplySchema, datasetWork } from "./replies.ts";

/** The rows that only look at datasets and their files. */
export function datasetReads({ service, settings }: Pick<DatasetOperationDeps, "service" | "settings">) {
  const one = oneDataset(settings);

  return [
    defineOperation({
      name: "listDatasets",
      summary: "Lists the agent's datasets, newest first.",
      input: z.strictObject({ ...ofAgent(settings), ...pagingSchema }),
      output: z.object({
        agent_id: z.string(),
        datasets_found: foundSchema("Datasets"),
        datasets: z.array(datasetReplySchema),
        continuation: continuationSchema,
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/datasets" },
      cli: "list-datasets",
      mcp: ["lightning_list_datasets"],
      example: { agent_id: "mcp-agents", limit: 20 },
      async run({ agent_id, limit, continuation }) {
        const page = await service.list(agent_id, limit, continuation);
        return {
          body: {
            agent_id,
            datasets_found: page.datasets.length,
            datasets: page.datasets.map((dataset) => datasetReply(dataset)),
            ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
          },
        };
      },
    }),
    defineOperation({
      name: "getDataset",
      summary: "Shows one dataset: counts, files, recipe, and what was left out and why.",
      input: z.strictObject(one),
      output: datasetReplySchema,
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/datasets/{dataset_id}" },
      work: datasetWork,
      cli: "show-dataset",
      mcp: ["lightning_get_dataset"],
      aliases: { id: "dataset_id" },
      example: { agent_id: "mcp-agents", dataset_id: "dataset-abc123" },
      run: async ({ agent_id, dataset_id }) => ({
        body: datasetReply(await service.get(agent_id, dataset_id)),
      }),
    }),
    defineOperation({
      name: "getDatasetFile",
      summary: "Downloads one side of a dataset as JSONL.",
      input: z.strictObject({
        ...one,
        split: z.enum(SPLITS).meta({ description: "The side whose file is downloaded." }),
      }),
      output: z.object({
        dataset_id: z.string(),
        split: z.enum(SPLITS),
        lines: z.number().int(),
        bytes: z.number().int(),
        sha256: z.string(),
        path: z.string(),
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/datasets/{dataset_id}/files/{split}" },
      answers: { file: "application/jsonl", conflicts: true },
      aliases: { id: "dataset_id" },
      example: { agent_id: "mcp-agents", dataset_id: "dataset-abc123", split: "train" },
      async run({ agent_id, dataset_id, split }) {
        const { key: _key, name, stream, ...file } = await service.readFile(agent_id, dataset_id, split);
        const { bytes, sha256 } = file;
        return { body: { dataset_id, split, ...file }, file: { name, bytes, sha256, stream } };
      },
    }),
  ];
}
