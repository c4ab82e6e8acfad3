import { describe, expect, test } from "@jest/globals";
import { RetryOptions, TaskFailedError } from "durable-functions";
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
    expect(output.message.split("\n")[0]).toBe("Activity function 'bad' failed:  no such thing ");
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

  test("of an unknown activity or child fail the call, not the host", async () => {
    await using host = await testHost({
      orchestrators: {
        catching,
        *parent({ df }) {
          yield df.callSubOrchestrator("nowhere");
        },
      },
    });
    expect((await host.run("catching", "nothing")).output.message).toContain(
      "The activity function 'nothing' doesn't exist",
    );
    const parent = await host.run("parent", undefined, "p");
    expect(parent).toMatchObject({ runtimeStatus: "Failed" });
    expect(parent.output).toContain("The orchestrator function 'nowhere' doesn't exist");
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
    expect(output).toMatch(/^Orchestrator function 'strict' failed: Activity function 'bad' failed: {2}boom/);
  });

  test("with an empty message hang the instance as in Azure, but not in silence", async () => {
    await using host = await testHost({
      orchestrators: {
        empty: atOnce(() => {
          throw new Error("");
        }),
      },
    });
    expect((await host.run("empty")).runtimeStatus).toBe("Running");
    expect(errors(host)[0]).toMatch(/'empty' \(one\) will run for ever.*empty message/);
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
    expect(output).toContain("sequence ID 0 and name 'echo'");
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
