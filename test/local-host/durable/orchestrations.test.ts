import { describe, expect, test } from "@jest/globals";
import { RetryOptions } from "durable-functions";
import { type OrchestratorCode, testHost } from "./app.ts";

const race: OrchestratorCode = function* ({ df }) {
  const deadline = df.createTimer(new Date(df.currentUtcDateTime.getTime() + 3_600_000));
  const approval = df.waitForExternalEvent("Approval");
  const winner = yield df.Task.any([approval, deadline]);
  if (winner === deadline) return "timed out";
  deadline.cancel();
  return approval.result;
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
    expect(output).toContain("gave up: Activity function 'flaky' failed:  attempt 4 \n ");
    expect(attempts).toBe(4);
    expect(host.clock.now() - again).toBe(7000);
  });
});
