import { describe, expect, test } from "@jest/globals";
import type { FailInput } from "../../src/doors/claim.ts";
import type { Orchestrations } from "../../src/doors/operation.ts";
import { takeUpRecords, type Watched, type WatchedRecord } from "../../src/doors/sweep.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BEGAN = Date.parse("2026-01-01T00:00:00.000Z");

interface Rec extends WatchedRecord {
  readonly paid?: boolean;
}

/** Records in memory over an engine that says of each instance what the test says. */
function shop(...records: Rec[]) {
  const open = new Map(records.map((one) => [one.id, one]));
  const instances = new Map<string, { runtimeStatus: string; output: unknown } | Error>();
  const started: string[] = [];
  const failed: FailInput[] = [];
  const givenUp: Rec[] = [];
  const kind: Watched<Rec> = {
    type: "training_run",
    orchestration: { name: "trainModel", instanceId: ({ id }) => id },
    async *underWay() {
      yield* open.values();
    },
    async noteTakenUp(seen, taken_up) {
      if (open.get(seen.id) !== seen) return undefined;
      const next = { ...seen, taken_up };
      open.set(seen.id, next);
      return next;
    },
    async fail(input) {
      failed.push(input);
      open.delete(input.id);
    },
    givenUp: {
      async *all() {
        yield* givenUp;
      },
      async settle({ id }) {
        if (id === "run-1") throw unavailable("provider_away", "the provider is away");
        return id === "run-3" ? "succeeded" : undefined;
      },
    },
    outlivesTermination: ({ paid }) => paid === true,
  };
  const orchestrations: Orchestrations = {
    async status(id) {
      const found = instances.get(id);
      if (found instanceof Error) throw found;
      return found === undefined ? undefined : { customStatus: null, ...found };
    },
    async start(_orchestration, _input, id = "") {
      started.push(id);
    },
    raise: async () => undefined,
    terminate: async () => undefined,
    urls: () => ({}),
  };
  const sweep = (now: number) =>
    takeUpRecords([kind], orchestrations, {
      now,
      logger: silentLogger,
      turns: { waiting: new Map(), letIn: new Map() },
    });
  return { open, instances, started, failed, givenUp, sweep };
}
const run = (id: string, more: Partial<Rec> = {}): Rec => ({
  agent_id: "desk",
  id,
  created_at: new Date(BEGAN).toISOString(),
  ...more,
});

