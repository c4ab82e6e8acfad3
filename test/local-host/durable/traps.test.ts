import { describe, expect, test } from "@jest/globals";
import { createCore } from "../../../src/local-host/core-api/core.ts";
import { createInvoker } from "../../../src/local-host/core-api/invoker.ts";
import { Tracker } from "../../../src/local-host/tracker.ts";
import { memoryLogger } from "../support.ts";
import { type App, atOnce, type OrchestratorCode, type TestHost, testHost } from "./app.ts";

const warnings = (host: TestHost) =>
  host.log.filter(({ level }) => level === "warn" || level === "error").map(({ line }) => line);

/** Runs one orchestration to its end or its wait; returns its status and what was said. */
async function ran(code: OrchestratorCode, input: unknown = null, more: Partial<App> = {}) {
  await using host = await testHost({
    orchestrators: { code },
    activities: { echo: (value: unknown) => value, ...more.activities },
    entities: more.entities ?? {},
  });
  const status = await host.run("code", input);
  return { status, lines: warnings(host) };
}

describe("traps of durable-functions 3.5.0 are left as they are, and named with a way out:", () => {
  test("a key Timestamp in the input becomes a Date", async () => {
    const { status, lines } = await ran(
      atOnce(({ df }) => {
        const { at } = df.getInput() as { at: { Timestamp: unknown } };
        return Object.prototype.toString.call(at.Timestamp);
      }),
      { at: { Timestamp: "2026-01-01T00:00:00Z" } },
    );
    expect(status.output).toBe("[object Date]");
    expect(lines).toEqual([expect.stringContaining('has a key "Timestamp"')]);
  });

  test.each<[string, unknown]>([
    ["a function", () => 5],
    ["an async function", async () => 5],
    [
      "an async generator",
      async function* ({ df }: Parameters<OrchestratorCode>[0]) {
        yield df.callActivity("echo");
      },
    ],
  ])("%s in place of a generator fails", async (_kind, code) => {
    const { status, lines } = await ran(code as OrchestratorCode);
    expect(status.runtimeStatus).toBe("Failed");
    expect(lines).toContainEqual(expect.stringContaining("Orchestrator 'code' is no generator"));
  });

  test("a text is no key, and another key is no trap", async () => {
    const { lines } = await ran(
      atOnce(() => "fine"),
      { note: '"Timestamp"', timestamp: "2026-01-01T00:00:00Z", list: [{ Timestamp: 5 }] },
    );
    expect(lines).toEqual([]);
  });

  test.each([0, "", false])("the custom status %j is dropped", async (customStatus) => {
    const { status, lines } = await ran(
      atOnce(({ df }) => {
        df.setCustomStatus(customStatus);
        return "done";
      }),
    );
    expect(status.customStatus).toBeNull();
    expect(lines).toEqual([
      expect.stringContaining(`set the custom status ${JSON.stringify(customStatus)}, which`),
    ]);
  });

  test("a custom status that is cleared with null is no trap", async () => {
    const { lines } = await ran(
      atOnce(({ df }) => {
        df.setCustomStatus(null);
        return "done";
      }),
    );
    expect(lines).toEqual([]);
  });

  test("a boolean reaches an activity as a text, and is told once for each activity", async () => {
    const { status, lines } = await ran(function* ({ df }) {
      return [yield df.callActivity("echo", false), yield df.callActivity("echo", true)];
    });
    expect(status.output).toEqual(["False", "True"]);
    expect(lines).toEqual([expect.stringContaining("calls activity 'echo' with a boolean")]);
  });

  test("a text given to continueAsNew comes back in quotes", async () => {
    const { status, lines } = await ran(
      atOnce(({ df }) => {
        const input = df.getInput();
        if (input === null) df.continueAsNew("x");
        return input;
      }),
    );
    expect(status.output).toBe('"x"');
    expect(lines).toEqual([expect.stringContaining("getInput() gives it back in quotes")]);
  });

  test("events nobody waited for are lost when the orchestration continues as new", async () => {
    await using host = await testHost({
      orchestrators: {
        *code({ df }) {
          if (df.getInput() === "second") return yield df.waitForExternalEvent("extra");
          yield df.waitForExternalEvent("go");
          df.continueAsNew({ second: true });
          return undefined;
        },
      },
    });
    await host.begin("code", "one");
    await host.call("POST", "instances/one/raiseEvent/Extra", 1);
    await host.settle();
    await host.call("POST", "instances/one/raiseEvent/go", 2);
    await host.settle();
    expect(warnings(host)).toEqual([
      expect.stringContaining("continues as new while nobody waited for the event 'Extra'"),
    ]);
  });

  test("an event raised in another case is used up and reaches nobody", async () => {
    await using host = await testHost({
      orchestrators: {
        *code({ df }) {
          return yield df.waitForExternalEvent("approval");
        },
      },
    });
    await host.begin("code", "one");
    await host.settle();
    await host.call("POST", "instances/one/raiseEvent/Approval", true);
    await host.settle();
    expect((await host.status("one")).runtimeStatus).toBe("Running");
    expect(warnings(host)).toContainEqual(
      expect.stringContaining("waits for the event 'approval' and got 'Approval'"),
    );
  });

  test("a long history is named once for its orchestrator", async () => {
    const { lines } = await ran(function* ({ df }) {
      const all = Array.from({ length: 2600 }, (_, n) => df.callActivity("echo", n));
      return ((yield df.Task.all(all)) as unknown[]).length;
    });
    expect(lines).toEqual([expect.stringMatching(/has 5\d\d\d events of history.*continueAsNew/)]);
  });

  test("an entity's failure reaches its caller without its reason, and what was set before stays", async () => {
    await using host = await testHost({
      orchestrators: {
        *code({ df }) {
          try {
            yield df.callEntity({ name: "tally", key: "k" }, "break");
          } catch (error) {
            return (error as Error).message;
          }
          return "no error";
        },
      },
      entities: {
        tally({ df }) {
          df.setState("set before");
          throw new Error("the reason");
        },
      },
    });
    expect((await host.run("code")).output).toBe("[object Object]");
    expect(JSON.parse((await host.call("GET", "entities/tally/k")).body)).toBe("set before");
    expect(warnings(host)).toEqual([
      expect.stringContaining("Operation 'break' of entity @tally@k failed. durable-functions"),
    ]);
  });

  test("history that a client asks getStatus for is dropped (issue 620)", async () => {
    await using host = await testHost({ orchestrators: { code: atOnce(() => 1) } });
    await host.run("code");
    for (let n = 0; n < 2; n++) await host.call("GET", "instances/one?showHistory=true");
    expect(warnings(host)).toEqual([expect.stringContaining("issue 620")]);
  });
});

