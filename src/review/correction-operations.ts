import { z } from "zod";
import { BUILD_DATASET, DATASETS } from "../datasets/contract.ts";
import { isEndedDataset } from "../datasets/status.ts";
import { type BeforeMaking, recordOnce } from "../doors/keyed-request.ts";
import { startAndWait } from "../doors/long-operation.ts";
import { defineOperation } from "../doors/operation.ts";
import {
  agentOr,
  continuationSchema,
  foundSchema,
  idSchema,
  pagingSchema,
  placeInQueueSchema,
  storedTimeSchema,
} from "../doors/schemas.ts";
import { monitored } from "../doors/status-monitor.ts";
import { toIso } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { invalid } from "../kernel/errors.ts";
import {
  CORRECTION_FORMATS,
  type CorrectionCounts,
  correctionCountsSchema,
  correctionSchema,
} from "./contract.ts";
import { noCounts } from "./corrections.ts";
import type { ReviewOperationDeps } from "./operation-deps.ts";

/** What reviewers corrected: as a list, as a file, as a dataset. */
export function correctionOperations({ service, datasets, settings, clock }: ReviewOperationDeps) {
  const agent = { agent_id: agentOr(settings.agentId) };
  return [
    defineOperation({
      name: "listCorrections",
      summary:
        "Lists what reviewers corrected and still stand by, newest first, with the reason where one makes no line of a file.",
      input: z.strictObject({ ...agent, ...pagingSchema }),
      output: z.object({
        agent_id: z.string(),
        corrections_found: foundSchema("Corrections"),
        corrections: z.array(correctionSchema),
        formats: z
          .object({ golden: correctionCountsSchema, dpo: correctionCountsSchema })
          .optional()
          .meta({ description: "What all corrections come to in each format; on the first page alone." }),
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
        const [{ corrections, continuation }, formats] = await Promise.all([
          service.corrections.list(agent_id, limit, after),
          after === undefined ? service.corrections.counts(agent_id) : undefined,
        ]);
        return {
          body: {
            agent_id,
            corrections_found: corrections.length,
            corrections,
            ...(formats === undefined ? {} : { formats }),
            ...(continuation === undefined ? {} : { continuation }),
          },
        };
      },
    }),
    defineOperation({
      name: "getCorrectionsFile",
      summary:
        "Downloads the corrections as golden conversations or as DPO pairs (JSONL); the header x-left-out counts those that make no line, by reason.",
      input: z.strictObject({
        ...agent,
        format: z.enum(CORRECTION_FORMATS).meta({ description: "Golden conversations, or pairs for DPO." }),
      }),
      output: correctionCountsSchema.extend({ agent_id: z.string(), format: z.enum(CORRECTION_FORMATS) }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/review/corrections/{format}" },
      answers: {
        file: "application/jsonl",
        headers: {
          "x-left-out": "How many corrections make no line, by reason: `reason=times, …`.",
          "x-turns-dropped": "Turns after a correction, which are left out.",
        },
      },
      example: { agent_id: "mcp-agents", format: "dpo" },
      async run({ agent_id, format }) {
        const { counts, bytes, sha256 } = await service.corrections.file(agent_id, format);
        return {
          body: { agent_id, format, ...counts },
          headers: {
            "x-left-out": inWords(counts.left_out),
            "x-turns-dropped": String(counts.turns_dropped),
          },
          file: {
            name: `corrections-${format}.jsonl`,
            bytes,
            sha256,
            stream: (from, some) => service.corrections.bytes(agent_id, format, from, some),
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
        near_duplicates: z.number().min(0.5).max(1).optional().meta({
          description:
            "1: only equal examples are left out. Any less, 0.85 when absent: also those that say the same with other case, punctuation, politeness, order or words for the same thing.",
        }),
      }),
      output: z.object({
        success: z.boolean(),
        agent_id: z.string(),
        dataset_id: idSchema,
        status: z.string(),
        training_count: z.number().int().optional(),
        validation_count: z.number().int().optional(),
        test_count: z.number().int().optional(),
        kept: z.number().int().optional(),
        given: z.number().int().optional(),
        dropped: z.record(z.string(), z.number()).optional(),
        warnings: z.record(z.string(), z.number()).optional(),
        notices: z.array(z.string()).optional(),
        ...correctionCountsSchema.shape,
        created_at: storedTimeSchema,
        place_in_queue: placeInQueueSchema,
        urls: z.record(z.string(), z.string()).optional(),
      }),
      role: "builder",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/review/corrections/dataset" },
      answers: monitored("datasets", "dataset_id"),
      work: { type: DATASETS.type, id: "dataset_id" },
      cli: "review build",
      mcp: ["lightning_build_corrections"],
      example: { agent_id: "mcp-agents", name: "corrections" },
      async run({ agent_id, name, format, ...splits }, context) {
        let counts: CorrectionCounts | undefined;
        async function prepare(before: BeforeMaking) {
          const content: string[] = [];
          const counted = noCounts();
          for await (const line of service.corrections.lines(agent_id, format, counted)) content.push(line);
          if (content.length === 0) throw noCorrections(agent_id, counted);
          counts = counted;
          const golden = {
            agent_id,
            name,
            description: `Corrected answers of reviewers, ${toIso(clock.now()).slice(0, 10)}`,
            content: content.join("\n"),
            ...(format === "dpo" ? { format } : {}),
            ...defined(splits),
          };
          const { dataset } = await datasets.prepareGolden(golden, warningsOf(counted), before);
          return dataset;
        }
        const dataset = await recordOnce(context, (id) => datasets.get(agent_id, id), prepare);
        counts ??= (await service.corrections.counts(agent_id))[format];
        const { record, finished, urls } = await startAndWait(
          context,
          clock,
          BUILD_DATASET,
          { agent_id, id: dataset.id },
          () => datasets.get(agent_id, dataset.id),
          isEndedDataset,
        );
        const { id, status, training_count, validation_count, test_count, created_at } = record;
        const sides = defined({ training_count, validation_count, test_count });
        const body = {
          success: status !== "failed",
          agent_id,
          dataset_id: id,
          status,
          ...sides,
          ...counts,
          ...datasets.leftOut(record),
          ...defined({ dropped: record.dropped, warnings: record.warnings }),
          created_at,
        };
        return finished ? { body } : { status: 202, body: { ...body, urls } };
      },
    }),
  ];
}

const inWords = (reasons: CorrectionCounts["left_out"]): string =>
  Object.entries(reasons)
    .map(([reason, times]) => `${reason}=${times}`)
    .join(", ");

/** What the dataset's own report says of corrections that did not come into it. */
const warningsOf = ({
  left_out: leftOut,
  turns_dropped: turns,
}: CorrectionCounts): Record<string, number> => ({
  ...Object.fromEntries(Object.entries(leftOut).map(([reason, times]) => [`correction:${reason}`, times])),
  ...(turns === 0 ? {} : { turns_after_correction_dropped: turns }),
});

function noCorrections(agentId: string, { corrections, left_out: leftOut }: CorrectionCounts) {
  return corrections === 0
    ? invalid("no_corrections", `No episode of agent ${agentId} has a corrected answer.`, {
        remedy: "Label episodes with a correction first.",
      })
    : invalid("no_corrections", `None of the ${corrections} corrections makes a line: ${inWords(leftOut)}.`, {
        remedy: "Correct the turn that was wrong; docs/errors.md says what each reason means.",
        details: { corrections, left_out: leftOut },
      });
}
