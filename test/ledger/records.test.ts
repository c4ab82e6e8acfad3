import { afterEach, describe, expect, it } from "@jest/globals";
import { DATASETS } from "../../src/datasets/contract.ts";
import { DEPLOYMENTS } from "../../src/deployments/contract.ts";
import { HOSTED } from "../../src/deployments/hosted/contract.ts";
import { EVALUATIONS } from "../../src/evaluation/contract.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { recordsOf } from "../../src/ledger/records.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { PIPELINES } from "../../src/pipelines/contract.ts";
import { RUNS, type TrainingRun } from "../../src/training/contract.ts";
import { isEndedRun } from "../../src/training/status.ts";
import { AGENT, runRecord } from "../deployments/world.ts";

const clock = new VirtualClock();
let ledger: Ledger;
const open = () => {
  ledger = openSqliteLedger({ file: ":memory:", clock });
  return ledger;
};
afterEach(() => ledger.close());

/** A run as an earlier version has left it. */
const old = (id: string, change: object) => {
  const { completed_at: _at, tuned_model_name: _model, ...facts } = runRecord(id, clock);
  return { ...facts, ...change } as unknown as TrainingRun;
};

describe("records of an earlier version", () => {
  it("are read with what their end promises today", async () => {
    const runs = recordsOf(open(), RUNS);
    await ledger.create("runs", old("run-1", { status: "failed" }));
    await ledger.create("runs", old("run-2", { tuned_model_name: "ft:2" }));
    await ledger.create("runs", old("run-3", {}));
    const at = runRecord("run-1", clock).created_at;
    expect(await runs.read(AGENT, "run-1")).toMatchObject({
      status: "failed",
      error: { code: "job_unknown" },
      completed_at: at,
    });
    expect(await runs.read(AGENT, "run-2")).toMatchObject({ status: "succeeded", completed_at: at });
    // A success that does not say of which model is none that anything could be done with.
    expect(await runs.read(AGENT, "run-3")).toMatchObject({ status: "failed" });
    const page = await runs.page({ pk: [AGENT], limit: 10 });
    expect(page.items.map(({ completed_at }) => completed_at)).toEqual([at, at, at]);
  });

  it.each([
    [DATASETS, { status: "ready" }, { files: {}, training_count: 0, completed_at: "then" }],
    [DATASETS, { status: "failed" }, { error: "The build failed.", completed_at: "then" }],
    [EVALUATIONS, { status: "finished" }, { status: "failed" }],
    [PIPELINES, { status: "failed", completed_at: "later" }, { outcome: "failed", completed_at: "later" }],
    [DEPLOYMENTS, { state: "active" }, { promoted_at: "then" }],
    [DEPLOYMENTS, { state: "failed", failure: { code: "x", message: "no room" } }, { error: "no room" }],
    [HOSTED, { state: "lost", requested_at: "asked" }, { gone_at: "asked" }],
  ])("of %o get what they lack: %o", (kind, document, expected) => {
    expect(kind.complete({ created_at: "then", ...document })).toMatchObject(expected);
  });

  it("keep on a change what a newer version has written", async () => {
    const runs = recordsOf(open(), RUNS);
    await ledger.create("runs", { ...runRecord("run-1", clock), of_tomorrow: 7 });
    await runs.change(AGENT, "run-1", (run) => ({ ...run, overdue: true }));
    expect(await ledger.read("runs", [AGENT], "run-1")).toMatchObject({ of_tomorrow: 7, overdue: true });
  });
});

describe("a claim", () => {
  const take = (by: string) => (run: TrainingRun) => ({ ...run, claimed_by: by });
  const ref = (instance_id: string) => ({ agent_id: AGENT, id: "run-1", instance_id });

  it("is one instance's, also when its step runs twice; another one is told that it is elsewhere", async () => {
    const runs = recordsOf(open(), RUNS);
    await ledger.create("runs", old("run-1", { status: "running", state: "uploading" }));
    for (const [by, kind] of [
      ["one", "claimed"],
      ["one", "claimed"],
      ["two", "elsewhere"],
    ] as const)
      expect(await runs.claim(ref(by), isEndedRun, take(by))).toMatchObject({ kind });
  });

  it("finds a record that has ended finished, and none missing", async () => {
    const runs = recordsOf(open(), RUNS);
    expect(await runs.claim(ref("one"), isEndedRun, take("one"))).toEqual({ kind: "missing" });
    await ledger.create("runs", runRecord("run-1", clock));
    expect(await runs.claim(ref("one"), isEndedRun, take("one"))).toMatchObject({ kind: "finished" });
  });
});
