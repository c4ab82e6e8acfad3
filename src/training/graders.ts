import { z } from "zod";
import { keptExact, modelName } from "../doors/kept.ts";
import { nameNoun } from "../doors/nouns.ts";

/**
 * What gives a model its marks while it is trained by reinforcement. The members are OpenAI's and Azure's; a job
 * has one, or several by `multi`.
 */
const name = z.string().min(1).max(200);
const template = z.string().min(1).max(100_000);

const stringCheck = z.strictObject({
  type: z.literal("string_check"),
  name,
  operation: z.enum(["eq", "ne", "like", "ilike"]),
  input: template,
  reference: template,
});
const textSimilarity = z.strictObject({
  type: z.literal("text_similarity"),
  name,
  evaluation_metric: z.enum([
    "fuzzy_match",
    "cosine",
    "bleu",
    "gleu",
    "meteor",
    "rouge_1",
    "rouge_2",
    "rouge_3",
    "rouge_4",
    "rouge_5",
    "rouge_l",
  ]),
  input: template,
  reference: template,
  pass_threshold: z.number().optional(),
});
const graderMessage = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant"]),
  content: z.union([template, z.looseObject({ type: z.string() })]),
});
nameNoun(graderMessage, "GraderMessage");
const scoreModel = z.strictObject({
  type: z.literal("score_model"),
  name,
  model: modelName(z.string().min(1).max(256)),
  input: z.array(graderMessage).min(1),
  range: z.tuple([z.number(), z.number()]).optional(),
  pass_threshold: z.number().optional(),
  sampling_params: z.record(z.string(), z.union([z.number(), z.string(), z.null()])).optional(),
});
const LONGEST_SOURCE = 256 * 1024;
const python = z.strictObject({
  type: z.literal("python"),
  name,
  source: z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text) <= LONGEST_SOURCE, "must be at most 256 KB")
    .refine((text) => /^(?:async )?def\s+grade\s*\(/m.test(text), "must define grade(sample, item)"),
  image_tag: z.string().max(200).optional(),
});
const single = z.discriminatedUnion("type", [stringCheck, textSimilarity, scoreModel, python]);
const multi = z.strictObject({
  type: z.literal("multi"),
  name,
  graders: z.record(keptExact("the formula names it", z.string().regex(/^[A-Za-z_]\w{0,63}$/)), single),
  calculate_output: z.string().min(1).max(10_000),
});

nameNoun(single, "SingleGrader");

export const graderSchema = z.discriminatedUnion("type", [
  stringCheck,
  textSimilarity,
  scoreModel,
  python,
  multi,
]);
export type Grader = z.output<typeof graderSchema>;

/** What a message shows to who gave none: the fields are those of the reinforcement lines that datasets write. */
export const EXAMPLE_GRADER: Grader = {
  type: "text_similarity",
  name: "like the reference",
  evaluation_metric: "fuzzy_match",
  input: "{{sample.output_text}}",
  reference: "{{item.reference_answer}}",
};

/** Fields of a line that a grader's templates read: `{{item.reference_answer}}`, also `{{ item.a.b }}`, whose root is `a`. */
export function fieldsRead(grader: Grader): string[] {
  const found = new Set<string>();
  const look = (value: unknown): void => {
    if (typeof value === "string")
      for (const [, field] of value.matchAll(/\{\{\s*item\.([A-Za-z_]\w*)/g)) found.add(field ?? "");
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(look);
  };
  look(grader);
  return [...found];
}
