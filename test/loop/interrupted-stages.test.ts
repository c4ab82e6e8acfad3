import { describe, expect, it } from "@jest/globals";
import { runPipeline } from "../../src/loop/pipeline.ts";
import { atOnce, type OrchestratorCode, testHost } from "../local-host/durable/app.ts";

const EXITED = "node exited with code 137 (0x89)";
/** A pipeline's stages in their order, with what each orchestration answers. */
const STAGES = {
  buildDataset: { status: "ready" },
  trainModel: { status: "succeeded" },
  evaluateModel: { status: "finished", verdict: "pass" },
  promoteModel: { status: "active" },
} as const;
type Stage = keyof typeof STAGES;

/** Runs a pipeline, one of whose stages ends with the fault so many times before it answers. */
async function pipeline(stage: Stage, fault: string, times: number, defaultVersion = "3") {
  const instances: string[] = [];
  let left = times;
  const stageOf = (name: Stage): OrchestratorCode =>
    atOnce((context) => {
      if (name !== stage) return STAGES[name];
      if (!instances.includes(context.df.instanceId)) instances.push(context.df.instanceId);
      if (left-- > 0) throw new Error(fault);
      return STAGES[name];
    });
  const started = (id: string) => async () => ({ kind: "started", id });
  let written: unknown;
  await using host = await testHost({
    orchestrators: {
      runPipeline,
      ...Object.fromEntries((Object.keys(STAGES) as Stage[]).map((name) => [name, stageOf(name)])),
    },
    activities: {
      claimPipeline: async () => ({ kind: "claimed" }),
      preparePipelineDataset: started("dataset-1"),
      preparePipelineTraining: started("run-1"),
      preparePipelineEvaluation: started("evaluation-1"),
      requestApproval: async () => ({ kind: "not_needed" }),
      preparePipelinePromotion: started("deployment-1"),
      finishPipeline: async (end: unknown) => {
        written = end;
      },
    },
    options: { hostJson: { defaultVersion } },
  });
  await host.run("runPipeline", { agent_id: "desk", id: "pipeline-1" });
  return { written: written as { outcome: string; error?: string }, instances };
}

describe.each(Object.keys(STAGES) as Stage[])("a pipeline whose %s the engine ends", (stage) => {
  it("because its worker died, several times over, goes on under a new id each time", async () => {
    const { written, instances } = await pipeline(stage, EXITED, 4);
    expect(written.outcome).toBe("promoted");
    expect(new Set(instances).size).toBe(5);
  });

  it("because its worker dies each time, gives up after as many attempts as a step has, and names the death", async () => {
    const { written, instances } = await pipeline(stage, EXITED, Number.POSITIVE_INFINITY);
    expect(written.outcome).toBe("failed");
    expect(written.error).toContain("was interrupted: the worker process ended");
    expect(instances).toHaveLength(17);
  });

  it("for another reason, waits for its record once more and then names the reason, as somebody may mean it", async () => {
    const { written, instances } = await pipeline(stage, "op", 4);
    expect(written.outcome).toBe("failed");
    expect(written.error).toMatch(/was interrupted: .*op/);
    expect(instances).toHaveLength(2);
  });

  it("under version 2 waits for its record once more, as it began", async () => {
    const { written, instances } = await pipeline(stage, EXITED, 4, "2");
    expect(written.outcome).toBe("failed");
    expect(instances).toHaveLength(2);
  });
});
