import { z } from "zod";
import { capabilityOf, PROVIDERS } from "../../catalog/capabilities.ts";
import { keptExact, redactedLater } from "../../doors/kept.ts";
import { defineOperation } from "../../doors/operation.ts";
import { nearPairs } from "../line/near-set.ts";
import { checkFile, checkTogether, type FileCheck } from "./file.ts";

const faultSchema = z.object({
  file: z.string(),
  line: z.number().int().optional(),
  rule: z.string(),
  field: z.string().optional(),
  message: z.string(),
  remedy: z.string(),
});
const reportSchema = z.object({
  file: z.string(),
  lines: z.number().int().meta({ description: "Lines given, blank ones left out." }),
  examples: z.number().int().meta({ description: "Lines that are valid." }),
  invalid_lines: z.number().int().meta({ description: "Lines given that are not valid." }),
  bytes: z.number().int(),
  tokens: z.number().int(),
  longest: z.number().int(),
  faults_found: z.number().int(),
  warnings: z.record(z.string(), z.number()),
});

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  // In pieces, so that no second copy of the whole is made.
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + 65_536);
    const code = text.charCodeAt(end - 1);
    if (end < text.length && code >= 0xd800 && code <= 0xdbff) end--;
    yield Buffer.from(text.slice(at, end));
    at = end;
  }
}

const looked = redactedLater("the report says what is found in it, and nothing is stored", z.string().min(1));

/** The row that checks files without building anything. */
export function validateOperation() {
  return defineOperation({
    name: "validateFile",
    summary: "Checks a training file by the rules of its format, provider and model; nothing is stored.",
    input: z.strictObject({
      content: looked.meta({ description: "The JSONL text itself." }),
      validation_content: looked.optional().meta({ description: "The validation file's text." }),
      file: z
        .string()
        .min(1)
        .max(200)
        .default("training file")
        .meta({ description: "Name by which the report calls the file." }),
      format: z
        .enum(["sft", "dpo", "rft"])
        .default("sft")
        .meta({ description: "What the lines are meant to be." }),
      model: keptExact("the provider knows it by this name", z.string().min(1).max(256))
        .optional()
        .meta({ description: "The base model it is for." }),
      provider: z
        .enum(PROVIDERS)
        .default("azure")
        .meta({ description: "Whose rules the lines are checked by." }),
      n_epochs: z.number().int().min(1).max(50).optional().meta({
        description: "How many epochs it is for: tokens times epochs have a limit.",
      }),
      reference_fields: z.array(z.string().min(1).max(200)).max(50).optional().meta({
        description: "Fields that the grader reads: each line of format rft must have them.",
      }),
      bom: z.boolean().default(false).meta({ description: "The deployment insists on a byte-order mark." }),
    }),
    output: z.object({
      valid: z.boolean(),
      format: z.string(),
      model: z.string(),
      source: z.string(),
      as_of: z.string(),
      files: z.array(reportSchema),
      faults: z.array(faultSchema),
      faults_found: z
        .number()
        .int()
        .meta({ description: "All faults; `faults` holds the first of each file." }),
    }),
    role: "reader",
    effect: "read",
    idempotent: true,
    idempotency: { none: "It only reads: asked again, it answers how things stand then." },
    rest: { method: "POST", path: "/datasets/validate" },
    cli: "validate",
    mcp: ["lightning_validate_file"],
    example: {
      content: '{"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi."}]}',
      format: "sft",
    },
    async run({ content, validation_content: other, file, format, model, provider, n_epochs, bom, ...more }) {
      const row = capabilityOf(provider, model);
      const capability = bom ? { ...row, byte_order_mark: "required" as const } : row;
      const check: FileCheck = {
        format,
        capability,
        model,
        epochs: n_epochs,
        references: more.reference_fields,
      };
      // Ten examples are asked of what is trained on.
      const lenient = { ...check, capability: { ...capability, fewest_examples: 1 } };
      const held: string[] = [];
      const validation =
        other === undefined
          ? undefined
          : await checkFile("validation file", bytesOf(other), {
              ...lenient,
              each: (_line, text) => held.push(text),
            });
      // The validation file first: what is near to it is looked up as the training file streams by.
      const pairs = nearPairs(held);
      const training = await checkFile(file, bytesOf(content), {
        ...check,
        ...(validation === undefined ? {} : { each: pairs.add }),
      });
      const together = checkTogether(training, validation, format);
      const near = pairs.count();
      const shared = together.some(({ rule }) => rule === "validation_overlaps");
      const reports = [training.report, ...(validation === undefined ? [] : [validation.report])];
      const faults = [...reports.flatMap((one) => one.faults), ...together];
      return {
        body: {
          valid: faults.length === 0,
          format,
          model: capability.model,
          source: capability.source,
          as_of: capability.as_of,
          files: reports.map(({ faults: _faults, ...rest }) => ({
            ...rest,
            warnings: {
              ...rest.warnings,
              ...(near > 0 && !shared && rest.file === validation?.report.file
                ? { validation_near_training: near }
                : {}),
            } as Record<string, number>,
          })),
          faults_found: reports.reduce((sum, one) => sum + one.faults_found, together.length),
          faults: faults.map(({ line, field, ...fault }) => ({
            ...fault,
            ...(line === undefined ? {} : { line }),
            ...(field === undefined ? {} : { field }),
          })),
        },
      };
    },
  });
}
