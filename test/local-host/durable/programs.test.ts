import { describe, expect, test } from "@jest/globals";
import { RetryOptions, type Task } from "durable-functions";
import * as fc from "fast-check";
import { type OrchestratorCode, testHost } from "./app.ts";

/** An orchestration as data: each leaf gives a number of its own, so that a result in the wrong place shows. */
type Step =
  | { readonly kind: "activity"; readonly value: number; readonly turns: number }
  | { readonly kind: "retried"; readonly value: number; readonly failures: number }
  | { readonly kind: "child"; readonly value: number; readonly turns: number }
  | { readonly kind: "timer"; readonly ms: number }
  | { readonly kind: "all"; readonly steps: readonly Step[] }
  | { readonly kind: "any"; readonly steps: readonly Step[] };

const { step } = fc.letrec<{ step: Step }>((tie) => ({
  step: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ kind: fc.constant("activity" as const), value: fc.nat(999), turns: fc.nat(4) }),
    fc.record({ kind: fc.constant("retried" as const), value: fc.nat(999), failures: fc.nat(2) }),
    fc.record({ kind: fc.constant("child" as const), value: fc.nat(999), turns: fc.nat(3) }),
    fc.record({
      kind: fc.constant("timer" as const),
      ms: fc.constantFrom(10, 1000, 86_400_000, 8 * 86_400_000),
    }),
    fc.record({
      kind: fc.constantFrom("all" as const, "any" as const),
      steps: fc.array(tie("step"), { minLength: 1, maxLength: 4 }),
    }),
  ),
}));

type Context = Parameters<OrchestratorCode>[0]["df"];

function taskOf(df: Context, at: Step): Task {
  switch (at.kind) {
    case "activity":
      return df.callActivity("echo", at);
    case "retried":
      return df.callActivityWithRetry("flaky", new RetryOptions(100, 3), {
        ...at,
        key: df.newGuid(df.instanceId),
      });
    case "child":
      return df.callSubOrchestrator("child", at);
    case "timer":
      return df.createTimer(new Date(df.currentUtcDateTime.getTime() + at.ms));
    case "all":
      return df.Task.all(at.steps.map((each) => taskOf(df, each)));
    case "any":
      break;
  }
  return df.Task.any(at.steps.map((each) => taskOf(df, each)));
}

/** True when the result is one the step may have. */
function fits(at: Step, result: unknown): boolean {
  switch (at.kind) {
    case "timer":
      return true;
    case "all":
      return Array.isArray(result) && at.steps.every((each, i) => fits(each, result[i]));
    case "any":
      // The SDK gives the winning task itself.
      return at.steps.some((each) => fits(each, (result as Task | undefined)?.result));
    case "activity":
    case "retried":
    case "child":
      break;
  }
  return result === at.value;
}

const program: OrchestratorCode = function* ({ df }) {
  const wrong = [];
  for (const [index, each] of df.getInput<Step[]>().entries()) {
    const result = yield taskOf(df, each);
    if (!fits(each, result)) wrong.push({ index, result });
  }
  return wrong;
};

async function later(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe("programs of the SDK's tasks", () => {
  test("get every result where it belongs, whatever finishes first", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(1, 2, 20),
        async (steps, max) => {
          const attempts = new Map<string, number>();
          await using host = await testHost({
            orchestrators: {
              program,
              *child({ df }) {
                return yield df.callActivity("echo", df.getInput());
              },
            },
            activities: {
              echo: async ({ value, turns }) => {
                await later(turns);
                return value;
              },
              flaky: ({ value, failures, key }) => {
                const attempt = attempts.get(key) ?? 0;
                attempts.set(key, attempt + 1);
                if (attempt < failures) throw new Error(`attempt ${attempt}`);
                return value;
              },
            },
            options: {
              hostJson: { maxConcurrentActivityFunctions: max, maxConcurrentOrchestratorFunctions: max },
            },
          });
          const { runtimeStatus, output } = await host.run("program", steps);
          expect({ runtimeStatus, output }).toEqual({ runtimeStatus: "Completed", output: [] });
          expect(host.log.filter(({ level }) => level === "error")).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });
});
