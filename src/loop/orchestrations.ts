import type { OrchestrationContext, Task } from "durable-functions";
import { BUILD_DATASET } from "../datasets/contract.ts";
import { PROMOTE_MODEL } from "../deployments/contract.ts";
import type { Orchestration, ResultOf } from "../doors/orchestration.ts";
import { EVALUATE_MODEL } from "../evaluation/contract.ts";
import { RETRAIN_AGENTS, RUN_PIPELINE } from "../pipelines/contract.ts";
import { RESCAN_EPISODES } from "../rescans/contract.ts";
import { TRAIN_MODEL } from "../training/contract.ts";

/** Every orchestration of the loop, as the contracts of the stages declare them. */
export const ORCHESTRATIONS = [
  BUILD_DATASET,
  TRAIN_MODEL,
  EVALUATE_MODEL,
  PROMOTE_MODEL,
  RUN_PIPELINE,
  RETRAIN_AGENTS,
  RESCAN_EPISODES,
] as const satisfies readonly Orchestration<string, never, unknown>[];
type Declared = (typeof ORCHESTRATIONS)[number];

/** The code of every orchestration by its name; `undefined`: it continues as new. */
export type Orchestrators = {
  readonly [One in Declared as One["name"]]: (
    context: OrchestrationContext,
  ) => Generator<Task, ResultOf<One> | undefined>;
};
