import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { createCore } from "../../src/local-host/core-api/core.ts";
import { createInvoker } from "../../src/local-host/core-api/invoker.ts";
import { PayloadWatch } from "../../src/local-host/durable/work/payloads.ts";
import { createFaults, describeFaults, parseFaults } from "../../src/local-host/faults.ts";
import { readHostConfig } from "../../src/local-host/host-config.ts";
import { describeKeys } from "../../src/local-host/serve.ts";
import { Tracker } from "../../src/local-host/tracker.ts";
import { type OrchestratorCode, TestHost, testHost } from "./durable/app.ts";
import { appFolder, memoryLogger, scratch } from "./support.ts";

function life() {
  const faults = createFaults(parseFaults("seed=11,drop=0.5"));
  return Array.from({ length: 50 }, () => [faults.strikes("drop"), faults.newId(), faults.lateness()]);
}

describe("LIGHTNING_HOST_FAULTS", () => {
  test("names faults with their probabilities; a seed alone means all of them", () => {
    expect(parseFaults("seed=7, duplicate=0.5 kill=30")).toMatchObject({
      seed: 7,
      kill: 30,
      rates: { duplicate: 0.5, delay: 0, reorder: 0, drop: 0, replay: 0, feed: 0 },
    });
    // It ends orchestrations, so it is asked for by its name.
    expect(parseFaults("seed=7").rates).toMatchObject({ duplicate: 0.1, feed: 0.1, worker: 0 });
    expect(describeFaults(parseFaults("seed=7,worker=0.02,exit=train:2"))).toBe(
      "Fault mode, seed 7: the worker process ends and what is in flight fails (0.02), the worker process ends in call 2 of train.",
    );
    expect(describeFaults(parseFaults("seed=7,drop=0.2"))).toBe(
      "Fault mode, seed 7: a completion is lost before its commit (0.2).",
    );
  });

  test.each(["doubel=1", "drop=2", "drop", "seed=x", "worker=2", "exit=", "exit=a:0", "exit=a b:1"])(
    "refuses %p and says what it takes",
    (text) => {
      expect(() => parseFaults(text)).toThrow("LIGHTNING_HOST_FAULTS");
    },
  );

  test("gives equal faults for equal seeds", () => {
    expect(life()).toEqual(life());
  });

  test("kills the process at the numbered await point", async () => {
    const bin = fileURLToPath(new URL("../../bin/lightning-host.js", import.meta.url));
    const home = await scratch();
    const args = [bin, appFolder("durable-app"), "--home", home, "--port", "0"];
    const env = { ...process.env, JEST_WORKER_ID: undefined, LIGHTNING_HOST_FAULTS: "seed=1,kill=6" };
    const child = spawn(process.execPath, args, { env });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk));
    while (!text.includes("Listening on")) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(text).toContain("the process dies at await point 6");
    const url = /Listening on (\S+),/.exec(text)?.[1];
    await fetch(`${url}/runtime/webhooks/durabletask/orchestrators/greetLater`, {
      method: "POST",
      body: JSON.stringify({ names: ["a", "b"], seconds: 0 }),
    }).catch(() => {});
    const [, signal] =
      child.exitCode === null && child.signalCode === null
        ? await once(child, "exit")
        : [0, child.signalCode];
    expect(signal).toBe("SIGKILL");
    await rm(home, { recursive: true, force: true });
  }, 20_000);
});

const once5: OrchestratorCode = function* ({ df }) {
  let n = 0;
  for (let i = 0; i < 5; i++) n = yield df.callActivity("add", n);
  return n;
};

