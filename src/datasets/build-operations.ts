import { z } from "zod";
import { type BeforeMaking, recordOnce } from "../doors/keyed-request.ts";
import { startAndWait } from "../doors/long-operation.ts";
import { type CallContext, defineOperation, type Reply } from "../doors/operation.ts";
import { monitored } from "../doors/status-monitor.ts";
import { takeUpIfDead } from "../doors/take-up.ts";
import { invalid } from "../kernel/errors.ts";
import { BUILD_DATASET, type Dataset } from "./contract.ts";
import { type DatasetOperationDeps, ofAgent, oneDataset } from "./operation-deps.ts";
import type { Prepared } from "./prepare-once.ts";
import { buildDatasetInputSchema, buildGoldenInputSchema, goldenPartInputSchema } from "./recipe-contract.ts";
import { type DatasetReply, datasetReply, datasetReplySchema, datasetWork } from "./replies.ts";
import { isEndedDataset } from "./status.ts";

/** The rows that build datasets, and stop a build. */
export function datasetBuilds({ service, settings, clock }: DatasetOperationDeps) {
  const agent = ofAgent(settings);

  /** Starts the build of a new dataset and answers it finished, or 202 with where to ask. */
  async function build(
    agentId: string,
    prepare: (before: BeforeMaking) => Promise<Prepared>,
    context: CallContext,
  ): Promise<Reply<DatasetReply>> {
    const dataset = await recordOnce(
      context,
      (id) => service.get(agentId, id),
      async (before) => (await prepare(before)).dataset,
    );
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
      answers: monitored("datasets", "dataset_id"),
      work: datasetWork,
      cli: "build-dataset",
      mcp: ["lightning_build_dataset"],
      example: { agent_id: "mcp-agents", name: "v1", min_reward: 0.5 },
      run: async (input, context) =>
        build(input.agent_id, (before) => service.prepare(input, before), context),
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
      answers: monitored("datasets", "dataset_id"),
      work: datasetWork,
      cli: "build-golden",
      mcp: ["lightning_build_golden"],
      example: {
        agent_id: "mcp-agents",
        name: "golden",
        content: '{"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi."}]}',
      },
      run: async (input, context) =>
        build(input.agent_id, (before) => service.prepareGolden(input, {}, before), context),
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
        warning_lines: z.record(z.string(), z.array(z.number().int())).optional(),
        dropped: z
          .record(z.string(), z.number().int())
          .optional()
          .meta({ description: "Rows left out, by how their answers ended." }),
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
      input: z.strictObject(oneDataset(settings)),
      output: datasetReplySchema,
      role: "builder",
      effect: "destroy",
      idempotent: true,
      rest: { method: "POST", path: "/datasets/{dataset_id}/cancel" },
      answers: { changes: "/datasets/{dataset_id}" },
      ends: datasetWork,
      cli: "cancel-dataset",
      mcp: ["lightning_cancel_dataset"],
      aliases: { id: "dataset_id" },
      example: { agent_id: "mcp-agents", dataset_id: "dataset-abc123" },
      async run({ agent_id, dataset_id }, context) {
        const dataset = await service.cancel(agent_id, dataset_id);
        // The next step of the build ends it; should nobody be there to take it, somebody is now, or after the sweep.
        if (!isEndedDataset(dataset))
          await takeUpIfDead(context.orchestrations, BUILD_DATASET, dataset).catch(() => undefined);
        return { body: datasetReply(dataset) };
      },
    }),
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