describe("results that JSON cannot hold", () => {
  test.each([
    [new Map([[1, 2]]), "a Map, of which JSON keeps nothing"],
    [new Set([1]), "a Set, of which JSON keeps nothing"],
    [new Error("no"), "throw it instead"],
    [Number.NaN, "NaN, which becomes null"],
  ])("are named once for each function: %p", async (result, text) => {
    const core = createCore();
    core.api.setProgrammingModel({
      name: "m",
      version: "1",
      getInvocationModel: () => ({
        getArguments: async () => ({ context: {}, inputs: [] }),
        invokeFunction: async () => result,
        getResponse: async () => ({ returnValue: { json: "{}" } }),
      }),
    });
    core.api.registerFunction(
      { name: "f", bindings: { t: { type: "activityTrigger", direction: "in", name: "t" } } } as never,
      () => result,
    );
    const { logger, lines } = memoryLogger();
    const invoker = createInvoker({ core, logger, tracker: new Tracker(), clientBinding: () => undefined });
    for (let n = 0; n < 2; n++) await invoker.invoke("f", {});
    expect(lines).toEqual([expect.stringContaining(text)]);
  });
});

describe("the parity warning is silent", () => {
  test("about an activity that fails in a caught Task.all", async () => {
    const { status, lines } = await ran(
      function* ({ df }) {
        try {
          yield df.Task.all([df.callActivity("fails"), df.callActivity("echo", 1)]);
        } catch {
          // The SDK goes on at the first failure, the extension when all have ended: ahead of it, but not astray.
        }
        return yield df.callActivity("echo", 2);
      },
      null,
      {
        activities: {
          fails: () => {
            throw new Error("no");
          },
        },
      },
    );
    expect(status.output).toBe(2);
    expect(lines.filter((line) => line.includes("counts as another"))).toEqual([]);
  });
});
