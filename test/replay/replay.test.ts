import { describe, expect, test } from "@jest/globals";
import type { OrchestrationContext } from "durable-functions";
import { replayHistory } from "../../src/local-host/replay-history.ts";
import { buildDataset } from "../../src/loop/build-dataset.ts";
import { evaluateModel } from "../../src/loop/evaluate-model.ts";
import { runPipeline } from "../../src/loop/pipeline.ts";
import { promoteModel } from "../../src/loop/promote-model.ts";
import { retrainAgents } from "../../src/loop/retrain-agents.ts";
import { trainModel } from "../../src/loop/train-model.ts";
import { appInvoker, type OrchestratorCode } from "../local-host/durable/app.ts";
import { recordedHistories } from "./histories.ts";

const orchestrators: Record<string, OrchestratorCode> = {
  buildDataset,
  trainModel,
  evaluateModel,
  promoteModel,
  runPipeline,
  retrainAgents,
};
const invoker = appInvoker({ orchestrators, activities: {} });
const recorded = recordedHistories();

/** A result may have gained fields since it was recorded; it may not have lost or changed any. */
const value = (text: string | null): unknown => (text === null ? null : JSON.parse(text));

describe("today's orchestrators", () => {
  test.each(recorded.map((one) => [one.file, one] as const))("replay %s", async (_file, one) => {
    const replayed = await replayHistory(invoker, one.history);
    expect(replayed).toMatchObject({ status: one.status, pending: [] });
    expect({ result: value(replayed.output) }).toMatchObject({ result: value(one.output) });
  });

  test("have each been recorded", () => {
    expect([...new Set(recorded.map(({ orchestrator }) => orchestrator))].toSorted()).toEqual(
      Object.keys(orchestrators).toSorted(),
    );
  });
});

describe("an orchestrator that was changed under its running instances", () => {
  const approved = recorded.find(({ file }) => file.startsWith("pipeline-approved.runPipeline"));
  const replayWith = (code: OrchestratorCode) =>
    replayHistory(
      appInvoker({ orchestrators: { ...orchestrators, runPipeline: code }, activities: {} }),
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
