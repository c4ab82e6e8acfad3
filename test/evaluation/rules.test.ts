import { describe, expect, test } from "@jest/globals";
import { isRight, showTurn } from "../../src/evaluation/grade.ts";
import { countPairs, judge, samplePairs } from "../../src/evaluation/rules.ts";

const counts = (both: number, candidateOnly: number, baselineOnly: number, neither: number) => ({
  both,
  candidateOnly,
  baselineOnly,
  neither,
});

const call = (name: string, args: string) => ({
  tool_calls: [{ id: "c", type: "function" as const, function: { name, arguments: args } }],
});

const pair = (example: string, baseline_correct: boolean, candidate_correct: boolean) => ({
  example,
  expected: "x".repeat(600),
  baseline_answer: "",
  candidate_answer: "",
  baseline_correct,
  candidate_correct,
});

describe("the verdict", () => {
  test("passes a candidate that is shown to be better", () => {
    const facts = judge(counts(30, 30, 4, 36), 0);
    expect(facts).toMatchObject({
      verdict: "pass",
      pairs: 100,
      candidate_accuracy: 0.6,
      baseline_accuracy: 0.34,
    });
    expect(facts.interval[0]).toBeGreaterThan(0);
    expect(facts.difference).toBeCloseTo(0.26, 10);
  });

  test("fails a candidate that is shown to be worse", () => {
    expect(judge(counts(30, 4, 30, 36), 0)).toMatchObject({ verdict: "fail" });
  });

  test("fails a candidate whose gain is ruled out, however many pairs agree", () => {
    expect(judge(counts(100, 0, 0, 100), 0)).toMatchObject({ verdict: "fail", p_value: 1 });
  });

  test("is inconclusive when the difference is not clear", () => {
    expect(judge(counts(30, 8, 4, 18), 0)).toMatchObject({ verdict: "inconclusive" });
  });

  test("is inconclusive below fifty pairs, however clear the difference", () => {
    const facts = judge(counts(0, 49, 0, 0), 0);
    expect(facts.verdict).toBe("inconclusive");
    expect(facts.reasons[0]).toContain("49 pairs");
    expect(judge(counts(0, 50, 0, 0), 0).verdict).toBe("pass");
  });

  test("is inconclusive with more than five in a hundred missing, and missing ones are not wrong", () => {
    expect(judge(counts(0, 95, 0, 0), 5)).toMatchObject({
      verdict: "pass",
      candidate_accuracy: 1,
      missing: 5,
    });
    expect(judge(counts(0, 94, 0, 0), 6)).toMatchObject({ verdict: "inconclusive", candidate_accuracy: 1 });
  });

  test("says nothing of no pairs", () => {
    expect(judge(counts(0, 0, 0, 0), 0)).toMatchObject({
      verdict: "inconclusive",
      interval: [-1, 1],
      p_value: 1,
    });
  });
});

describe("grading", () => {
  test("tells calls apart that differ in the last of twenty digits", () => {
    const expected = call("find", '{"id":12345678901234567890}');
    expect(isRight(expected, call("find", '{ "id": 12345678901234567890 }'), "exact")).toBe(true);
    expect(isRight(expected, call("find", '{"id":12345678901234567891}'), "exact")).toBe(false);
  });

  test("judges a tool call by its name, and by its arguments as JSON where it is to be exact", () => {
    const expected = call("search", '{"q":"x","n":1}');
    const reordered = call("search", '{ "n": 1, "q": "x" }');
    const other = call("search", '{"q":"y"}');
    expect(isRight(expected, other, "tool_call")).toBe(true);
    expect(isRight(expected, other, "auto")).toBe(true);
    expect(isRight(expected, reordered, "exact")).toBe(true);
    expect(isRight(expected, other, "exact")).toBe(false);
    expect(isRight(expected, call("fetch", '{"q":"x"}'), "auto")).toBe(false);
    expect(isRight(expected, { content: "search" }, "auto")).toBe(false);
    expect(isRight(call("search", "not json"), call("search", "not json "), "exact")).toBe(true);
  });

  test("judges order and number of calls", () => {
    const two = { tool_calls: [...call("a", "{}").tool_calls, ...call("b", "{}").tool_calls] };
    expect(isRight(two, { tool_calls: two.tool_calls.toReversed() }, "auto")).toBe(false);
    expect(isRight(two, call("a", "{}"), "auto")).toBe(false);
  });

  test("judges text without its whitespace, and a text where no tool is expected", () => {
    expect(isRight({ content: "Paris,  France\n" }, { content: "Paris, France" }, "auto")).toBe(true);
    expect(isRight({ content: "Paris" }, { content: "paris" }, "auto")).toBe(false);
    expect(isRight({ content: [{ type: "text", text: "Paris" }] }, { content: "Paris" }, "exact")).toBe(true);
    expect(isRight({ content: "Paris" }, { ...call("search", "{}"), content: "Paris" }, "auto")).toBe(false);
    expect(isRight({ content: "Paris" }, { content: "Rome" }, "tool_call")).toBe(true);
    expect(isRight({ content: "Paris" }, call("search", "{}"), "tool_call")).toBe(false);
  });

  test("shows turns as people read them, and those that differ first", () => {
    expect(showTurn(call("search", '{"q":1}'))).toBe('search({"q":1})');
    const pairs = [
      pair("a", true, true),
      pair("b", false, true),
      pair("c", true, false),
      pair("d", false, false),
    ];
    expect(countPairs(pairs)).toEqual({ both: 1, candidateOnly: 1, baselineOnly: 1, neither: 1 });
    const sample = samplePairs(pairs, 3);
    expect(sample.map((one) => one.example)).toEqual(["b", "c", "a"]);
    expect(sample[0]?.expected).toHaveLength(501);
  });
});
