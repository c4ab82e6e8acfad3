import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import * as df from "durable-functions";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { loadApp } from "../../src/local-host/core-api/load-app.ts";
import { Simulation } from "../../src/local-host/simulation.ts";
import { runPipeline } from "../../src/loop/pipeline.ts";
import { trainModel } from "../../src/loop/train-model.ts";
import { atOnce, testHost } from "../local-host/durable/app.ts";
import { scratch } from "../local-host/support.ts";
import { scriptedTraining } from "./scripted-training.ts";

const RUN = { agent_id: "desk", id: "run-1" };
const version = (defaultVersion: string) => ({ hostJson: { defaultVersion } });

async function training(hostJson = "2", file?: string) {
  const clock = new VirtualClock();
  const script = scriptedTraining(clock);
  const open = (of: string) =>
    testHost({
      orchestrators: { trainModel },
      activities: script.activities,
      options: { clock, ...version(of), ...(file === undefined ? {} : { file }) },
    });
  const host = await open(hostJson);
  return { ...script, clock, host, open };
}
type Host = Awaited<ReturnType<typeof training>>["host"];
const raise = async (host: Host) => {
  expect((await host.call("POST", "instances/run-1/raiseEvent/cancel", {})).status).toBe(202);
};

describe("cancelling a training run", () => {
  test("cancels its job at once, minutes before the next look, and wakes up for nothing else", async () => {
    const { host, world, clock } = await training();
    await using _ = host;
    await host.begin("trainModel", "run-1", RUN);
    await host.engine.idle();
    clock.advance(10_000);
    // An event that the ledger knows nothing of costs a look.
    await raise(host);
    await host.engine.idle();
    expect({ looks: world.looks, ...(await host.status("run-1")) }).toMatchObject({
      looks: 2,
      runtimeStatus: "Running",
    });
    world.cancelRequested = true;
    await raise(host);
    await host.engine.idle();
    expect(await host.status("run-1")).toMatchObject({
      runtimeStatus: "Completed",
      output: { status: "cancelled" },
      customStatus: { state: "cancelled" },
    });
    expect(world.cancelledAt).toBe(10_000);
  });

  test.each([1, 2, 3])("is heard when it comes while look %i is under way", async (look) => {
    const { host, world } = await training();
    await using _ = host;
    world.duringLook = async (now) => {
      if (now !== look) return;
      world.cancelRequested = true;
      await raise(host);
    };
    await host.begin("trainModel", "run-1", RUN);
    await host.settle();
    expect(world.cancelledAt).toBe((look - 1) * 300_000);
    expect(await host.status("run-1")).toMatchObject({ output: { status: "cancelled" } });
  });

  test("is heard while the provider still reads the files: no job is made, and the status says cancelled", async () => {
    const { host, world, clock } = await training();
    await using _ = host;
    world.filesReady = false;
    await host.begin("trainModel", "run-1", RUN);
    await host.settle(clock.now() + 20_000);
    world.cancelRequested = true;
    await raise(host);
    const at = clock.now();
    await host.settle();
    expect(clock.now()).toBe(at);
    expect(world.jobs).toBe(0);
    expect(await host.status("run-1")).toMatchObject({
      runtimeStatus: "Completed",
      output: { status: "cancelled" },
      customStatus: { state: "cancelled" },
    });
  });

  test("is seen by the next generation, should it come at the end of one", async () => {
    const { host, world } = await training();
    await using _ = host;
    world.duringLook = async (now) => {
      if (now !== 50) return;
      world.cancelRequested = true;
      await raise(host);
    };
    await host.begin("trainModel", "run-1", RUN);
    await host.settle();
    expect(world.cancelledAt).toBe(49 * 300_000);
  });

  test("finds an instance of version 1 at its next look, as that was recorded, also under version 2", async () => {
    const file = path.join(await scratch(), "durable.sqlite");
    const { host, open, world, clock } = await training("1", file);
    await host.begin("trainModel", "run-1", RUN);
    await host.engine.idle();
    await host.engine.stop();
    const next = await open("2");
    await using _ = next;
    clock.advance(10_000);
    world.cancelRequested = true;
    await raise(next);
    await next.settle();
    expect(world.cancelledAt).toBe(300_000);
    expect(await next.status("run-1")).toMatchObject({ output: { status: "cancelled" } });
  });

  test("is seen within seconds when messages come twice, late or never and the host is killed, for 30 seeds", async () => {
    const clock = new VirtualClock();
    let simulation: Simulation;
    let script = scriptedTraining(clock);
    let askedAt = 0;
    const app = await loadApp({
      folder: await scratch(),
      register: async () => {
        df.app.orchestration("trainModel", trainModel);
        df.app.orchestration("canceller", function* (context) {
          yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 10_000));
          yield context.df.callActivity("askForCancel");
        });
        // Each seed has its own script.
        for (const name of Object.keys(script.activities) as (keyof typeof script.activities)[])
          df.app.activity(name, { handler: (input) => script.activities[name](input as never) });
        df.app.activity("askForCancel", {
          async handler() {
            if (!script.world.cancelRequested) askedAt = clock.now();
            script.world.cancelRequested = true;
            await simulation.call("POST", "instances/run-1/raiseEvent/cancel", {});
          },
        });
      },
    });
    const folder = await scratch();
    let killed = 0;
    for (let seed = 1; seed <= 30; seed++) {
      script = scriptedTraining(clock);
      simulation = await Simulation.open({
        app,
        seed,
        clock,
        storeFile: path.join(folder, `${seed}.sqlite`),
        faults: { duplicate: 0.2, delay: 0.2, reorder: 0.2, drop: 0.2, replay: 0.2 },
        late: 1000,
        kills: seed % 3,
        lifespan: 60,
        hostJson: { defaultVersion: "2" },
      });
      const began = clock.now();
      await simulation.insist("POST", "orchestrators/trainModel/run-1", RUN);
      await simulation.insist("POST", "orchestrators/canceller/c", {});
      await simulation.settle();
      const { body } = await simulation.insist("GET", "instances/run-1");
      killed += simulation.lives - 1;
      await simulation.stop();
      expect({ seed, ...(JSON.parse(body) as object) }).toMatchObject({
        seed,
        runtimeStatus: "Completed",
        output: { status: "cancelled" },
        customStatus: { state: "cancelled" },
      });
      const after = began + (script.world.cancelledAt ?? Number.POSITIVE_INFINITY) - askedAt;
      expect({ seed, within: after <= 20_000 || after }).toEqual({ seed, within: true });
    }
    expect(killed).toBeGreaterThan(10);
  }, 60_000);
});

