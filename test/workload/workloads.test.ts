import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { RecordRef } from "../../src/doors/claim.ts";
import type { Orchestrations } from "../../src/doors/operation.ts";
import { type Orchestration, recordInstance } from "../../src/doors/orchestration.ts";
import { takeUpRecords } from "../../src/doors/sweep.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { createWorkloads } from "../../src/workload/workloads.ts";

const BUILD: Orchestration<"build", RecordRef, unknown> = { name: "build", instanceId: recordInstance };
const TRAIN: Orchestration<"train", RecordRef, unknown> = { name: "train", instanceId: recordInstance };
const OTHER: Orchestration<"promote", RecordRef, unknown> = { name: "promote", instanceId: recordInstance };

interface Record extends RecordRef {
  claimed_by?: string;
  cancel_requested?: boolean;
  busy: boolean;
  paid?: boolean;
}
let clock: VirtualClock;
let ledger: Ledger;
let records: Map<string, Record>;
/** Instances that the engine was asked for, in order; those that it knows. */
let started: string[];
let known: Set<string>;
let isAway: boolean;

beforeEach(() => {
  clock = new VirtualClock();
  ledger = openSqliteLedger({ file: ":memory:", clock });
  records = new Map();
  started = [];
  known = new Set();
  isAway = false;
});
afterEach(() => ledger.close());

const engine: Orchestrations = {
  async start(orchestration, input, instanceId = orchestration.instanceId(input)) {
    if (isAway) throw unavailable("orchestrations_unavailable", "The durable engine does not answer.");
    started.push(instanceId);
    known.add(instanceId);
  },
  status: async (id) =>
    known.has(id) ? { runtimeStatus: "Running", customStatus: null, output: null } : undefined,
  raise: async () => undefined,
  terminate: async () => undefined,
  urls: () => ({}),
};
/** One process of the app, over the same ledger. */
function appProcess(atMost = 1, waiting = 100) {
  const kind = {
    type: "dataset",
    orchestration: BUILD,
    line: "short" as const,
    read: async (_agent: string, id: string) => records.get(id),
    isBusy: (record: object) => (record as Record).busy,
    mustNotWait: (record: object) => (record as Record).paid === true,
  };
  const settings = { atWorkPerAgent: atMost, waitingPerAgent: waiting };
  const trainings = { ...kind, type: "run", orchestration: TRAIN, line: "training" as const };
  return createWorkloads({ ledger, clock, settings, kinds: [kind, trainings] });
}
function make(id: string, more: Partial<Record> = {}): RecordRef {
  records.set(id, { agent_id: "a", id, busy: true, ...more });
  return { agent_id: more.agent_id ?? "a", id };
}
const end = (id: string) => {
  const record = records.get(id);
  if (record !== undefined) record.busy = false;
};
const complain = (agent: string, thrown: unknown) => {
  throw new Error(`${agent}: ${String(thrown)}`);
};

describe("what is started of an agent", () => {
  it("beyond its limit is not asked of the engine until what is before it has ended, once each", async () => {
    const loads = appProcess(2);
    const turn = loads.inTurn(engine);
    for (const id of ["1", "2", "3", "4"]) await turn.start(BUILD, make(id));
    await turn.start(BUILD, { agent_id: "a", id: "3" });
    expect(started).toEqual(["1", "2"]);
    await loads.stepped(engine, "dataset", "a", "1");
    expect(started).toEqual(["1", "2"]);
    end("1");
    // A step may run twice.
    await loads.stepped(engine, "dataset", "a", "1");
    await loads.stepped(engine, "dataset", "a", "1");
    expect(started).toEqual(["1", "2", "3"]);
    end("2");
    end("3");
    await loads.stepped(engine, "dataset", "a", "3");
    await loads.stepped(engine, "dataset", "a", "2");
    end("4");
    await loads.stepped(engine, "dataset", "a", "4");
    expect(started).toEqual(["1", "2", "3", "4"]);
    expect(await ledger.count("leases", {})).toBe(0);
  });

  it("by many requests and processes at once stays within the limit, and all of it is begun in the end", async () => {
    const processes = [appProcess(3), appProcess(3), appProcess(3)];
    const ids = Array.from({ length: 60 }, (_, n) => String(n));
    const nth = (n: number) => processes[n % 3] as (typeof processes)[number];
    await Promise.all(ids.map((id, n) => nth(n).inTurn(engine).start(BUILD, make(id))));
    expect(started).toHaveLength(3);
    for (let done = 0; done < 60; done++) {
      const id = started[done] ?? "";
      end(id);
      await nth(done).stepped(engine, "dataset", "a", id);
      expect(started.length - done - 1).toBeLessThanOrEqual(3);
    }
    expect(started.toSorted()).toEqual(ids.toSorted());
  });

  it("is another agent's affair neither way, and what is no such work passes", async () => {
    const turn = appProcess(1).inTurn(engine);
    await turn.start(BUILD, make("1"));
    await turn.start(BUILD, make("2"));
    await turn.start(BUILD, make("3", { agent_id: "b" }));
    await turn.start(OTHER, { agent_id: "a", id: "promotion" });
    expect(started).toEqual(["1", "3", "promotion"]);
  });

  it("goes on at once where it was begun before, where it was cancelled and where it is paid for", async () => {
    const turn = appProcess(1).inTurn(engine);
    await turn.start(BUILD, make("1"));
    await turn.start(BUILD, make("2", { claimed_by: "another" }), "another");
    await turn.start(BUILD, make("3", { cancel_requested: true }));
    await turn.start(BUILD, make("4", { paid: true }));
    expect(started).toEqual(["1", "another", "3", "4"]);
  });

  it("waits at the head of the line when the engine was away, and the caller is told", async () => {
    const loads = appProcess(1);
    isAway = true;
    await expect(loads.inTurn(engine).start(BUILD, make("1"))).rejects.toMatchObject({
      code: "orchestrations_unavailable",
    });
    expect(await loads.placeOf("dataset", "a", "1")).toBe(1);
    isAway = false;
    await loads.inTurn(engine).start(BUILD, make("2"));
    expect(started).toEqual(["1"]);
    expect(await loads.placeOf("dataset", "a", "2")).toBe(1);
  });
});