describe("fault mode", () => {
  let state = 0;
  const impure: OrchestratorCode = function* ({ df }) {
    state++;
    return yield df.callActivity(state % 2 === 0 ? "add" : "sub", 1);
  };
  const run = async (faults: string, name: string) => {
    let calls = 0;
    const activities = {
      add: (n: number) => {
        calls++;
        return n + 1;
      },
      sub: (n: number) => n - 1,
    };
    const host = new TestHost(
      { orchestrators: { once5, impure }, activities },
      { faults: createFaults(parseFaults(faults)) },
    );
    await host.engine.start();
    const status = await host.run(name);
    await host.engine.stop();
    return { calls, status, log: host.log.map(({ line }) => line).join("\n") };
  };

  test("runs activities twice, loses results and delays messages, and the orchestration ends right", async () => {
    expect(await run("seed=1,duplicate=1", "once5")).toMatchObject({ calls: 10, status: { output: 5 } });
    expect(await run("seed=1,drop=1", "once5")).toMatchObject({ calls: 10, status: { output: 5 } });
    expect(await run("seed=1,delay=1,reorder=1", "once5")).toMatchObject({ calls: 5, status: { output: 5 } });
  });

  test("catches an orchestrator that reads state of its own", async () => {
    const { log } = await run("seed=1,replay=1", "impure");
    expect(log).toContain("Orchestrator 'impure' is not deterministic");
  });
});

describe("a worker process that ends while its host lives", () => {
  const EXITED = "node exited with code 137 (0x89)";
  const said = (thrown: unknown) => (thrown as Error).message.split("\n")[0]?.trim();
  const orchestrators: Record<string, OrchestratorCode> = {
    *steps({ df }) {
      for (let n = 0; n < 3; n++) yield df.callActivity("add", n);
      return "done";
    },
    *waits({ df }) {
      yield df.waitForExternalEvent("go");
      return "done";
    },
    *catches({ df }) {
      try {
        yield df.callActivity("add", 1);
      } catch (thrown) {
        return said(thrown);
      }
      return "done";
    },
    *parent({ df }) {
      try {
        yield df.callSubOrchestrator("waits", null, "child");
      } catch (thrown) {
        return said(thrown);
      }
      return "done";
    },
    *wide({ df }) {
      const tasks = [1, 2, 3].map((n) => df.callActivity("add", n));
      const ends: unknown[] = [];
      try {
        yield df.Task.all(tasks);
      } catch {
        // Each is asked by itself below.
      }
      for (const task of tasks) {
        try {
          ends.push(yield task);
        } catch (thrown) {
          ends.push(said(thrown));
        }
      }
      return ends;
    },
  };
  const open = (exit: string) => {
    let calls = 0;
    const add = async (n: number) => {
      calls++;
      await new Promise((resolve) => setImmediate(resolve));
      return n + 1;
    };
    return testHost({
      orchestrators,
      activities: { add },
      options: { faults: createFaults(parseFaults(exit)) },
    }).then((host) => ({ host, calls: () => calls }));
  };
  const CHANGED =
    "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled an activity task";

  // What extension 3.19.0 gave for the same, with its worker ended in the same call.
  test.each([
    [
      "steps",
      "exit=steps",
      "Failed",
      `Orchestrator function 'steps' failed: One or more errors occurred. (${EXITED})`,
    ],
    ["steps", "exit=steps:2", "Failed", CHANGED],
    [
      "waits",
      "exit=waits",
      "Failed",
      `Orchestrator function 'waits' failed: One or more errors occurred. (${EXITED})`,
    ],
    [
      "waits",
      "exit=waits:2",
      "Failed",
      `Orchestrator function 'waits' failed: One or more errors occurred. (${EXITED})`,
    ],
    [
      "steps",
      "exit=add:2",
      "Failed",
      "Orchestrator function 'steps' failed: Activity function 'add' failed:",
    ],
    ["catches", "exit=add", "Completed", "Activity function 'add' failed:"],
    [
      "parent",
      "exit=waits",
      "Completed",
      `Orchestrator function 'waits' failed: One or more errors occurred. (${EXITED})`,
    ],
  ])("ends %s under %s as %s, in the extension's words", async (name, exit, status, output) => {
    const { host } = await open(exit);
    await using _ = host;
    await host.begin(name, "one");
    await host.settle();
    if (name === "waits") await host.call("POST", "instances/one/raiseEvent/other", 1);
    await host.settle();
    const ended = await host.status("one");
    expect(ended.runtimeStatus).toBe(status);
    expect(ended.output).toContain(output);
    if (name === "catches") expect(ended.output).toContain(EXITED);
  });

  test("takes all that is in flight with it, and nothing that comes after", async () => {
    const { host, calls } = await open("exit=add:2");
    await using _ = host;
    const { output } = await host.run("wide");
    expect(calls()).toBe(3);
    expect(output).toEqual([2, expect.stringContaining(EXITED), expect.stringContaining(EXITED)]);
    expect(await host.run("steps", undefined, "two")).toMatchObject({ output: "done" });
  });

  test("strikes as its seed says, and the same again", async () => {
    const ends = async (seed: number) => {
      const { host } = await open(`seed=${seed},worker=0.1`);
      await using _ = host;
      for (let n = 0; n < 20; n++) await host.begin("steps", `i${n}`);
      await host.settle();
      const all = await Promise.all(Array.from({ length: 20 }, (_none, n) => host.status(`i${n}`)));
      return all.map(({ runtimeStatus }) => runtimeStatus);
    };
    const first = await ends(3);
    expect(new Set(first)).toEqual(new Set(["Completed", "Failed"]));
    expect(await ends(3)).toEqual(first);
    expect(await ends(4)).not.toEqual(first);
  });
});

