import { describe, expect, test } from "@jest/globals";
import { RetryOptions } from "durable-functions";
import { atOnce, type OrchestratorCode, testHost } from "./app.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

const race: OrchestratorCode = function* ({ df }) {
  const deadline = df.createTimer(new Date(df.currentUtcDateTime.getTime() + 3_600_000));
  const approval = df.waitForExternalEvent("Approval");
  const winner = yield df.Task.any([approval, deadline]);
  if (winner === deadline) return "timed out";
  deadline.cancel();
  return approval.result;
};

const collect: OrchestratorCode = function* ({ df }) {
  const items = [];
  for (let i = 0; i < 3; i++) items.push(yield df.waitForExternalEvent("Item"));
  return items;
};

const counter: OrchestratorCode = function* ({ df }) {
  const { seen } = df.getInput() as { seen: number[] };
  const all = [...seen, yield df.waitForExternalEvent("next")];
  if (all.length < 3) df.continueAsNew({ seen: all });
  return all;
};

describe("orchestrations of the real SDK", () => {
  test("chain activities, each result feeding the next", async () => {
    await using host = await testHost({
      orchestrators: {
        *chain({ df }) {
          const one = yield df.callActivity("add", { n: df.getInput(), by: 1 });
          const two = yield df.callActivity("ADD", { n: one, by: 10 });
          return [one, two];
        },
      },
      activities: { add: ({ n, by }) => n + by },
    });
    expect(await host.run("chain", 5)).toMatchObject({
      runtimeStatus: "Completed",
      output: [6, 16],
      input: 5,
    });
    expect(host.invoker.episodes).toBe(3);
  });

  test("fan out and in, in the order of the calls", async () => {
    await using host = await testHost({
      orchestrators: {
        *fan({ df }) {
          return yield df.Task.all([3, 1, 2].map((n) => df.callActivity("square", n)));
        },
      },
      activities: { square: (n) => n * n },
    });
    expect((await host.run("fan")).output).toEqual([9, 1, 4]);
  });

  test("race an event against a timer and go on at once when the timer is cancelled", async () => {
    await using host = await testHost({ orchestrators: { race } });
    await host.begin("race", "approved");
    await host.begin("race", "late");
    await host.engine.idle();
    const before = host.clock.now();
    await host.call("POST", "instances/approved/raiseEvent/approval", { by: "someone" });
    await host.engine.idle();
    // Compared without case by the host, with case by the SDK: the name must be spelled as the code does.
    expect((await host.status("approved")).runtimeStatus).toBe("Running");
    await host.call("POST", "instances/late/raiseEvent/Approval", "yes");
    await host.engine.idle();
    expect(await host.status("late")).toMatchObject({ runtimeStatus: "Completed", output: "yes" });
    await host.settle();
    expect(host.clock.now() - before).toBe(3_600_000);
  });

  test("retry with a growing delay on the host's clock and give up after the last attempt", async () => {
    let attempts = 0;
    await using host = await testHost({
      orchestrators: {
        *stubborn({ df }) {
          const options = new RetryOptions(1000, 4);
          options.backoffCoefficient = 2;
          try {
            return yield df.callActivityWithRetry("flaky", options, df.getInput());
          } catch (error) {
            return `gave up: ${(error as Error).message}`;
          }
        },
      },
      activities: {
        flaky: (failures) => {
          if (attempts++ < failures) throw new Error(`attempt ${attempts}`);
          return attempts;
        },
      },
    });
    const begun = host.clock.now();
    expect((await host.run("stubborn", 2)).output).toBe(3);
    expect(host.clock.now() - begun).toBe(3000);
    attempts = 0;
    const again = host.clock.now();
    const { output } = await host.run("stubborn", 9, "two");
    expect(output).toContain("gave up: Activity function 'flaky' failed: attempt 4 \n ");
    expect(attempts).toBe(4);
    expect(host.clock.now() - again).toBe(7000);
  });

  test("call sub-orchestrations, by name, by id and with a version", async () => {
    await using host = await testHost({
      orchestrators: {
        *parent({ df }) {
          const one = yield df.callSubOrchestrator("child", { n: 1 }, "child-1");
          const two = yield df.callSubOrchestrator("child", { n: 2 }, undefined, "7");
          return [one, two];
        },
        *child({ df }) {
          const { n } = df.getInput() as { n: number };
          return [yield df.callActivity("double", n), df.version, df.parentInstanceId];
        },
      },
      activities: { double: (n) => 2 * n },
      options: { hostJson: { defaultVersion: "3", versionMatchStrategy: "None" } },
    });
    expect((await host.run("parent", undefined, "p")).output).toEqual([
      [2, "3", "p"],
      [4, "7", "p"],
    ]);
    expect(await host.status("child-1")).toMatchObject({ runtimeStatus: "Completed", output: [2, "3", "p"] });
    const ids = (JSON.parse((await host.call("GET", "instances/")).body) as { instanceId: string }[]).map(
      ({ instanceId }) => instanceId,
    );
    // The framework's own name for a child without one: the parent's execution and the task's id.
    expect(ids.find((id) => id.includes(":"))).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:1$/);
  });

  test.each(["waits for an event", "has an activity under way"])(
    "give a child the id of a running instance, which %s and is gone",
    async (state) => {
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      await using host = await testHost({
        orchestrators: {
          *old({ df }) {
            yield state === "waits for an event" ? df.waitForExternalEvent("go") : df.callActivity("held");
            return "old";
          },
          *parent({ df }) {
            return yield df.callSubOrchestrator("child", 5, "taken");
          },
          *child({ df }) {
            const given: number = yield df.callActivity("double", df.getInput());
            yield df.createTimer(new Date(df.currentUtcDateTime.getTime() + 1000));
            return given;
          },
        },
        activities: { held: () => held, double: (n: number) => 2 * n },
      });
      await host.begin("old", "taken");
      if (state === "waits for an event") await host.engine.idle();
      await host.begin("parent", "p");
      const ended = (id: string) => host.call("GET", `instances/${id}`).then(({ status }) => status === 200);
      while (!(await ended("p"))) if (!host.clock.fireNext()) await nextTurn();
      release();
      await host.settle();
      expect(await host.status("p")).toMatchObject({ runtimeStatus: "Completed", output: 10 });
      const taken = await host.status("taken", "showHistory=true");
      expect(taken).toMatchObject({ name: "child", runtimeStatus: "Completed", output: 10 });
      expect(
        taken.historyEvents.filter((event: { FunctionName?: string }) => event.FunctionName === "held"),
      ).toEqual([]);
      expect(host.log.filter(({ line }) => line.includes("took the place of instance 'taken'"))).toHaveLength(
        1,
      );
    },
  );

  test.each<[number, bigint | number]>([
    [2 ** 63 + 2 ** 62, 9223372036854775807n],
    [1e21, 9223372036854775807n],
    [-1e21, -9223372036854775808n],
    [2 ** 53, 9007199254740992n],
    [1e300, 9223372036854775807n],
    [0.5, 0.5],
  ])("get an activity's number %d as the worker sends it, %s", async (given, got) => {
    await using host = await testHost({
      orchestrators: {
        *asks({ df }) {
          yield df.callActivity("number");
        },
      },
      activities: { number: () => given },
    });
    await host.run("asks");
    const shown = await host.call("GET", "instances/one?showHistory=true&showHistoryOutput=true");
    expect(shown.body).toContain(`"Result":${Number(got)}`);
  });

  test("that continue as new without an input show the earlier one, and do not get it", async () => {
    await using host = await testHost({
      orchestrators: {
        again: atOnce(({ df }) => {
          const input = df.getInput();
          if (input !== null) df.continueAsNew(undefined);
          return input;
        }),
      },
    });
    expect(await host.run("again", { n: 1 })).toMatchObject({ input: { n: 1 }, output: null });
  });

  test.each([
    ["the first one listed, of timers within one second", [600, 300], 0],
    ["the earlier one, of timers a second apart", [1600, 300], 1],
    ["the first one listed, of timers days away", [3 * 86_400_000 + 600, 3 * 86_400_000 + 300], 0],
  ])("let win %s", async (_, delays, winner) => {
    await using host = await testHost({
      orchestrators: {
        *races({ df }) {
          const now = df.currentUtcDateTime.getTime();
          const timers = delays.map((ms) => df.createTimer(new Date(now + ms)));
          const first = yield df.Task.any(timers);
          for (const timer of timers) if (timer !== first) timer.cancel();
          return timers.indexOf(first);
        },
      },
    });
    expect((await host.run("races")).output).toBe(winner);
  });

  test("are given no version where none was set, rather than an empty one", async () => {
    await using host = await testHost({ orchestrators: { version: atOnce(({ df }) => [df.version]) } });
    expect((await host.run("version")).output).toEqual([null]);
  });

  test("hand a child's failure to its parent, which may catch it", async () => {
    await using host = await testHost({
      orchestrators: {
        *parent({ df }) {
          try {
            return yield df.callSubOrchestrator("child");
          } catch (error) {
            return (error as Error).message;
          }
        },
        child: atOnce(() => {
          throw new Error("no luck");
        }),
      },
    });
    expect((await host.run("parent")).output).toMatch(
      /^Orchestrator function 'child' failed: no luck \n Message: no luck, StackTrace: /,
    );
  });

  test("retry a sub-orchestration under its id until it works", async () => {
    let attempts = 0;
    await using host = await testHost({
      orchestrators: {
        *parent({ df }) {
          return yield df.callSubOrchestratorWithRetry("child", new RetryOptions(5000, 3), null, "kid");
        },
        *child({ df }) {
          const attempt = yield df.callActivity("count");
          if (attempt < 3) throw new Error(`attempt ${attempt}`);
          return attempt;
        },
      },
      activities: { count: () => ++attempts },
    });
    expect((await host.run("parent")).output).toBe(3);
    expect((await host.status("kid")).output).toBe(3);
  });

  test("take external events in the order they came, raised before or after the wait", async () => {
    await using host = await testHost({ orchestrators: { collect } });
    await host.begin("collect", "early");
    await host.call("POST", "instances/early/raiseEvent/Item", 1);
    await host.call("POST", "instances/early/raiseEvent/Item", { two: 2 });
    await host.engine.idle();
    expect((await host.status("early")).runtimeStatus).toBe("Running");
    await host.call("POST", "instances/early/raiseEvent/Item", null);
    await host.settle();
    expect((await host.status("early")).output).toEqual([1, { two: 2 }, null]);
  });

  test("continue as new with the next input, taking along events that came too late", async () => {
    await using host = await testHost({ orchestrators: { counter } });
    await host.begin("counter", "c", { seen: [] });
    for (const n of [1, 2, 3]) await host.call("POST", "instances/c/raiseEvent/next", n);
    await host.settle();
    expect(await host.status("c")).toMatchObject({
      runtimeStatus: "Completed",
      output: [1, 2, 3],
      input: { seen: [1, 2] },
    });
    const history = await host.status("c", "showHistory=true");
    expect(history.historyEvents).toHaveLength(3); // started, raised, completed: each generation begins afresh
  });

  test("do not take a result that was meant for the one that had their id before", async () => {
    const [old, young] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    await using host = await testHost({
      orchestrators: {
        // Both call their first task 0.
        *one({ df }) {
          return yield df.callActivity(df.getInput());
        },
      },
      activities: { old: () => old.promise, young: () => young.promise },
    });
    const runs = async (wanted: string) => {
      while ((await host.status("t")).runtimeStatus !== wanted)
        await new Promise((resolve) => setImmediate(resolve));
    };
    await host.begin("one", "t", "old");
    await runs("Running");
    await host.call("POST", "instances/t/terminate?reason=late", null);
    await runs("Terminated");
    await host.begin("one", "t", "young");
    await runs("Running");
    old.resolve("of the old one");
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
    young.resolve("of the young one");
    await host.settle();
    expect((await host.status("t")).output).toBe("of the young one");
  });

  test("stay in one work item through generations that wait for nothing, however many", async () => {
    await using host = await testHost({
      orchestrators: {
        spin: atOnce(({ df }) => {
          const n = df.getInput() as number;
          if (n > 0) df.continueAsNew(n - 1);
          return "landed";
        }),
      },
    });
    expect(await host.run("spin", 200)).toMatchObject({ runtimeStatus: "Completed", output: "landed" });
    expect(host.invoker.episodes).toBe(201);
  });

  test("poll every minute for two hours of the virtual clock without waiting for any of it", async () => {
    await using host = await testHost({
      orchestrators: {
        *poll({ df }) {
          const until = df.currentUtcDateTime.getTime() + 120 * 60_000;
          let polls = 0;
          while (df.currentUtcDateTime.getTime() < until) {
            polls = yield df.callActivity("look", polls);
            yield df.createTimer(new Date(df.currentUtcDateTime.getTime() + 60_000));
          }
          return polls;
        },
      },
      activities: { look: (n) => n + 1 },
    });
    const begun = host.clock.now();
    expect((await host.run("poll")).output).toBe(120);
    expect(host.clock.now() - begun).toBe(120 * 60_000);
  });

  test("split a timer of twenty days into steps the SDK agrees with", async () => {
    await using host = await testHost({
      orchestrators: {
        *sleep({ df }) {
          yield df.createTimer(new Date(df.currentUtcDateTime.getTime() + 20 * 86_400_000));
          return yield df.callActivity("after");
        },
      },
      activities: { after: () => "awake" },
    });
    const begun = host.clock.now();
    expect(await host.run("sleep")).toMatchObject({ runtimeStatus: "Completed", output: "awake" });
    expect(host.clock.now() - begun).toBe(20 * 86_400_000);
  });

  test("stay Running until an uncancelled timer fires, and say so", async () => {
    await using host = await testHost({
      orchestrators: {
        *careless({ df }) {
          const timer = df.createTimer(new Date(df.currentUtcDateTime.getTime() + 1500));
          yield df.Task.any([timer, df.callActivity("quick")]);
          return "done";
        },
      },
      activities: { quick: () => 1 },
    });
    await host.begin("careless", "c");
    await host.engine.idle();
    expect((await host.status("c")).runtimeStatus).toBe("Running");
    expect(
      host.log.find(({ line }) => line.includes("stays Running until its open tasks end")),
    ).toBeDefined();
    await host.settle();
    expect((await host.status("c")).output).toBe("done");
  });

  test("show the custom status, drop it when cleared, and fail on more than 16 KB", async () => {
    await using host = await testHost({
      orchestrators: {
        *working({ df }) {
          df.setCustomStatus({ step: 1 });
          yield df.waitForExternalEvent("go");
          df.setCustomStatus("");
          yield df.waitForExternalEvent("go");
          df.setCustomStatus("x".repeat(9000));
        },
      },
    });
    await host.begin("working", "w");
    await host.engine.idle();
    expect((await host.status("w")).customStatus).toEqual({ step: 1 });
    await host.call("POST", "instances/w/raiseEvent/go", 1);
    await host.engine.idle();
    expect((await host.status("w")).customStatus).toBeNull();
    await host.call("POST", "instances/w/raiseEvent/go", 1);
    await host.engine.idle();
    expect(await host.status("w")).toMatchObject({ runtimeStatus: "Failed" });
    expect((await host.status("w")).output).toContain("must not exceed 16 KB");
  });

  test("pass values as the extension does, quirks included", async () => {
    const seen: unknown[] = [];
    await using host = await testHost({
      orchestrators: {
        *values({ df }) {
          const results = [];
          for (const value of df.getInput() as unknown[]) results.push(yield df.callActivity("echo", value));
          return results;
        },
        again: atOnce(({ df }) => {
          const input = df.getInput();
          if (input === "first") df.continueAsNew("second");
          return input;
        }),
        *child({ df }) {
          return yield df.callSubOrchestrator("input", df.getInput());
        },
        input: atOnce(({ df }) => df.getInput()),
      },
      activities: {
        echo: (input) => {
          seen.push(input);
          return input;
        },
      },
    });
    const values = ["Tokyo", '{"a":1}', "5", 5, 1.5, { a: [1] }, null, true, false];
    // Booleans reach an activity as .NET's text for them.
    const arrive = ["Tokyo", '{"a":1}', "5", 5, 1.5, { a: [1] }, undefined, "True", "False"];
    const { output } = await host.run("values", values);
    expect(seen).toEqual(arrive);
    expect(output).toEqual(arrive.map((value) => value ?? null));
    // continueAsNew puts a string through JSON once more than getInput takes it back.
    expect((await host.run("again", "first", "a")).output).toBe('"second"');
    expect((await host.run("child", "text", "s")).output).toBe("text");
  });

  test("start with no input, null and text as the client sends them", async () => {
    await using host = await testHost({
      orchestrators: {
        input: atOnce(({ df }) => [df.getInput()]),
      },
    });
    expect((await host.run("input", undefined, "none")).output).toEqual([null]);
    expect((await host.run("input", "", "sdk")).output).toEqual([""]);
    expect((await host.run("input", { a: 1 }, "object")).output).toEqual([{ a: 1 }]);
  });

  test("keep the orchestrator's clock from going back when the host's does", async () => {
    const { VirtualClock } = await import("../../../src/kernel/clock.ts");
    let shift = 0;
    class Jumping extends VirtualClock {
      override now(): number {
        return super.now() - shift;
      }
    }
    await using host = await testHost({
      orchestrators: {
        *times({ df }) {
          const before = df.currentUtcDateTime.getTime();
          yield df.callActivity("jump");
          return df.currentUtcDateTime.getTime() >= before;
        },
      },
      activities: {
        jump: () => {
          shift = 3_600_000;
        },
      },
      options: { clock: new Jumping() },
    });
    expect((await host.run("times")).output).toBe(true);
  });
});
