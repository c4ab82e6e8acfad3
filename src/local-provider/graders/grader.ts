import { z } from "zod";
import { readFormula } from "./formula.ts";
import { SIMILARITIES, similarity } from "./similarity.ts";
import { fill, type Graded, GraderFault, isReadable } from "./template.ts";

/** The graders that mark answers here. Others need a judge or run somebody's program; they are refused by name. */
const GRADERS = ["string_check", "text_similarity", "multi"];
const refuse =
  (what: string, offered: readonly string[], key?: string) =>
  ({ input }: { readonly input?: unknown }) => {
    const value = key === undefined ? input : (input as Record<string, unknown> | null)?.[key];
    return `The local provider has no ${what} ${JSON.stringify(value) ?? "of that form"}; it has ${offered.join(", ")}.`;
  };

const name = z.string().min(1);
const template = z.string().min(1).refine(isReadable, "reads something beside item.… and sample.…");
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
  evaluation_metric: z.enum(SIMILARITIES, { error: refuse("text similarity", SIMILARITIES) }),
  input: template,
  reference: template,
  pass_threshold: z.number().optional(),
});
const single = z.discriminatedUnion("type", [stringCheck, textSimilarity], {
  error: refuse("grader of type", GRADERS.slice(0, 2), "type"),
});
type Single = z.output<typeof single>;

export const graderSchema = z.discriminatedUnion(
  "type",
  [
    stringCheck,
    textSimilarity,
    z
      .strictObject({
        type: z.literal("multi"),
        name,
        graders: z.record(z.string(), single),
        calculate_output: z.string().min(1).max(10_000),
      })
      .superRefine(({ graders, calculate_output }, context) => {
        try {
          readFormula(calculate_output, Object.keys(graders));
        } catch (thrown) {
          context.addIssue({
            code: "custom",
            path: ["calculate_output"],
            message: thrown instanceof RangeError ? "is nested too deeply" : (thrown as Error).message,
          });
        }
      }),
  ],
  { error: refuse("grader of type", GRADERS, "type") },
);
export type Grader = z.output<typeof graderSchema>;

/** Marks are compared with each other: beyond this a sum of them says nothing of the rest. */
const LARGEST_MARK = 1e6;

/** Gives an answer its mark. @throws GraderFault when the grader reads what is not there, or its mark is no number */
export type Mark = (graded: Graded) => number;

export function createMark(grader: Grader): Mark {
  if (grader.type !== "multi") return (graded) => markOf(grader, graded);
  const all = Object.entries(grader.graders);
  const formula = readFormula(grader.calculate_output, Object.keys(grader.graders));
  return (graded) => {
    const mark = formula(Object.fromEntries(all.map(([key, one]) => [key, markOf(one, graded)])));
    if (!(Math.abs(mark) <= LARGEST_MARK))
      throw new GraderFault(`calculate_output gives no number, or one beyond ${LARGEST_MARK}.`);
    return mark;
  };
}

function markOf(grader: Single, graded: Graded): number {
  const input = fill(grader.input, graded);
  const reference = fill(grader.reference, graded);
  if (grader.type === "text_similarity") return similarity(grader.evaluation_metric, input, reference);
  const passed = {
    eq: () => input === reference,
    ne: () => input !== reference,
    like: () => input.includes(reference),
    ilike: () => input.toLowerCase().includes(reference.toLowerCase()),
  }[grader.operation]();
  return passed ? 1 : 0;
}
