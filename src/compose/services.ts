import { TABLES } from "../catalog/tables.ts";
import { createDatasetService } from "../datasets/service.ts";
import { createModelSelector } from "../deployments/selection.ts";
import { createDeploymentService } from "../deployments/service.ts";
import { createDeploymentUpkeep } from "../deployments/upkeep/upkeep.ts";
import { createEpisodeService } from "../episodes/service.ts";
import { createEvaluationService } from "../evaluation/service.ts";
import { createAuditLog } from "../identity/audit.ts";
import { createOverviewService } from "../overview/service.ts";
import { createPartService } from "../parts/service.ts";
import { createPipelineService } from "../pipelines/service.ts";
import { createRescanService } from "../rescans/service.ts";
import { createReviewService } from "../review/service.ts";
import { createDeadLetterService } from "../rewards/dead-letter-service.ts";
import { createRewardFeed } from "../rewards/feed.ts";
import { createRewardGiving } from "../rewards/giving.ts";
import { createRewardService } from "../rewards/service.ts";
import { createTrainingService } from "../training/service.ts";
import type { Workloads } from "../workload/workloads.ts";
import type { Opened } from "./ports.ts";

export type Services = ReturnType<typeof createServices>;

/** Ports → services, in the order in which they lean on each other. */
export function createServices(
  { ports, ledger, privacy }: Pick<Opened, "ports" | "ledger" | "privacy">,
  workloads: Pick<Workloads, "countsOf">,
) {
  const deployments = createDeploymentService({
    ...ports,
    onPointerChange: (agentId) => selector.invalidate(agentId),
  });
  const upkeep = createDeploymentUpkeep({ ...ports, service: deployments });
  const selector = createModelSelector({
    ...ports,
    readActive: (agentId) => deployments.readActive(agentId),
  });
  const parts = createPartService(ports);
  const episodes = createEpisodeService({ ...ports, parts });
  const rewards = createRewardService(ports);
  const giving = createRewardGiving({ ...ports, rewards });
  const datasets = createDatasetService(ports);
  const review = createReviewService({ ...ports, rewards });
  const evaluations = createEvaluationService({ ...ports, datasets, deployments });
  const training = createTrainingService({ ...ports, datasets, evaluations, tables: TABLES });
  const pipelines = createPipelineService({ ...ports, datasets, training, deployments });
  const feeds = createRewardFeed({ ...ports, waiting: giving });
  const deadLetters = createDeadLetterService({ ...ports, feeds });
  const rescans = createRescanService(ports);
  const overview = createOverviewService({
    ...ports,
    selector,
    deployments,
    workOf: workloads.countsOf,
  });
  const audit = createAuditLog({ ...ports, ledger });
  return {
    audit,
    privacy,
    parts,
    episodes,
    rewards,
    giving,
    feeds,
    datasets,
    review,
    deadLetters,
    training,
    evaluations,
    deployments,
    upkeep,
    selector,
    pipelines,
    rescans,
    overview,
  };
}
