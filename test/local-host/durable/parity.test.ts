import { describe, expect, test } from "@jest/globals";
import { RetryOptions } from "durable-functions";
import { type App, type OrchestratorCode, testHost } from "./app.ts";

const activities = {
  echo: (text: string) => text,
  fails: () => {
    throw new Error("no");
  },
};
const minutes = (df: { currentUtcDateTime: Date }, n: number) =>
  new Date(df.currentUtcDateTime.getTime() + n * 60_000);

const warned = async (code: OrchestratorCode, app: Partial<App> = {}) => {
  await using host = await testHost({ orchestrators: { code, ...app.orchestrators }, activities });
  await host.begin("code", "one");
  await host.settle();
  return host.log.filter(({ line }) => line.includes("counts as another")).map(({ line }) => line);
};

const child: OrchestratorCode = function* ({ df }) {
  return yield df.callActivity("echo", df.getInput());
};

describe("the parity warning", () => {
  test("names a task that Task.any was given a second time (issue 574)", async () => {
    const lines = await warned(function* ({ df }) {
      const slow = df.createTimer(minutes(df, 60));
      const echo = df.callActivity("echo", "x");
      yield df.Task.any([echo, slow]);
      // The timer was yielded before: its action is repeated, and every number after it shifts.
      yield df.Task.any([slow, df.createTimer(minutes(df, 5))]);
      const answer = yield df.callActivity("echo", "y");
      slow.cancel();
      return answer;
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("574");
  });

  test("names a retried call that goes on behind a caught Task.all", async () => {
    const lines = await warned(function* ({ df }) {
      try {
        yield df.Task.all([
          df.callActivity("fails"),
          df.callActivityWithRetry("fails", new RetryOptions(60_000, 3)),
        ]);
      } catch {
        // Goes on, while the host still waits for the retries.
      }
      return yield df.callActivity("echo", "next");
    });
    expect(lines).toHaveLength(1);
  });

  test.each<[string, OrchestratorCode]>([
    [
      "chains and fans",
      function* ({ df }) {
        const first = yield df.callActivity("echo", "a");
        return yield df.Task.all([df.callActivity("echo", first), df.callActivity("echo", "b")]);
      },
    ],
    [
      "retries",
      function* ({ df }) {
        try {
          yield df.callActivityWithRetry("fails", new RetryOptions(1000, 3));
        } catch {
          // Failed for good.
        }
        return yield df.callActivity("echo", "after");
      },
    ],
    [
      "cancelled timers",
      function* ({ df }) {
        const late = df.createTimer(minutes(df, 30));
        yield df.Task.any([df.callActivity("echo", "a"), late]);
        late.cancel();
        return yield df.callActivity("echo", "b");
      },
    ],
    [
      "long timers and children",
      function* ({ df }) {
        yield df.createTimer(minutes(df, 20 * 24 * 60));
        return yield df.callSubOrchestrator("child", "c", "child-1");
      },
    ],
  ])("is silent about %s", async (_title, code) => {
    expect(await warned(code, { orchestrators: { child } })).toEqual([]);
  });
});