describe("a training", () => {
  it("keeps no build of its agent waiting, however long it lasts, nor a build a training", async () => {
    const loads = appProcess(1);
    const turn = loads.inTurn(engine);
    await turn.start(TRAIN, make("training 1"));
    await turn.start(TRAIN, make("training 2"));
    await turn.start(BUILD, make("build 1"));
    await turn.start(BUILD, make("build 2"));
    expect(started).toEqual(["training 1", "build 1"]);
    expect(await loads.placeOf("run", "a", "training 2")).toBe(1);
    expect(await loads.placeOf("dataset", "a", "build 2")).toBe(1);
    end("build 1");
    await loads.stepped(engine, "dataset", "a", "build 1");
    expect(started).toEqual(["training 1", "build 1", "build 2"]);
  });
});

describe("the sweep", () => {
  it("begins what waited for more than a day before it was let in by a process that died then, and fails none of it", async () => {
    const loads = appProcess(1);
    for (const id of ["1", "2"]) await loads.inTurn(engine).start(BUILD, make(id));
    clock.advance(25 * 3_600_000);
    end("1");
    await loads.stepped({ ...engine, start: async () => undefined }, "dataset", "a", "1");
    const failed: string[] = [];
    const watched = {
      type: "dataset",
      orchestration: BUILD,
      async *underWay() {
        for (const one of records.values())
          if (one.busy) yield { ...one, created_at: new Date(clock.now() - 25 * 3_600_000).toISOString() };
      },
      noteTakenUp: async () => ({}),
      fail: async ({ id }: RecordRef) => failed.push(id),
    };
    const after = appProcess(1);
    const sweep = await takeUpRecords([watched], engine, {
      now: clock.now(),
      logger: silentLogger,
      turns: await after.turns(),
    });
    await after.putRight(engine, complain);
    expect([failed, sweep.left.not_begun, started]).toEqual([[], 1, ["1", "2"]]);
  });

  it("finds nothing left undone where the engine was away for the first of two whose turn had come", async () => {
    const loads = appProcess(2);
    for (const id of ["1", "2", "3", "4"]) await loads.inTurn(engine).start(BUILD, make(id));
    end("1");
    end("2");
    isAway = true;
    await expect(loads.putRight(engine, complain)).rejects.toThrow("does not answer");
    expect(await loads.countsOf("a")).toMatchObject({ at_work: 0, waiting: 2 });
    isAway = false;
    await loads.putRight(engine, complain);
    expect(started).toEqual(["1", "2", "3", "4"]);
  });

  it("begins what a process let in and did not live to begin", async () => {
    await appProcess(1)
      .inTurn({ ...engine, start: async () => undefined })
      .start(BUILD, make("1"));
    expect(started).toEqual([]);
    await appProcess(1).putRight(engine, complain);
    await appProcess(1).putRight(engine, complain);
    expect(started).toEqual(["1"]);
  });

  it("lets go what has ended unseen, at work or waiting, and begins the next", async () => {
    const loads = appProcess(1);
    for (const id of ["1", "2", "3"]) await loads.inTurn(engine).start(BUILD, make(id));
    end("1");
    records.delete("2");
    await loads.putRight(engine, complain);
    expect(started).toEqual(["1", "3"]);
    expect(await loads.countsOf("a")).toEqual({ at_work: 1, waiting: 0, at_work_at_most: 1 });
  });

  it("begins more when the limit was raised", async () => {
    for (const id of ["1", "2", "3"]) await appProcess(1).inTurn(engine).start(BUILD, make(id));
    await appProcess(0).putRight(engine, complain);
    expect(started).toEqual(["1", "2", "3"]);
  });

  it("looks after the other agents though one's engine fails it", async () => {
    const loads = appProcess(1);
    for (const agent_id of ["a", "b"])
      await loads
        .inTurn({ ...engine, start: async () => undefined })
        .start(BUILD, make(agent_id, { agent_id }));
    const failing: Orchestrations = {
      ...engine,
      start: (orchestration, input, id) =>
        id === "a" ? Promise.reject(unavailable("away", "Away.")) : engine.start(orchestration, input, id),
    };
    const failed: string[] = [];
    await loads.putRight(failing, (agent) => failed.push(agent));
    expect([started, failed]).toEqual([["b"], ["a"]]);
  });
});
