/** Agent Lightning for agents: `import { getModelDeployment } from "agent-lightning"`. */
export type { CaptureHandle, CaptureHook, CaptureStats, ToolCallRecord } from "./episodes/capture.ts";
export { wrapOpenAI } from "./episodes/wrap-openai.ts";
export { wrapToolHandler } from "./episodes/wrap-tool-handler.ts";
export { LightningError } from "./kernel/errors.ts";
export type { DatasetResult } from "./surfaces/sdk/datasets.ts";
export type { DeploymentResult, MoveResult } from "./surfaces/sdk/deployments.ts";
export type { RecordedReward } from "./surfaces/sdk/rewards.ts";
export type { TrainingResult } from "./surfaces/sdk/training.ts";
export {
  type Invoke,
  inProcessTransport,
  type Transport,
  type WaitOptions,
} from "./surfaces/sdk/transport.ts";
export {
  callOperation,
  closeLightning,
  configureLightning,
  createSdk,
  getDatasetBuilder,
  getDeploymentRegistry,
  getEpisodeCaptureHook,
  getModelDeployment,
  getRewardWriter,
  getTrainingRunner,
  type Sdk,
  type SdkOptions,
} from "./surfaces/sdk.ts";
