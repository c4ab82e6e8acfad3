import { describe, expect, it } from "@jest/globals";
import { needsPerson } from "../../dashboard/src/logic/attention.ts";
import { NEEDS } from "../../dashboard/src/logic/roles.ts";
import { pipelineSteps, runSteps } from "../../dashboard/src/logic/timeline.ts";
import { arithmetic } from "../../dashboard/src/logic/verdict.ts";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";

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
    expect(steps.map(({ met }) => met)).toEqual([false, true, false, undefined, false, false]);
    expect(steps[5]?.numbers).toBe("difference +10.0 points, 95 % between −5.0 and +25.0");
  });
});

describe("what needs a person", () => {
  const stats = (more: object = {}, lag = 0) => ({
    statistics: { training_run_status: {}, ...more },
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
});

describe("the buttons", () => {
  it("ask for the roles of the operations they call", () => {
    const rows = new Map(operationRows(readSettings({})).map((row) => [row.name, row.role]));
    for (const [name, role] of Object.entries(NEEDS)) expect([name, rows.get(name)]).toEqual([name, role]);
  });
});
