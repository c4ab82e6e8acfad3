import { describe, expect, it } from "@jest/globals";
import { needsPerson } from "../../dashboard/src/logic/attention.ts";
import { newestVerdict, promotionNews } from "../../dashboard/src/logic/promotion.ts";
import { NEEDS } from "../../dashboard/src/logic/roles.ts";
import { pipelineSteps, runSteps } from "../../dashboard/src/logic/timeline.ts";
import { arithmetic } from "../../dashboard/src/logic/verdict.ts";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { VerdictFacts } from "../../src/evaluation/contract.ts";
import { judge, tally } from "../../src/evaluation/rules.ts";

describe("the steps", () => {
  const pipeline = (more: object) => ({ status: "running", stage: "dataset", ...more });
  const states = (more: object) => pipelineSteps(pipeline(more)).map(({ state }) => state);

  it("of a pipeline tell where it stands", () => {
    expect(states({ stage: "training" })).toEqual(["done", "now", "ahead", "ahead", "ahead"]);
    expect(states({ status: "waiting_for_approval", stage: "approval" })[3]).toBe("waiting");
  });

  it("of one that ended tell where, and what was never asked for", () => {
    const records = { dataset_id: "d", run_id: "r", evaluation_id: "e", deployment_id: "p" };
    expect(states({ status: "finished", stage: "done", outcome: "promoted", ...records })).toEqual([
      "done",
      "done",
      "done",
      "skipped",
      "done",
    ]);
    expect(
      states({
        status: "finished",
        stage: "done",
        outcome: "gate_failed",
        ...records,
        deployment_id: undefined,
      }),
    ).toEqual(["done", "done", "failed", "ahead", "ahead"]);
    expect(
      states({
        status: "finished",
        stage: "done",
        outcome: "rejected",
        ...records,
        deployment_id: undefined,
        decision: {},
      })[3],
    ).toBe("failed");
  });

  it("of a run end with what became of it", () => {
    const run = { status: "running", state: "running", created_at: "2026-01-01T00:00:00Z" };
    expect(runSteps({ ...run, training_file_id: "f" }).map(({ state }) => state)).toEqual([
      "done",
      "done",
      "now",
      "ahead",
      "ahead",
    ]);
    expect(runSteps({ ...run, status: "failed", completed_at: "2026-01-02T00:00:00Z" }).at(-1)).toEqual({
      name: "failed",
      state: "failed",
      at: "2026-01-02T00:00:00Z",
    });
  });
});

describe("the verdict's arithmetic", () => {
  it("says of each rule whether it was met", () => {
    const steps = arithmetic({
      verdict: "inconclusive",
      reasons: [],
      pairs: 40,
      missing: 10,
      baseline_accuracy: 0.5,
      candidate_accuracy: 0.6,
      difference: 0.1,
      interval: [-0.05, 0.25],
      candidate_only: 8,
      baseline_only: 4,
      both: 16,
      neither: 12,
      p_value: 0.388,
    });
    expect(steps.map(({ met }) => met)).toEqual([false, true, false, undefined, false, false, true]);
    expect(steps[5]?.numbers).toBe("difference +10.0 points, 95 % between −5.0 and +25.0");
  });
});

describe("each question of the arithmetic", () => {
  /** Pairs of groups of one: so many where both, the candidate alone, the baseline alone, or neither is right. */
  const facts = (both: number, candidate: number, baseline: number, neither: number, missing = 0) => {
    const pairs = [
      [both, true, true],
      [candidate, false, true],
      [baseline, true, false],
      [neither, false, false],
    ].flatMap(([times, baseline_correct, candidate_correct]) =>
      Array.from({ length: Number(times) }, () => ({
        baseline_correct: baseline_correct === true,
        candidate_correct: candidate_correct === true,
      })),
    );
    return judge(tally(pairs), missing);
  };
  const VERDICTS = {
    "pass, by much": facts(30, 30, 4, 36),
    "pass, by a little": facts(960, 40, 10, 0),
    "fail, worse": facts(30, 4, 30, 36),
    "fail, no gain left": facts(100, 0, 0, 100),
    "inconclusive, not clear": facts(30, 8, 4, 18),
    "inconclusive, too few": facts(0, 20, 0, 0),
    "inconclusive, too many missing": facts(0, 80, 0, 10, 20),
    "inconclusive, nothing measured": facts(0, 0, 0, 80),
    "inconclusive, nothing at all": facts(0, 0, 0, 0),
  };
  /** What a reader who knows the numbers answers, in words of the question alone. */
  const TRUTH: readonly (readonly [RegExp, (of: VerdictFacts) => boolean])[] = [
    [/^Enough evidence/, (of) => (of.groups ?? 0) >= 50],
    [/^Was anything measured/, (of) => of.both + of.candidate_only + of.baseline_only > 0],
    [/^Answers complete/, (of) => of.missing <= 0.05 * (of.missing + of.pairs)],
    [/^Could that be chance/, (of) => of.p_value >= 0.05],
    [/^Is the whole interval above zero/, (of) => of.interval[0] > 0],
    [/^Can the gain still be 5 % or more/, (of) => of.interval[1] >= 0.05],
  ];

  it.each(Object.entries(VERDICTS))("is answered as it is asked: %s", (name, of) => {
    expect(name.startsWith(of.verdict)).toBe(true);
    const steps = arithmetic(of);
    for (const [question, is] of TRUTH) {
      const step = steps.find((one) => question.test(one.question));
      expect([step?.question, step?.answer]).toEqual([step?.question, is(of) ? "yes" : "no"]);
    }
    expect(steps.filter(({ answer }) => answer !== undefined)).toHaveLength(TRUTH.length);
  });

  it.each(Object.values(VERDICTS))("is green only where it speaks for a pass: $verdict", (of) => {
    const steps = arithmetic(of);
    const deciding = steps.filter(({ met }) => met !== undefined);
    expect(deciding.every(({ met }) => met === true)).toBe(of.verdict === "pass");
    const chance = steps.find(({ question }) => question === "Could that be chance?");
    expect([chance?.answer, chance?.met]).toEqual(of.p_value < 0.05 ? ["no", true] : ["yes", false]);
  });
});