describe("the sweep over records that have not ended", () => {
  test("leaves what is alive alone, suspended or not", async () => {
    const { instances, sweep, started, failed } = shop(
      run("run-1", { claimed_by: "p-training" }),
      run("run-2", { claimed_by: "run-2" }),
    );
    instances.set("p-training", { runtimeStatus: "Running", output: null });
    instances.set("run-2", { runtimeStatus: "Suspended", output: null });
    expect(await sweep(BEGAN + DAY_MS)).toMatchObject({
      looked_at: 2,
      taken_up: [],
      failed: [],
      left: { alive: 2, not_begun: 0, changed: 0 },
      not_looked_after: [],
    });
    expect([started, failed]).toEqual([[], []]);
  });

  test.each(["Failed", "Canceled", "Completed", undefined])(
    "starts a %s instance again under the id that has claimed the record",
    async (runtimeStatus) => {
      const { instances, sweep, started, open } = shop(run("run-1", { claimed_by: "p-training" }));
      if (runtimeStatus !== undefined)
        instances.set("p-training", { runtimeStatus, output: "node exited with code 137" });
      expect(await sweep(BEGAN + HOUR_MS)).toMatchObject({
        taken_up: [{ type: "training_run", agent_id: "desk", id: "run-1" }],
        failed: [],
      });
      expect(started).toEqual(["p-training"]);
      expect(open.get("run-1")?.taken_up).toMatchObject({ times: 1 });
    },
  );

  test("fails a record whose orchestration dies each time, after five attempts within a day, and says why", async () => {
    const { instances, sweep, started, failed } = shop(run("run-1", { claimed_by: "run-1" }));
    instances.set("run-1", { runtimeStatus: "Failed", output: "Non-Deterministic workflow detected" });
    for (let hour = 1; hour <= 12; hour++) await sweep(BEGAN + hour * HOUR_MS);
    expect(started).toHaveLength(5);
    expect(failed).toEqual([
      expect.objectContaining({
        id: "run-1",
        code: "orchestration_lost",
        message: expect.stringContaining("Non-Deterministic workflow detected"),
      }),
    ]);
  });

  test("looks whether what was given up has ended at last, and says how; a fault with one is told of, and costs the others nothing", async () => {
    const { sweep, givenUp } = shop();
    givenUp.push(run("run-1"), run("run-2"), run("run-3"));
    expect(await sweep(BEGAN)).toMatchObject({
      looked_at: 0,
      settled: [{ type: "training_run", agent_id: "desk", id: "run-3", status: "succeeded" }],
      failed: [],
      not_looked_after: [{ type: "training_run", id: "run-1", reason: "the provider is away" }],
    });
  });

  test("counts by the day: one death a week is no reason to give up", async () => {
    const { instances, sweep, started, failed } = shop(run("run-1", { claimed_by: "run-1" }));
    instances.set("run-1", { runtimeStatus: "Failed", output: null });
    for (let week = 1; week <= 20; week++) await sweep(BEGAN + week * 7 * DAY_MS);
    expect([started.length, failed.length]).toEqual([20, 0]);
  });

  test("counts by the day from its first death: one every 23 hours is no reason to give up either", async () => {
    const { instances, sweep, started, failed } = shop(run("run-1", { claimed_by: "run-1" }));
    instances.set("run-1", { runtimeStatus: "Failed", output: null });
    for (let night = 1; night <= 20; night++) await sweep(BEGAN + night * 23 * HOUR_MS);
    expect([started.length, failed.length]).toEqual([20, 0]);
  });

  test("fails what an operator terminated, in the operator's words, unless it may have been paid for", async () => {
    const { instances, sweep, started, failed } = shop(
      run("run-1", { claimed_by: "run-1" }),
      run("run-2", { claimed_by: "run-2", paid: true }),
    );
    for (const id of ["run-1", "run-2"])
      instances.set(id, { runtimeStatus: "Terminated", output: "not today" });
    await sweep(BEGAN + HOUR_MS);
    expect(started).toEqual(["run-2"]);
    expect(failed).toEqual([
      expect.objectContaining({
        id: "run-1",
        code: "orchestration_terminated",
        message: expect.stringContaining("not today"),
      }),
    ]);
  });

  test("never begins by itself what no answer was given for: it fails after a day", async () => {
    const { sweep, started, failed } = shop(run("run-1"));
    expect(await sweep(BEGAN + DAY_MS - 1)).toMatchObject({ left: { not_begun: 1 } });
    expect(failed).toEqual([]);
    await sweep(BEGAN + DAY_MS);
    expect(started).toEqual([]);
    expect(failed).toEqual([expect.objectContaining({ code: "never_taken_up" })]);
  });

  test("goes on with the next record when one cannot be looked after", async () => {
    const { instances, sweep, started } = shop(
      run("run-1", { claimed_by: "run-1" }),
      run("run-2", { claimed_by: "run-2" }),
    );
    instances.set("run-1", unavailable("orchestrations_unavailable", "The durable engine does not answer."));
    expect(await sweep(BEGAN + HOUR_MS)).toMatchObject({
      looked_at: 2,
      taken_up: [{ id: "run-2" }],
      failed: [],
      not_looked_after: [
        {
          type: "training_run",
          agent_id: "desk",
          id: "run-1",
          reason: "The durable engine does not answer.",
        },
      ],
    });
    expect(started).toEqual(["run-2"]);
  });
});
