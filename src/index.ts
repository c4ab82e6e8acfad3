/** Agent Lightning for agents: `import { getModelDeployment } from "agent-lightning"`. */
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
  closeLightning,
  configureLightning,
  createSdk,
  getDatasetBuilder,
  getDeploymentRegistry,
  getModelDeployment,
  getRewardWriter,
  getTrainingRunner,
  type Sdk,
  type SdkOptions,
} from "./surfaces/sdk.ts";
