import { describe, expect, test } from "@jest/globals";
import { isRight, judgedBy, showTurn } from "../../src/evaluation/grade.ts";
import { judge, samplePairs, tally } from "../../src/evaluation/rules.ts";
import { isMatched } from "../../src/evaluation/tool-calls.ts";

/** So many pairs of each outcome, each a group of its own. */
const counts = (both: number, candidateOnly: number, baselineOnly: number, neither: number) =>
  tally(
    [
      [both, true, true],
      [candidateOnly, false, true],
      [baselineOnly, true, false],
      [neither, false, false],
    ].flatMap(([times, baseline_correct, candidate_correct]) =>
      Array.from({ length: Number(times) }, () => ({
        baseline_correct: baseline_correct === true,
        candidate_correct: candidate_correct === true,
      })),
    ),
  );

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

  test("is inconclusive where neither model is right anywhere: nothing was measured", () => {
    const facts = judge(counts(0, 0, 0, 83), 0);
    expect(facts.verdict).toBe("inconclusive");
    expect(facts.reasons.join()).toContain("nothing was measured");
  });

  test("counts groups, not pairs: ten sessions of ten lines are ten pieces of evidence", () => {
    const pairs = Array.from({ length: 100 }, (_, i) => ({
      group: String(i % 10),
      baseline_correct: false,
      candidate_correct: true,
    }));
    const facts = judge(tally(pairs), 0);
    expect(facts).toMatchObject({ verdict: "inconclusive", pairs: 100, groups: 10 });
    expect(facts.reasons[0]).toContain("10 independent groups in 100 pairs");
    expect(facts.p_value).toBeCloseTo(2 / 2 ** 10, 12);
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

  test("judges the whole call, and names alone only where that was chosen", () => {
    const expected = call("search", '{"q":"x","n":1}');
    const reordered = call("search", '{ "n": 1.0, "q": "x" }');
    const other = call("search", '{"q":"DELETE EVERYTHING"}');
    for (const metric of ["auto", "tool_call", "exact"] as const) {
      expect(isRight(expected, other, metric)).toBe(false);
      expect(isRight(expected, reordered, metric)).toBe(true);
    }
    expect(isRight(expected, other, "tool_names")).toBe(true);
    expect(isRight(expected, call("fetch", '{"q":"x"}'), "tool_names")).toBe(false);
    expect(isRight(expected, { content: "search" }, "auto")).toBe(false);
    expect(isRight(call("search", "not json"), call("search", "not json "), "auto")).toBe(true);
    expect(isRight(call("search", "{}"), call("search", "not json"), "auto")).toBe(false);
  });

  test("takes the calls of one turn in any order, each once; `exact` keeps their order", () => {
    const two = { tool_calls: [...call("a", "{}").tool_calls, ...call("b", "{}").tool_calls] };
    const turned = { tool_calls: two.tool_calls.toReversed() };
    expect(isRight(two, turned, "auto")).toBe(true);
    expect(isRight(two, turned, "tool_names")).toBe(true);
    expect(isRight(two, turned, "exact")).toBe(false);
    expect(isRight(two, call("a", "{}"), "auto")).toBe(false);
    const twice = { tool_calls: [...call("a", "{}").tool_calls, ...call("a", "{}").tool_calls] };
    expect(isRight(two, twice, "auto")).toBe(false);
  });

  test("reads arguments by the tool's schema", () => {
    const tools = [
      {
        type: "function" as const,
        function: {
          name: "book",
          parameters: {
            type: "object",
            required: ["city"],
            properties: {
              city: { type: "string" },
              seats: { type: "integer", default: 1 },
              note: { type: "string" },
              at: { type: "string", format: "date-time" },
              tags: { type: "array", uniqueItems: true, items: { type: "string" } },
              stops: { type: "array", items: { $ref: "#/$defs/stop" } },
            },
            $defs: {
              stop: { type: "object", properties: { name: { type: "string" }, nights: { default: 2 } } },
            },
          },
        },
      },
    ];
    const same = (a: object, b: object) =>
      isRight(call("book", JSON.stringify(a)), call("book", JSON.stringify(b)), "auto", tools);
    expect(same({ city: "Bergen" }, { city: " Bergen ", seats: 1, note: null })).toBe(true);
    expect(same({ city: "Bergen" }, { city: "Bergen", seats: 2 })).toBe(false);
    expect(same({ city: "Bergen" }, { city: "bergen" })).toBe(false);
    expect(same({ city: "Zu\u0308rich" }, { city: "Z\u00fcrich" })).toBe(true);
    expect(same({ city: "x", seats: 1 }, { city: "x", seats: "1" })).toBe(false);
    expect(same({ city: "x", note: "a" }, { city: "x" })).toBe(false);
    expect(
      same({ city: "x", at: "2026-05-01T10:00:00Z" }, { city: "x", at: "2026-05-01T12:00:00+02:00" }),
    ).toBe(true);
    expect(same({ city: "x", tags: ["a", "b"] }, { city: "x", tags: ["b", "a"] })).toBe(true);
    expect(
      same({ city: "x", stops: [{ name: "a" }] }, { city: "x", stops: [{ name: "a", nights: 2 }] }),
    ).toBe(true);
    const [a, b] = [{ name: "a" }, { name: "b" }];
    expect(same({ city: "x", stops: [a, b] }, { city: "x", stops: [b, a] })).toBe(false);
  });

  test("tells whole numbers beyond 2^53 apart", () => {
    const id = (digits: string) => call("get", `{"id":${digits}}`);
    for (const metric of ["auto", "exact"] as const) {
      expect(isRight(id("9007199254740993"), id("9007199254740992"), metric)).toBe(false);
      expect(isRight(id("9007199254740993"), id("9007199254740993"), metric)).toBe(true);
    }
  });

  test("matches calls as a whole where one fits several", () => {
    const fits = (a: string, b: string) => a.includes(b);
    expect(isMatched(["12", "1"], ["1", "2"], fits)).toBe(true);
    expect(isMatched(["1", "12"], ["1", "2"], fits)).toBe(true);
    expect(isMatched(["1", "1"], ["1", "2"], fits)).toBe(false);
  });

  test("says what was judged: names alone, and that of free text only equality is", () => {
    expect(judgedBy("tool_names", 3, 0).join()).toContain("names alone");
    expect(judgedBy("auto", 1, 2)).toEqual([
      "Judged by whole tool calls, names and arguments, on 1 pair.",
      "On 2 pairs free text is expected: only equality is judged, so another wording counts as wrong.",
    ]);
    expect(judgedBy("tool_call", 0, 2).join()).toContain("judged is only that none was called");
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
    expect(tally(pairs).counts).toEqual({ both: 1, candidateOnly: 1, baselineOnly: 1, neither: 1 });
    const sample = samplePairs(pairs, 3);
    expect(sample.map((one) => one.example)).toEqual(["b", "c", "a"]);
    expect(sample[0]?.expected).toHaveLength(501);
  });
});
