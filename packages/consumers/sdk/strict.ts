import {
  type CaptureHook,
  callOperation,
  getDatasetBuilder,
  getDeploymentRegistry,
  getEpisodeCaptureHook,
  getModelDeployment,
  getRewardWriter,
  getTrainingRunner,
  LightningError,
  wrapToolHandler,
} from "agent-lightning";
import { type LightningMiddleware, lightningMiddleware } from "agent-lightning/ai-sdk";
import { type LightningHandler, lightningHandler } from "agent-lightning/langchain";
import { type LightningProcessor, lightningProcessor } from "agent-lightning/openai-agents";

export const hook: CaptureHook = getEpisodeCaptureHook();
export const model: Promise<string> = getModelDeployment();
export const tool = wrapToolHandler(hook, "double", (value: { readonly n: number }) => value.n * 2);
export const middleware: LightningMiddleware = lightningMiddleware(hook);
export const handler: LightningHandler = lightningHandler(hook, () => ({ sessionId: "s1" }));
export const processor: LightningProcessor = lightningProcessor(hook);
export const doubled: number = tool({ n: 21 });

export async function whole(): Promise<string> {
  try {
    const dataset = await getDatasetBuilder().buildDataset({ agentId: "a", name: "v1", minReward: 0.5 });
    const run = await getTrainingRunner().runTraining({ datasetId: dataset.id, agentId: "a" });
    await getDeploymentRegistry().promote({
      agentId: "a",
      trainingRunId: run.id,
      promotedBy: "b@example.com",
    });
    await getRewardWriter().recordTestResult({ episodeId: "e", passed: true });
    await callOperation("listRetirements", { agentId: "a" });
    return run.id;
  } catch (thrown) {
    return thrown instanceof LightningError ? thrown.code : "?";
  }
}
