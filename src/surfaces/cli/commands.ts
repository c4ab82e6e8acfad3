import { DATA_TEXTS } from "./texts/data.ts";
import { DEPLOYMENT_TEXTS } from "./texts/deployments.ts";
import { PIPELINE_TEXTS } from "./texts/pipelines.ts";
import type { Texts } from "./texts/shared.ts";
import { TRAINING_TEXTS } from "./texts/training.ts";
import { UPKEEP_TEXTS } from "./texts/upkeep.ts";

/** The texts of the commands, by operation; an operation without one is shown as an outline. */
export const TEXTS: Texts = {
  ...DATA_TEXTS,
  ...TRAINING_TEXTS,
  ...DEPLOYMENT_TEXTS,
  ...PIPELINE_TEXTS,
  ...UPKEEP_TEXTS,
};
