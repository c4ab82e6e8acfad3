import { z } from "zod";
import { BUILD_DATASET } from "../datasets/contract.ts";
import { isEndedDataset } from "../datasets/status.ts";
import { recordOnce } from "../doors/keyed-request.ts";
import { startAndWait } from "../doors/long-operation.ts";
import { defineOperation } from "../doors/operation.ts";
import {
  agentIdSchema,
  continuationSchema,
  idSchema,
  pagingSchema,
  storedTimeSchema,
} from "../doors/schemas.ts";
import { toIso } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { invalid } from "../kernel/errors.ts";
import { CORRECTION_FORMATS, correctionSchema } from "./contract.ts";
import type { ReviewOperationDeps } from "./operation-deps.ts";

/** What reviewers corrected: as a list, as a file, as a dataset. */
export function correctionOperations({ service, datasets, settings, clock }: ReviewOperationDeps) {
  const agent = { agent_id: agentIdSchema.default(settings.agentId) };
  return [
    defineOperation({
      name: "listCorrections",
      summary: "Lists the answers that reviewers corrected, newest first.",
      input: z.strictObject({ ...agent, ...pagingSchema }),
      output: z.object({
        agent_id: z.string(),
        corrections_found: z.number().int(),
        corrections: z.array(correctionSchema),
        continuation: continuationSchema,
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/review/corrections" },
      cli: "review corrections",
      mcp: ["lightning_list_corrections"],
      example: { agent_id: "mcp-agents" },
      async run({ agent_id, limit, continuation: after }) {
        const { corrections, continuation } = await service.corrections.list(agent_id, limit, after);
        return {
          body: {
            agent_id,
            corrections_found: corrections.length,
            corrections,
            ...(continuation === undefined ? {} : { continuation }),
          },
        };
      },
    }),
    defineOperation({
      name: "getCorrectionsFile",
      summary: "Downloads the corrections as golden conversations or as DPO pairs (JSONL).",
      input: z.strictObject({
        ...agent,
        format: z.enum(CORRECTION_FORMATS).meta({ description: "Golden conversations, or pairs for DPO." }),
      }),
      output: z.object({ agent_id: z.string(), format: z.enum(CORRECTION_FORMATS) }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/review/corrections/{format}" },
      example: { agent_id: "mcp-agents", format: "dpo" },
      async run({ agent_id, format }) {
        return {
          body: { agent_id, format },
          file: {
            contentType: "application/jsonl",
            name: `corrections-${format}.jsonl`,
            stream: () => asBytes(service.corrections.lines(agent_id, format)),
          },
        };
      },
    }),
    defineOperation({
      name: "buildCorrectionsDataset",
      summary:
        "Builds a dataset from the corrections: golden conversations to train or test on, or DPO pairs of what was said and what should have been.",
      input: z.strictObject({
        ...agent,
        name: z.string().min(1).max(200).default("corrections").meta({ description: "Name of the dataset." }),
        format: z
          .enum(CORRECTION_FORMATS)
          .default("golden")
          .meta({ description: "Golden conversations, or pairs for DPO." }),
        train_split: z.number().min(0.01).max(1).optional().meta({
          description:
            "Share of the groups on the training side, 0.01 to 1; LIGHTNING_TRAIN_SPLIT when absent.",
        }),
        test_split: z
          .number()
          .min(0)
          .max(1)
          .optional()
          .meta({ description: "Share of the groups set aside as a test side, 0 to 1; 0 when absent." }),
      }),
      output: z.looseObject({
        success: z.boolean(),
        agent_id: z.string(),
        dataset_id: idSchema,
        status: z.string(),
        training_count: z.number().int().optional(),
        validation_count: z.number().int().optional(),
        test_count: z.number().int().optional(),
        created_at: storedTimeSchema,
        urls: z.record(z.string(), z.string()).optional(),
      }),
      role: "builder",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/review/corrections/dataset" },
      cli: "review build",
      mcp: ["lightning_build_corrections"],
      example: { agent_id: "mcp-agents", name: "corrections" },
      async run({ agent_id, name, format, ...splits }, context) {
        async function prepare() {
          const content: string[] = [];
          for await (const line of service.corrections.lines(agent_id, format)) content.push(line);
          if (content.length === 0)
            throw invalid("no_corrections", `No episode of agent ${agent_id} has a corrected answer.`, {
              remedy: "Label episodes with a correction first.",
            });
          const { dataset } = await datasets.prepareGolden({
            agent_id,
            name,
            description: `Corrected answers of reviewers, ${toIso(clock.now()).slice(0, 10)}`,
            content: content.join("\n"),
            ...(format === "dpo" ? { format } : {}),
            ...defined(splits),
          });
          return dataset;
        }
        const dataset = await recordOnce(context.request, (id) => datasets.get(agent_id, id), prepare);
        const { record, finished, urls } = await startAndWait(
          context,
          clock,
          BUILD_DATASET,
          { agent_id, id: dataset.id },
          () => datasets.get(agent_id, dataset.id),
          isEndedDataset,
        );
        const { id, status, training_count, validation_count, test_count, created_at } = record;
        const counts = defined({ training_count, validation_count, test_count });
        const body = {
          success: status !== "failed",
          agent_id,
          dataset_id: id,
          status,
          ...counts,
          created_at,
        };
        return finished ? { body } : { status: 202, body: { ...body, urls } };
      },
    }),
  ];
}

async function* asBytes(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const line of lines) yield encoder.encode(`${line}\n`);
}
