import { describe, expect, test } from "@jest/globals";
import type { OrchestrationContext } from "durable-functions";
import { replayHistory } from "../../src/local-host/replay-history.ts";
import { ORCHESTRATIONS } from "../../src/loop/orchestrations.ts";
import { runPipeline } from "../../src/loop/pipeline.ts";
import { appInvoker, type OrchestratorCode } from "../local-host/durable/app.ts";
import { recordedHistories } from "./histories.ts";
import { ORCHESTRATORS } from "./orchestrators.ts";

const invoker = appInvoker({ orchestrators: ORCHESTRATORS, activities: {} });
const recorded = recordedHistories();

/** A result may have gained fields since it was recorded; it may not have lost or changed any. */
const value = (text: string | null): unknown => (text === null ? null : JSON.parse(text));

describe("today's orchestrators", () => {
  test.each(recorded.map((one) => [one.file, one] as const))("replay %s", async (_file, one) => {
    const replayed = await replayHistory(invoker, one.history);
    expect(replayed).toMatchObject({ status: one.status, pending: [] });
    expect({ result: value(replayed.output) }).toMatchObject({ result: value(one.output) });
  });

  test("have each been recorded, all that the stages declare", () => {
    const registered = ORCHESTRATIONS.map(({ name }) => name as string);
    expect(registered.length).toBeGreaterThan(4);
    expect(Object.keys(ORCHESTRATORS).toSorted()).toEqual(registered.toSorted());
    expect([...new Set(recorded.map(({ orchestrator }) => orchestrator))].toSorted()).toEqual(
      registered.toSorted(),
    );
  });
});

describe("every orchestrator", () => {
  const first = Object.keys(ORCHESTRATORS).map(
    (name) => [name, recorded.find(({ orchestrator }) => orchestrator === name)?.history ?? []] as const,
  );

  test.each(first)(
    "%s is caught when it begins with another step under its running instances",
    async (name, history) => {
      const changed: OrchestratorCode = function* (context) {
        yield context.df.callActivity("another", {});
        return yield* (ORCHESTRATORS[name] as OrchestratorCode)(context);
      };
      const replayed = await replayHistory(
        appInvoker({ orchestrators: { ...ORCHESTRATORS, [name]: changed }, activities: {} }),
        history,
      );
      expect(replayed.status).toBe("Failed");
      expect(replayed.output).toContain("Non-Deterministic workflow detected");
    },
  );
});

describe("an orchestrator that was changed under its running instances", () => {
  const approved = recorded.find(({ file }) => file.startsWith("pipeline-approved.runPipeline"));
  const replayWith = (code: OrchestratorCode) =>
    replayHistory(
      appInvoker({ orchestrators: { ...ORCHESTRATORS, runPipeline: code }, activities: {} }),
      approved?.history ?? [],
    );

  test("is caught when it does something first that it did not do before", async () => {
    const replayed = await replayWith(function* (context: OrchestrationContext) {
      yield context.df.callActivity("announce", {});
      return yield* runPipeline(context);
    });
    expect(replayed.status).toBe("Failed");
    expect(replayed.output).toContain("Non-Deterministic workflow detected");
    expect(replayed.output).toContain("'announce'");
  });

  test("is caught when it leaves a step out", async () => {
    const replayed = await replayWith(function* (context: OrchestrationContext) {
      const steps = runPipeline(context);
      let next = steps.next();
      while (!next.done) {
        const step = next.value as { actionObj?: { functionName?: string } };
        next = steps.next(step.actionObj?.functionName === "finishPipeline" ? undefined : yield next.value);
      }
      return next.value;
    });
    expect(replayed.status).toBe("Failed");
    expect(replayed.output).toContain("Non-Deterministic workflow detected");
  });
});
