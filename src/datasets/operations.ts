import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { startAndWait } from "../doors/long-operation.ts";
import { type CallContext, defineOperation, type Reply } from "../doors/operation.ts";
import { continuationSchema, idSchema, pagingSchema } from "../doors/schemas.ts";
import type { Clock } from "../kernel/clock.ts";
import { invalid } from "../kernel/errors.ts";
import {
  BUILD_DATASET,
  buildDatasetInputSchema,
  buildGoldenInputSchema,
  type Dataset,
  goldenPartInputSchema,
  SPLITS,
} from "./contract.ts";
import { datasetLineageOperations } from "./lineage-operations.ts";
import type { Prepared } from "./prepare-once.ts";
import { type DatasetReply, datasetReply, datasetReplySchema } from "./replies.ts";
import type { DatasetService } from "./service.ts";
import { isEndedDataset } from "./status.ts";
import { validateOperation } from "./validate/operation.ts";

export interface DatasetOperationDeps {
  readonly service: DatasetService;
  readonly settings: Pick<Settings, "agentId">;
  readonly clock: Clock;
}

/** The rows of datasets in the operations table. */
export function datasetOperations({ service, settings, clock }: DatasetOperationDeps) {
  const agent = { agent_id: buildDatasetInputSchema.shape.agent_id.default(settings.agentId) };
  const one = { ...agent, dataset_id: idSchema.meta({ description: "A dataset's id." }) };

  /** Starts the build of a new dataset and answers it finished, or 202 with where to ask. */
  async function build({ dataset }: Prepared, context: CallContext): Promise<Reply<DatasetReply>> {
    if (isEndedDataset(dataset)) return answer(dataset);
    const { agent_id, id } = dataset;
    const { record, finished, urls } = await startAndWait(
      context,
      clock,
      BUILD_DATASET,
      { agent_id, id },
      () => service.get(agent_id, id),
      isEndedDataset,
    );
    return finished ? answer(record) : { status: 202, body: datasetReply(record, urls) };
  }

  return [
    defineOperation({
      name: "buildDataset",
      summary: "Builds a fine-tuning dataset from the agent's rewarded episodes.",
      input: buildDatasetInputSchema.extend(agent),
      output: datasetReplySchema,
      role: "builder",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/datasets" },
      cli: "build-dataset",
      mcp: ["lightning_build_dataset"],
      example: { agent_id: "mcp-agents", name: "v1", min_reward: 0.5 },
      run: async (input, context) => build(await service.prepare(input), context),
    }),
    defineOperation({
      name: "buildGoldenDataset",
      summary: "Builds a dataset from golden conversations (JSONL); one invalid line refuses the whole file.",
      input: buildGoldenInputSchema.extend(agent),
      output: datasetReplySchema,
      role: "builder",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/datasets/golden" },
      cli: "build-golden",
      mcp: ["lightning_build_golden"],
      example: {
        agent_id: "mcp-agents",
        name: "golden",
        content: '{"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi."}]}',
      },
      run: async (input, context) => build(await service.prepareGolden(input), context),
    }),
    defineOperation({
      name: "addGoldenPart",
      summary: "Checks and keeps a part of a golden file that is too large for one request.",
      input: goldenPartInputSchema.extend(agent),
      output: z.object({
        part: z.string(),
        read: z.number().int(),
        kept: z.number().int(),
        warnings: z.record(z.string(), z.number().int()),
      }),
      role: "builder",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/datasets/golden/parts" },
      example: {
        agent_id: "mcp-agents",
        name: "golden",
        first_line: 1,
        content: '{"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi."}]}',
      },
      run: async (input) => ({ body: { ...(await service.addGoldenPart(input)) } }),
    }),
    defineOperation({
      name: "cancelDataset",
      summary: "Asks for the end of a dataset's build; what it wrote is removed.",
      input: z.strictObject(one),
      output: datasetReplySchema,
      role: "builder",
      effect: "destroy",
      idempotent: true,
      rest: { method: "POST", path: "/datasets/{dataset_id}/cancel" },
      cli: "cancel-dataset",
      mcp: ["lightning_cancel_dataset"],
      aliases: { id: "dataset_id" },
      example: { agent_id: "mcp-agents", dataset_id: "dataset-abc123" },
      run: async ({ agent_id, dataset_id }) => ({
        body: datasetReply(await service.cancel(agent_id, dataset_id)),
      }),
    }),
    defineOperation({
      name: "listDatasets",
      summary: "Lists the agent's datasets, newest first.",
      input: z.strictObject({ ...agent, ...pagingSchema }),
      output: z.object({
        agent_id: z.string(),
        datasets_found: z.number().int(),
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
      aliases: { id: "dataset_id" },
      example: { agent_id: "mcp-agents", dataset_id: "dataset-abc123", split: "train" },
      async run({ agent_id, dataset_id, split }) {
        const { key: _key, name, stream, ...file } = await service.readFile(agent_id, dataset_id, split);
        return {
          body: { dataset_id, split, ...file },
          file: { contentType: "application/jsonl", name, stream },
        };
      },
    }),
    validateOperation(),
    ...datasetLineageOperations({ service, settings }),
  ];
}

/** @throws invalid with the build's own code when it failed */
function answer(dataset: Dataset): Reply<DatasetReply> {
  if (dataset.status !== "failed") return { body: datasetReply(dataset) };
  throw invalid(dataset.error_code ?? "build_failed", dataset.error ?? "The dataset could not be built.", {
    remedy: "Correct what the message names, then ask for the same dataset again.",
    details: { dataset_id: dataset.id, dropped: dataset.dropped },
  });
}