describe("a decision on a pipeline", () => {
  test("is heard when it comes while the hourly look is under way", async () => {
    const clock = new VirtualClock();
    const began = clock.now();
    let [looks, decided] = [0, false];
    let decidedAt: number | undefined;
    const started = (id: string) => async () => ({ kind: "started", id });
    await using host = await testHost({
      orchestrators: {
        runPipeline,
        buildDataset: atOnce(() => ({ status: "ready" })),
        trainModel: atOnce(() => ({ status: "succeeded" })),
        evaluateModel: atOnce(() => ({ status: "finished", verdict: "pass" })),
      },
      activities: {
        claimPipeline: async () => ({ kind: "claimed" }),
        preparePipelineDataset: started("dataset-1"),
        preparePipelineTraining: started("run-1"),
        preparePipelineEvaluation: started("eval-1"),
        requestApproval: async () => ({
          kind: "waiting",
          until: new Date(began + 24 * 3_600_000).toISOString(),
        }),
        async readApproval() {
          const read = decided;
          if (++looks === 2) {
            decided = true;
            await host.call("POST", "instances/pipeline-1/raiseEvent/approval", {});
          }
          if (read) decidedAt ??= clock.now() - began;
          return { kind: read ? "rejected" : "waiting" };
        },
        finishPipeline: async () => null,
      },
      options: { clock, ...version("2") },
    });
    await host.begin("runPipeline", "pipeline-1", { agent_id: "desk", id: "pipeline-1" });
    await host.settle();
    expect(await host.status("pipeline-1")).toMatchObject({ output: { outcome: "rejected" } });
    expect(decidedAt).toBe(3_600_000);
  });
});
