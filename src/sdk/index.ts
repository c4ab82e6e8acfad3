/** Agent Lightning for agents: `import { getModelDeployment } from "agent-lightning"`. */
export type {
  CaptureHandle,
  CaptureHook,
  CaptureRest,
  CaptureStats,
  StartCapture,
  ToolCallRecord,
} from "../capture/capture.ts";
export { episodeIdOf } from "../capture/episode-of.ts";
export type { ToolConfig } from "../capture/tool-definition.ts";
export { wrapOpenAI } from "../capture/wrap-openai.ts";
export { wrapToolHandler } from "../capture/wrap-tool-handler.ts";
export { LightningError } from "../kernel/errors.ts";
export type { DatasetResult } from "./datasets.ts";
export type { DeploymentResult, MoveResult } from "./deployments.ts";
export type { EpisodeNamed, GivenReward, RecordedReward, WaitingReward } from "./rewards.ts";
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
} from "./sdk.ts";
export type { TrainingResult } from "./training.ts";
export type { Invoke, Transport } from "./transport.ts";
export type { WaitOptions } from "./wait.ts";
