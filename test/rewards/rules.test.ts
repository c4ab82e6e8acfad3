import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { readSettings } from "../../src/config/settings.ts";
import { autoScore } from "../../src/rewards/auto-score.ts";
import { REWARD_SOURCES, type Reward } from "../../src/rewards/contract.ts";
import { aggregate, evalValue, fraction, latencyPenalty, linear } from "../../src/rewards/rules.ts";

const settings = readSettings({ LIGHTNING_COST_THRESHOLD_USD: "0.5" });
let serial = 0;
const reward = (source: Reward["source"], value: number, more: Partial<Reward> = {}): Reward => ({
  id: `rew-${++serial}`,
  agent_id: "a",
  episode_id: "ep-1",
  source,
  value,
  metadata: {},
  created_at: `2026-01-01T00:00:00.${String(serial % 1000).padStart(3, "0")}Z`,
  ...more,
});

describe("the evaluation rule", () => {
  test("eval 0.75 → 0.5, as the original's test pins", () => {
    expect(evalValue(0.75, 0.7)).toBeCloseTo(0.5, 12);
  });

  test("LIGHTNING_EVAL_THRESHOLD is alive: the sign follows it, order and ends stay", () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(part, part, part, (a, b, threshold) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(evalValue(low, threshold)).toBeLessThanOrEqual(evalValue(high, threshold));
        for (const score of [a, b]) {
          const value = evalValue(score, threshold);
          expect(value).toBeGreaterThanOrEqual(-1);
          expect(value).toBeLessThanOrEqual(1);
          if (score < threshold) expect(value).toBeLessThan(0);
          else expect(value).toBeGreaterThanOrEqual(0);
        }
      }),
    );
    expect(evalValue(0.65, 0.7)).toBeLessThan(0);
    expect([evalValue(0, 0.7), evalValue(1, 0.7), evalValue(1, 1), evalValue(0, 0)]).toEqual([-1, 1, 1, 0]);
  });

  test("a score's range is mapped, clamped and checked", () => {
    expect([fraction(3, 1, 5), fraction(9, 1, 5), fraction(-1, 1, 5)]).toEqual([0.5, 1, 0]);
    expect(linear(0.25)).toBe(-0.5);
    for (const [score, least, most] of [
      [Number.NaN, 0, 1],
      [Number.POSITIVE_INFINITY, 0, 1],
      [0.5, 1, 1],
      [0.5, 1, 0],
    ] as const)
      expect(() => fraction(score, least, most)).toThrow(expect.objectContaining({ code: "invalid_reward" }));
  });

  test("latency is a penalty strictly above the threshold", () => {
    expect(latencyPenalty(10_000, settings)).toBeUndefined();
    expect(latencyPenalty(10_001, settings)).toBe(-0.1);
  });
});

describe("the aggregate", () => {
  test("defect 9.9: a failed safety check with three approvals is vetoed", () => {
    const sum = aggregate([
      reward("safety_check", -1, { metadata: { severity: "critical" } }),
      ...["a", "b", "c"].map((evaluator) => reward("human_approval", 1, { evaluator })),
    ]);
    expect(sum).toMatchObject({ reward_vetoed: true, reward_avg: 0.5, reward_count: 4 });
  });

  test("defect 9.9: an approval of a slow call stays an approval, the penalty stands beside it", () => {
    expect(aggregate([reward("human_approval", 1), reward("latency_penalty", -0.1)])).toMatchObject({
      reward_avg: 1,
      reward_count: 1,
      reward_penalty: -0.1,
      reward_vetoed: false,
      reward_sources: ["human_approval", "latency_penalty"],
    });
  });

  test("the latest of a slot stands; a passed safety check lifts the veto of the failed one before", () => {
    const sum = aggregate([
      reward("safety_check", -1, { created_at: "2026-01-01T00:00:01.000Z" }),
      reward("safety_check", 1, { created_at: "2026-01-01T00:00:02.000Z" }),
      reward("human_approval", -1, { evaluator: "a", created_at: "2026-01-01T00:00:05.000Z" }),
      reward("human_approval", 1, { evaluator: "a", created_at: "2026-01-01T00:00:04.000Z" }),
      reward("human_approval", 1, { evaluator: "b", created_at: "2026-01-01T00:00:03.000Z" }),
    ]);
    expect(sum).toMatchObject({
      reward_vetoed: false,
      reward_count: 3,
      reward_sum: 1,
      reward_by_source: { human_approval: { count: 2, sum: 0, latest_at: "2026-01-01T00:00:05.000Z" } },
      rewards_at: "2026-01-01T00:00:05.000Z",
    });
  });

  test("penalties alone are no judgement, and no rewards are no aggregate", () => {
    const sum = aggregate([reward("latency_penalty", -0.1)]);
    expect(sum).toMatchObject({ reward_count: 0, reward_penalty: -0.1 });
    expect(sum).not.toHaveProperty("reward_avg");
    expect(aggregate([])).toBeUndefined();
  });

  test("does not depend on the order or repetition of the rewards", () => {
    const one = fc
      .record({
        source: fc.constantFrom(...REWARD_SOURCES),
        value: fc.double({ min: -1, max: 1, noNaN: true }),
        evaluator: fc.constantFrom("a", "b"),
        at: fc.integer({ min: 0, max: 5 }),
        id: fc.integer({ min: 0, max: 1e9 }),
      })
      .map(({ at, id, ...rest }) => ({
        ...reward("eval_score", 0),
        ...rest,
        id: `rew-${id}`,
        created_at: `2026-01-01T00:00:0${at}.000Z`,
      }));
    fc.assert(
      fc.property(
        fc
          .uniqueArray(one, { minLength: 1, maxLength: 12, selector: (r) => r.id })
          .chain((rewards) =>
            fc.tuple(fc.constant(rewards), fc.shuffledSubarray(rewards, { minLength: rewards.length })),
          ),
        ([rewards, shuffled]) => {
          expect(aggregate(shuffled)).toEqual(aggregate(rewards));
          expect(aggregate([...shuffled, ...rewards])).toEqual(aggregate(rewards));
        },
      ),
    );
  });
});

