import { describe, expect, it } from "@jest/globals";
import { LightningError } from "../../src/kernel/errors.ts";
import { createMark, graderSchema } from "../../src/local-provider/graders/grader.ts";
import { GraderFault } from "../../src/local-provider/graders/template.ts";
import { graderSchema as ours } from "../../src/training/graders.ts";
import { checkLocal } from "../../src/training/method.ts";

const call = { id: "call_1", type: "function", function: { name: "move_file", arguments: '{"to":"b"}' } };
const GRADED = {
  item: { answer: "The cat sat", parts: { tool: "move_file" }, count: 3 },
  sample: { output_text: "the cat sat down", output_json: undefined, output_tools: [call] },
};
const mark = (grader: object) => createMark(graderSchema.parse(grader))(GRADED);
const check = (operation: string, input: string, reference: string) =>
  mark({ type: "string_check", name: "n", operation, input, reference });
const alike = (evaluation_metric: string, input: string, reference: string) =>
  mark({ type: "text_similarity", name: "n", evaluation_metric, input, reference });

describe("templates", () => {
  it.each([
    ["{{sample.output_tools[0].function.name}}", "move_file"],
    ["{{ item.parts.tool }}", "move_file"],
    ["{{item.parts}} and {{item.count}}", '{"tool":"move_file"} and 3'],
    ["no place", "no place"],
  ])("%s reads %s", (template, text) => {
    expect(check("eq", template, text)).toBe(1);
  });

  it.each(["{{item.missing}}", "{{sample.output_tools[1].function.name}}", "{{sample.output_json.a}}"])(
    "%s, which is not there, gives no mark",
    (template) => {
      expect(() => check("like", "anything", template)).toThrow(GraderFault);
    },
  );

  it.each(["{{env.HOME}}", "{{item}}", "{{item.__proto__.x", "{{ 1 + 1 }}"])("%s is refused", (template) => {
    const grader = { type: "string_check", name: "n", operation: "eq", input: template, reference: "x" };
    expect(graderSchema.safeParse(grader).success).toBe(false);
  });
});

describe("string_check", () => {
  it.each([
    ["eq", "a", "a", 1],
    ["eq", "a", "A", 0],
    ["ne", "a", "A", 1],
    ["like", "a cat sat", "cat", 1],
    ["like", "cat", "a cat sat", 0],
    ["like", "a Cat", "cat", 0],
    ["ilike", "a Cat", "cAT", 1],
  ])("%s of %j and %j is %d", (operation, input, reference, expected) => {
    expect(check(operation, input, reference)).toBe(expected);
  });
});

describe("marks", () => {
  it("of texts as long as a document come in no time, and of longer ones not at all", () => {
    const [input, reference] = ["ab", "ba"].map((two) => two.repeat(9_000));
    expect(alike("fuzzy_match", input ?? "", reference ?? "")).toBeGreaterThan(0.99);
    expect(() => alike("fuzzy_match", "a".repeat(20_001), "a")).toThrow(GraderFault);
  });

  it("beyond what can be compared are no marks", () => {
    const graders = { a: { type: "string_check", name: "a", operation: "eq", input: "x", reference: "x" } };
    const of = (calculate_output: string) => mark({ type: "multi", name: "m", graders, calculate_output });
    expect(of("a*10^6")).toBe(1e6);
    expect(() => of("a*10^7")).toThrow(GraderFault);
    const multi = (calculate_output: string) =>
      graderSchema.safeParse({ type: "multi", name: "m", graders, calculate_output }).success;
    expect(multi(`a${"+0".repeat(6000)}`)).toBe(false);
  });
});