describe("what the dialog of a promotion says", () => {
  const judged = (verdict: "pass" | "fail" | "inconclusive", upper: number, metric = "auto") =>
    ({
      id: "eval-1",
      status: "finished",
      baseline: "base-1",
      metric,
      grading: 2,
      result: { verdict, interval: [-0.4, upper] },
    }) as never;
  const CASES = {
    none: undefined,
    pass: judged("pass", 0.4),
    worse: judged("fail", -0.1),
    "no gain": judged("fail", 0.01),
    inconclusive: judged("inconclusive", 0.3),
  };
  const said = (name: keyof typeof CASES, gate: "warn" | "require", four_eyes = false) => {
    const { known, gate: text } = promotionNews(CASES[name], { gate, four_eyes });
    return `${known} ${text}`;
  };

  it("is another sentence for each verdict and for none, under each policy", () => {
    const texts = Object.keys(CASES).flatMap((name) =>
      (["warn", "require"] as const).map((gate) => said(name as keyof typeof CASES, gate)),
    );
    // Pass, and what is proven worse, are met alike under both policies.
    expect(new Set(texts).size).toBe(2 * Object.keys(CASES).length - 2);
    expect(said("none", "require")).toContain("will refuse");
    expect(said("none", "warn")).toContain("No evaluation");
    for (const gate of ["warn", "require"] as const) {
      expect(said("worse", gate)).toMatch(/shown to be worse, against base-1.*refuses this/);
      expect(said("pass", gate)).toContain("shown to be better");
    }
    expect(said("no gain", "warn")).toMatch(/fail: .*only warns/);
    expect(said("inconclusive", "warn")).toMatch(/inconclusive: .*only warns/);
  });

  it("names what was judged, and two persons where they are asked for", () => {
    const names = promotionNews(judged("pass", 0.4, "tool_names"), { gate: "warn", four_eyes: true });
    expect(names.known).toContain("judged by tool names alone");
    expect(names.gate).toContain("may not promote it");
  });

  it("is of the newest evaluation with a verdict", () => {
    const open = { id: "eval-2", status: "running", baseline: "b", metric: "auto" } as never;
    expect(newestVerdict([open, CASES.worse, CASES.pass])).toBe(CASES.worse);
    expect(newestVerdict([open])).toBeUndefined();
  });
});

describe("what needs a person", () => {
  const stats = (more: object = {}, lag = 0) => ({
    statistics: { training_run_status: {}, rewards_not_given: 0, ...more },
    feeds: {
      episodes: { watermark: null, lag_seconds: lag },
      rewards: { watermark: null, lag_seconds: 0 },
    },
  });

  it("puts a decision first and says nothing when there is nothing", () => {
    const found = needsPerson(
      stats({ training_run_status: { failed: 2 } }, 1000) as never,
      { waiting: 5, corrections: 0 },
      [{ id: "pipeline-1", name: "weekly", status: "waiting_for_approval", verdict: "pass" }],
    );
    expect(found.map(({ what }) => what)).toEqual([
      "Pipeline “weekly” waits for your decision",
      "The episodes feed is 16 min 40 s behind",
      "2 training runs failed",
      "5 episodes not reviewed by a person",
    ]);
    expect(needsPerson(stats() as never, { waiting: 0, corrections: 0 }, [])).toEqual([]);
  });

  it("names rewards that never found their episode", () => {
    const found = needsPerson(stats({ rewards_not_given: 2 }) as never, undefined, []);
    expect(found.map(({ what }) => what)).toEqual(["2 rewards never found their episode"]);
  });

  it("counts what lost its orchestration and has not been taken up", () => {
    const records = {
      at_work: 2,
      taken_up: 1,
      not_begun: 0,
      queued: {},
      lost: { Failed: 1, Terminated: 1 },
      more: false,
    };
    const found = needsPerson(stats() as never, undefined, [], records);
    expect(found.map(({ what }) => what)).toEqual(["2 records lost the orchestration that worked on them"]);
    expect(needsPerson(stats() as never, undefined, [], { ...records, lost: {} })).toEqual([]);
  });
});

describe("the buttons", () => {
  it("ask for the roles of the operations they call", () => {
    const rows = new Map(operationRows(readSettings({})).map((row) => [row.name, row.role]));
    for (const [name, role] of Object.entries(NEEDS)) expect([name, rows.get(name)]).toEqual([name, role]);
  });
});
