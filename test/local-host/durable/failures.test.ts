import { describe, expect, test } from "@jest/globals";
import {
  EntityId,
  type OrchestrationContext,
  RetryOptions,
  type Task,
  TaskFailedError,
} from "durable-functions";
import { atOnce, type OrchestratorCode, type TestHost, testHost } from "./app.ts";

const catching: OrchestratorCode = function* ({ df }) {
  try {
    return yield df.callActivity(df.getInput());
  } catch (error) {
    const { message, name } = error as Error;
    return { message, name, details: error instanceof TaskFailedError ? error.failureDetails : null };
  }
};

function errors(host: TestHost): string[] {
  return host.log.filter(({ level }) => level === "error").map(({ line }) => line);
}

describe("failures", () => {
  test("reach the orchestrator with the extension's text around the message", async () => {
    await using host = await testHost({
      orchestrators: { catching },
      activities: {
        bad: () => {
          throw new TypeError("no such thing");
        },
      },
    });
    const { output } = await host.run("catching", "bad");
    expect(output).toMatchObject({ name: "Error", details: null });
    expect(output.message.split("\n")[0]).toBe("Activity function 'bad' failed: no such thing ");
  });

  test("keep type and properties when the app describes its errors", async () => {
    const described = JSON.stringify({
      errorType: "PaymentError",
      errorMessage: "card refused",
      isNonRetriable: false,
      properties: { code: 51 },
    });
    await using host = await testHost({
      orchestrators: { catching },
      activities: {
        pay: () => {
          throw new Error(described);
        },
      },
    });
    const { output } = await host.run("catching", "pay");
    expect(output.details).toMatchObject({
      errorType: "PaymentError",
      errorMessage: "card refused",
      properties: { code: 51 },
    });
  });

  test.each<[string, (context: OrchestrationContext) => Task, string]>([
    ["activity", ({ df }) => df.callActivity("nope"), "The activity function 'nope' doesn't exist"],
    [
      "retried activity",
      ({ df }) => df.callActivityWithRetry("nope", new RetryOptions(100, 2)),
      "The activity function 'nope' doesn't exist",
    ],
    ["child", ({ df }) => df.callSubOrchestrator("nope"), "The orchestrator function 'nope' doesn't exist"],
    [
      "entity",
      ({ df }) => df.callEntity(new EntityId("nope", "k"), "op"),
      "The entity function 'nope' doesn't",
    ],
    ["lock", ({ df }) => df.lock(new EntityId("nope", "k")), "The entity function 'nope' doesn't exist"],
    [
      "child with an id of entities",
      ({ df }) => df.callSubOrchestrator("calls", 1, "@a@b"),
      "not start with @",
    ],
    [
      "child of its own id",
      ({ df }) => df.callSubOrchestrator("calls", 1, df.instanceId),
      "must be different",
    ],
  ])("of a call that Azure never answers (%s) name that, and end", async (_, call, why) => {
    await using host = await testHost({
      orchestrators: {
        *calls(context) {
          return yield call(context);
        },
      },
    });
    const { runtimeStatus, output } = await host.run("calls");
    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain(why);
    expect(output).toContain("In Azure nothing says so");
  });

  test("of a misspelt activity or child are an error in the log, with the name of the caller", async () => {
    await using host = await testHost({
      orchestrators: {
        *calls({ df }) {
          for (const call of [() => df.callActivity("helo"), () => df.callSubOrchestrator("chlid")])
            try {
              yield call();
            } catch {}
        },
      },
    });
    await host.run("calls");
    expect(errors(host)).toEqual([
      expect.stringMatching(/'calls' \(one\) calls activity 'helo'.*In Azure/),
      expect.stringMatching(/'calls' \(one\) calls orchestrator 'chlid'.*In Azure/),
    ]);
  });

  test("of a signal to an unknown entity fail the orchestration", async () => {
    await using host = await testHost({
      orchestrators: {
        *signals({ df }) {
          df.signalEntity(new EntityId("nope", "k"), "op");
          yield df.callActivity("echo", 1);
          return "signalled";
        },
      },
      activities: { echo: (input) => input },
    });
    const { runtimeStatus, output } = await host.run("signals");
    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(/'signals' failed: The function 'nope' doesn't exist.*not an entity function/);
  });

  test("of a start of what does not exist are its instance's, not the caller's", async () => {
    await using host = await testHost({ orchestrators: { catching } });
    await host.begin("nowhere", "n");
    await host.engine.idle();
    expect(await host.status("n")).toMatchObject({
      name: "nowhere",
      runtimeStatus: "Failed",
      output:
        "Orchestrator function 'nowhere' failed: The function 'nowhere' doesn't exist, is disabled, or is not an " +
        "orchestrator function. Additional info: The following are the known orchestrator functions: 'catching'.",
    });
  });

  test("that an orchestrator does not catch fail it with its name and message", async () => {
    await using host = await testHost({
      orchestrators: {
        *strict({ df }) {
          return yield df.callActivity("bad");
        },
      },
      activities: {
        bad: () => {
          throw new Error("boom");
        },
      },
    });
    const { runtimeStatus, output } = await host.run("strict");
    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(/^Orchestrator function 'strict' failed: Activity function 'bad' failed: boom/);
  });

  test.each([
    ["an error without text", new Error("")],
    ["a text", "just text"],
    ["null", null],
  ])("of %s fail the instance with the worker's own words", async (_, thrown) => {
    const throws = atOnce(() => {
      throw thrown;
    });
    await using host = await testHost({ orchestrators: { throws } });
    const { runtimeStatus, output } = await host.run("throws");
    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(/^Orchestrator function 'throws' failed: One or more errors .*Result: Failure/);
  });

  test("of undefined hang the instance as in Azure, but not in silence", async () => {
    const throws = atOnce(() => {
      throw undefined;
    });
    await using host = await testHost({ orchestrators: { throws } });
    expect((await host.run("throws")).runtimeStatus).toBe("Running");
    expect(errors(host)[0]).toMatch(/'throws' \(one\) will run for ever.*threw undefined/);
  });

  test("after a retry time-out hang the instance as in Azure (durable-js #629), but not in silence", async () => {
    await using host = await testHost({
      orchestrators: {
        *timeout({ df }) {
          const options = new RetryOptions(1000, 5);
          options.retryTimeoutInMilliseconds = 1500;
          return yield df.callActivityWithRetry("bad", options);
        },
      },
      activities: {
        bad: () => {
          throw new Error("boom");
        },
      },
    });
    expect((await host.run("timeout")).runtimeStatus).toBe("Running");
    expect(errors(host)[0]).toMatch(/will run for ever.*retryTimeoutInMilliseconds/);
  });

  test("of determinism are caught when the code changed under a running instance", async () => {
    let changed = false;
    await using host = await testHost({
      orchestrators: {
        *shifting({ df }) {
          yield df.callActivity(changed ? "other" : "echo");
          yield df.waitForExternalEvent("go");
        },
      },
      activities: { echo: () => 1, other: () => 2 },
    });
    await host.begin("shifting", "s");
    await host.engine.idle();
    changed = true;
    await host.call("POST", "instances/s/raiseEvent/go", 1);
    await host.engine.idle();
    const { runtimeStatus, output } = await host.status("s");
    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain("Non-Deterministic workflow detected");
    expect(output).toContain("sequence number 0 named 'echo'");
    const told = host.log.filter(({ line }) => line.includes("an orchestration failed"));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ level: "warn", line: expect.stringContaining("Non-Deterministic") });
  });

  test("of plain yields name what is wrong", async () => {
    await using host = await testHost({
      orchestrators: {
        *promise() {
          yield Promise.resolve(1);
        },
      },
    });
    expect((await host.run("promise")).output).toContain("programming constraint violation");
  });

  test("of Task.all show the SDK going ahead while the framework waits (durable-js #574's kin)", async () => {
    await using host = await testHost({
      orchestrators: {
        *race({ df }) {
          try {
            return yield df.Task.all([df.callActivity("bad"), df.callActivity("slow")]);
          } catch {
            return yield df.callActivity("after");
          }
        },
      },
      activities: {
        bad: () => {
          throw new Error("boom");
        },
        slow: () => new Promise((resolve) => setTimeout(resolve, 20, "slow")),
        after: () => "after",
      },
    });
    expect((await host.run("race")).output).toBe("after");
  });

  test("repeat an action that Task.any was given twice, and so mix up results (durable-js #574)", async () => {
    const ran: string[] = [];
    await using host = await testHost({
      orchestrators: {
        *twice({ df }) {
          const slow = df.callActivity("slow");
          const quick = df.callActivity("quick");
          yield df.Task.any([slow, quick]);
          yield df.Task.any([slow, df.callActivity("quick")]);
          yield slow;
          return "done";
        },
      },
      activities: {
        slow: async () => {
          ran.push("slow");
          await new Promise((resolve) => setTimeout(resolve, 10));
        },
        quick: () => ran.push("quick"),
      },
    });
    await host.begin("twice", "t");
    await host.settle();
    expect(ran.filter((name) => name === "slow").length).toBeGreaterThan(1);
  });
});