describe("text_similarity", () => {
  const METRICS = [
    "fuzzy_match",
    "bleu",
    "gleu",
    "rouge_1",
    "rouge_2",
    "rouge_3",
    "rouge_4",
    "rouge_5",
    "rouge_l",
  ];
  const LONG = "one two three four five six";

  it.each(METRICS)(
    "%s is 1 for the same text, 0 for one without anything in common, and between for the rest",
    (metric) => {
      expect(alike(metric, LONG, LONG)).toBeCloseTo(1, 9);
      expect(alike(metric, "xyz", "qqq www")).toBe(0);
      const part = alike(metric, `${LONG} and much more`, LONG);
      expect(part).toBeGreaterThan(0.2);
      expect(part).toBeLessThan(1);
    },
  );

  it.each([
    // Two thirds of the letters are common: 2 × 2 of 3 + 3.
    ["fuzzy_match", "abc", "abd", 2 / 3],
    ["rouge_1", "the cat sat down", "the cat sat", 6 / 7],
    ["rouge_2", "the cat sat down", "the cat sat", 4 / 5],
    ["rouge_l", "sat the cat", "the cat sat", 2 / 3],
    // Of 10 and 6 runs of one to four words six are common.
    ["gleu", "the cat sat down", "the cat sat", 0.6],
  ])("%s of %j and %j", (metric, input, reference, expected) => {
    expect(alike(metric, input, reference)).toBeCloseTo(expected, 9);
  });
});

describe("multi", () => {
  const one = (input: string) => ({
    type: "string_check",
    name: "n",
    operation: "eq",
    input,
    reference: "1",
  });
  const graders = { a: one("1"), b: one("2") };
  const multi = (calculate_output: string) => ({ type: "multi", name: "m", graders, calculate_output });

  it.each([
    ["a", 1],
    ["a - b", 1],
    ["0.5 * a + 0.25 * (a - b)", 0.75],
    ["2 ^ 3 ^ a - -b", 8],
    ["-2 ^ 2", -4],
    ["8 / 2 / 2", 2],
    ["min(a, b, 3) + max(a, .5)", 1],
    ["sqrt(abs(0 - 9)) + floor(1.7) + ceil(1.2) + exp(b) + log(a)", 7],
  ])("%s is %d", (formula, expected) => {
    expect(mark(multi(formula))).toBeCloseTo(expected, 9);
  });

  it.each(["a +", "c", "a b", "(a", "min(a", "constructor", "a; b", "", "require('fs')"])(
    "refuses %j",
    (formula) => {
      expect(graderSchema.safeParse(multi(formula)).success).toBe(false);
    },
  );

  it("gives no mark where the formula gives no number", () => {
    expect(() => mark(multi("a / b"))).toThrow(GraderFault);
  });
});

describe("what the app refuses before it stores a training, and what the local provider refuses", () => {
  const text = { name: "n", input: "{{sample.output_text}}", reference: "{{item.answer}}" };
  const metrics = "fuzzy_match cosine bleu gleu meteor rouge_1 rouge_2 rouge_3 rouge_4 rouge_5 rouge_l".split(
    " ",
  );
  const singles = [
    { ...text, type: "string_check", operation: "eq" },
    ...metrics.map((evaluation_metric) => ({ ...text, type: "text_similarity", evaluation_metric })),
    { type: "score_model", name: "n", model: "judge", input: [{ role: "user", content: "?" }] },
    { type: "python", name: "n", source: "def grade(sample, item): return 1" },
  ];
  const all = singles.flatMap((one) => [
    one,
    { type: "multi", name: "m", graders: { one }, calculate_output: "one" },
  ]);

  const titled = all.map((grader) => {
    const one = "graders" in grader ? grader.graders.one : grader;
    const kind = "evaluation_metric" in one ? `${one.type} by ${one.evaluation_metric}` : one.type;
    return [one === grader ? kind : `${kind} within multi`, grader] as const;
  });
  it.each(titled)("is the same: %s", (_, grader) => {
    const refused = (() => {
      try {
        checkLocal("local", ours.parse(grader), undefined);
        return false;
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(LightningError);
        return true;
      }
    })();
    expect(refused).toBe(!graderSchema.safeParse(grader).success);
  });
});
