import { z } from "zod";
import * as datasets from "../datasets/contract.ts";
import * as recipe from "../datasets/recipe-contract.ts";
import * as datasetReplies from "../datasets/replies.ts";
import * as deployments from "../deployments/contract.ts";
import * as policy from "../deployments/gate/policy.ts";
import * as hosted from "../deployments/hosted/contract.ts";
import * as deploymentReplies from "../deployments/replies.ts";
import * as chat from "../doors/chat.ts";
import * as manifest from "../doors/manifest.ts";
import { nameNoun } from "../doors/nouns.ts";
import * as schemas from "../doors/schemas.ts";
import * as survey from "../doors/survey.ts";
import * as sweep from "../doors/sweep.ts";
import * as waiting from "../doors/waiting.ts";
import * as episodes from "../episodes/contract.ts";
import * as episodeReplies from "../episodes/replies.ts";
import * as evaluation from "../evaluation/contract.ts";
import * as pairs from "../evaluation/pairs.ts";
import * as identity from "../identity/contract.ts";
import * as overview from "../overview/contract.ts";
import * as operationStatus from "../overview/operation-status.ts";
import * as trend from "../overview/trend.ts";
import * as parts from "../parts/contract.ts";
import * as pipelines from "../pipelines/contract.ts";
import * as privacy from "../privacy/contract.ts";
import * as rescans from "../rescans/contract.ts";
import * as review from "../review/contract.ts";
import * as rewards from "../rewards/contract.ts";
import * as corrections from "../rewards/correction-contract.ts";
import * as given from "../rewards/given-replies.ts";
import * as waitingRewards from "../rewards/waiting-contract.ts";
import * as training from "../training/contract.ts";
import * as estimate from "../training/estimate-contract.ts";
import * as graders from "../training/graders.ts";
import * as trainingReplies from "../training/replies.ts";

const CONTRACTS = [
  chat,
  manifest,
  schemas,
  survey,
  sweep,
  waiting,
  episodes,
  episodeReplies,
  rewards,
  corrections,
  given,
  waitingRewards,
  datasets,
  recipe,
  datasetReplies,
  review,
  training,
  estimate,
  graders,
  trainingReplies,
  evaluation,
  pairs,
  deployments,
  policy,
  hosted,
  deploymentReplies,
  pipelines,
  overview,
  operationStatus,
  trend,
  identity,
  parts,
  privacy,
  rescans,
];

/** What is called otherwise than its schema's export says: the noun for what answers, not for what is stored. */
const CALLED: Readonly<Record<string, string>> = {
  activeDeploymentSchema: "ActiveDeployment",
  chosenHyperparametersSchema: "ChosenHyperparameters",
  costSchema: "StoredTrainingCost",
  shownCostSchema: "TrainingCost",
  datasetFileSchema: "StoredFile",
  datasetReplySchema: "Dataset",
  datasetSchema: "StoredDataset",
  deploymentSchema: "StoredDeployment",
  edgeSchema: "ExampleOrigin",
  evaluationSchema: "StoredEvaluation",
  failureSchema: "PromotionFailure",
  givenSchema: "GivenReward",
  hostedSchema: "HostedModel",
  jsonSchema: "Json",
  offerSchema: "ReviewOffer",
  pairSchema: "EvaluationPair",
  pipelineSchema: "StoredPipeline",
  runReplySchema: "TrainingRun",
  shortRunReplySchema: "TrainingRunSummary",
  shownDeploymentSchema: "Deployment",
  shownWatermarkSchema: "DatasetWatermark",
  summarySchema: "EpisodeSummary",
  trainingRunSchema: "StoredTrainingRun",
  trendSchema: "RewardTrend",
  whySchema: "ExampleReason",
};

const isNoun = (value: unknown): value is z.ZodType =>
  value instanceof z.ZodObject || value instanceof z.ZodUnion || value instanceof z.ZodLazy;

/** Every schema that a contract exports, by name: `toolCallSchema` is `ToolCall`. Plain texts and numbers have none. */
export const NOUNS: ReadonlyMap<z.ZodType, string> = new Map(
  CONTRACTS.flatMap((contract) => Object.entries<unknown>(contract)).flatMap(([exported, value]) =>
    exported.endsWith("Schema") && isNoun(value) ? [[value, CALLED[exported] ?? nameOf(exported)]] : [],
  ),
);

function nameOf(exported: string): string {
  return exported.charAt(0).toUpperCase() + exported.slice(1, -"Schema".length);
}

/** Tells the doors these names; again does nothing more. */
export function nameNouns(): void {
  for (const [schema, noun] of NOUNS) nameNoun(schema, noun);
}