describe("limits that Azure has", () => {
  test("payloads beyond what the Durable Task Scheduler takes are named once", () => {
    const { logger, lines } = memoryLogger();
    const watch = new PayloadWatch(logger);
    watch.look("The result of activity 'big'", "x".repeat(1024 * 1024));
    expect(lines).toEqual([]);
    for (let n = 0; n < 2; n++) watch.look("The result of activity 'big'", "ä".repeat(600_000));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("has 1200000 bytes");
  });

  test("functionTimeout of host.json ends a call that takes longer", async () => {
    const folder = await scratch();
    const { writeFile } = await import("node:fs/promises");
    await writeFile(`${folder}/host.json`, '{ "version": "2.0", "functionTimeout": "00:05:00" }');
    const ms = readHostConfig(folder, {}).functionTimeoutMs ?? 0;
    expect(ms).toBe(300_000);
    const core = createCore();
    core.api.setProgrammingModel({
      name: "test",
      version: "1",
      getInvocationModel: () => ({
        getArguments: async () => ({ context: {}, inputs: [] }),
        invokeFunction: () => new Promise(() => {}),
        getResponse: async () => ({}),
      }),
    });
    core.api.registerFunction(
      { name: "slow", bindings: { t: { type: "timerTrigger", direction: "in" } } },
      () => {},
    );
    const clock = new VirtualClock();
    const { logger } = memoryLogger();
    const invoker = createInvoker({
      core,
      logger,
      tracker: new Tracker(),
      clientBinding: () => undefined,
      timeout: { ms, clock },
    });
    const [fn] = core.functions.values();
    if (fn === undefined) throw new Error("not registered");
    const called = invoker.call(fn, { trigger: {} });
    clock.advance(ms);
    expect(await called).toMatchObject({
      ok: false,
      error: new Error("Timeout value of 00:05:00 was exceeded by function: Functions.slow"),
    });
    await writeFile(`${folder}/host.json`, '{ "version": "2.0", "functionTimeout": "soon" }');
    expect(() => readHostConfig(folder, {})).toThrow("functionTimeout");
  });
});

test("keys are shown on a terminal; a file gets their place only", () => {
  const keys = { master: "m-key", function: "f-key", durabletask: "d-key", mcp_extension: "x-key" };
  expect(describeKeys({ keys }, "home", true)).toContain("  function: f-key");
  expect(describeKeys({ keys }, "home", false).join()).not.toContain("f-key");
  expect(describeKeys({ keys: undefined }, "home", true)).toEqual([]);
});