describe("auto-scoring", () => {
  const episode = { id: "ep-1", agent_id: "a", metadata: {}, tool_calls: [] };
  const now = "2026-01-01T00:00:00.000Z";
  const scores = (more: object) =>
    autoScore({ ...episode, ...more }, settings, now).map(({ source, value, evaluator, rubric }) => ({
      source,
      value,
      evaluator,
      ...(rubric === undefined ? {} : { rubric }),
    }));

  test("a quick, clean episode says nothing about itself", () => {
    expect(scores({ request_latency_ms: 50, cost_usd: 0.01, tool_calls: [{ tool_name: "x" }] })).toEqual([]);
  });

  test("reads latency, cost, errors, evaluation, tests and safety flags", () => {
    expect(scores({ request_latency_ms: 10_001 })).toEqual([
      { source: "latency_penalty", value: -0.1, evaluator: "auto:latency" },
    ]);
    expect(scores({ cost_usd: 0.51 })).toEqual([
      { source: "cost_penalty", value: -0.1, evaluator: "auto:cost" },
    ]);
    expect(scores({ tool_calls: [{ tool_name: "x", error: "boom" }] })).toEqual([
      { source: "test_result", value: -1, evaluator: "auto:tool_error", rubric: "no_error" },
    ]);
    expect(
      scores({ metadata: { evaluation: { score: 4, min: 0, max: 5, rubric: "tone", evaluator: "judge" } } }),
    ).toEqual([{ source: "eval_score", value: expect.closeTo(0.6), evaluator: "judge", rubric: "tone" }]);
    expect(
      scores({
        metadata: {
          test_passed: true,
          test_results: [
            { name: "a", passed: true },
            { name: "b", passed: false },
          ],
        },
      }),
    ).toMatchObject([{ value: 1, rubric: "a" }, { value: -1, rubric: "b" }, { value: 1 }]);
    expect(scores({ metadata: { safety_flags: ["pii"], safety_passed: true } })).toMatchObject([
      { source: "safety_check", value: -1 },
    ]);
  });

  const slow = { request_latency_ms: 20_000, cost_usd: 9, error: "it failed" };
  const penalties = ["latency_penalty", "cost_penalty"];
  test.each([
    ["the caller's fault", { ...slow, error_by: "caller", ending: "failed" }, []],
    ["the network's fault", { ...slow, error_by: "network", ending: "unfinished" }, []],
    ["the provider's fault", { ...slow, error_by: "provider", ending: "failed" }, []],
    ["the model's fault", { ...slow, error_by: "model", ending: "failed" }, [...penalties, "test_result"]],
    ["no answer, and nobody says why", { ...slow, ending: "failed" }, []],
    ["an answer that nobody took", { ...slow, error: undefined, ending: "unread" }, []],
    ["an error without an answer, as earlier versions left it", { ...slow, assistant_output: "" }, []],
    ["an error beside an answer", { ...slow, assistant_output: "Oslo" }, [...penalties, "test_result"]],
    ["a long answer that was cut", { ...slow, error: undefined, ending: "cut" }, penalties],
    [
      "a tool that failed before the network did",
      { ...slow, error_by: "network", tool_calls: [{ tool_name: "x", error: "boom" }] },
      ["test_result"],
    ],
    [
      "a test of the agent's that says more than the fault",
      { ...slow, error_by: "network", metadata: { test_passed: false } },
      ["test_result"],
    ],
  ])("%s is judged for what the model did alone", (_name, more, sources) => {
    expect(scores(more).map(({ source }) => source)).toEqual(sources);
  });

  test("strange metadata is no poison", () => {
    expect(
      scores({
        metadata: {
          eval_score: "high",
          evaluation: { score: 7 },
          test_passed: "yes",
          test_results: [1, null, { name: "a" }],
          safety_flags: "none",
          safety_passed: 1,
        },
      }),
    ).toEqual([]);
  });

  test("the same episode always gives the same ids", () => {
    const slowOne = { ...episode, request_latency_ms: 20_000, error: "x" };
    const ids = (at: string) => autoScore(slowOne, settings, at).map((r) => r.id);
    expect(ids(now)).toEqual(ids("2027-01-01T00:00:00.000Z"));
    expect(new Set(ids(now)).size).toBe(2);
  });
});
