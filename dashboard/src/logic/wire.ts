import type { ReplyOf } from "../../../src/operations.ts";

/** What the REST routes answer: the types of the operations' own rows, so that a change there shows here. */

export type { DeploymentEvent } from "../../../src/deployments/contract.ts";
export type { Offer, ReviewRules } from "../../../src/review/contract.ts";

export type Episode = ReplyOf<"getEpisode">;
export type EpisodeList = ReplyOf<"listEpisodes">;
export type EpisodeSummary = EpisodeList["episodes"][number];
export type RewardList = ReplyOf<"listRewards">;
export type Dataset = ReplyOf<"getDataset">;
export type DatasetList = ReplyOf<"listDatasets">;
/** Where lines of a dataset are from. */
export type Examples = ReplyOf<"listExamples">;
export type Estimate = ReplyOf<"estimateTraining">;
export type Run = ReplyOf<"getTrainingRun">;
export type RunList = ReplyOf<"listTrainingRuns">;
export type Evaluation = ReplyOf<"getEvaluation">;
export type EvaluationList = ReplyOf<"listEvaluations">;
/** All pairs of an evaluation, a page of them. */
export type PairList = ReplyOf<"listPairs">;
export type GatePolicy = ReplyOf<"getGatePolicy">;
export type DeploymentList = ReplyOf<"listDeployments">;
export type ShownDeployment = DeploymentList["deployments"][number];
/** Deployments with what led to each, and the record that was asked for. */
export type Lineage = ReplyOf<"getLineage">;
/** What became of an episode. */
export type Trace = ReplyOf<"traceEpisode">;
export type CorrectionsDataset = ReplyOf<"buildCorrectionsDataset">;
export type ActiveDeployment = ReplyOf<"getActiveDeployment">;
export type Pipeline = ReplyOf<"getPipeline">;
export type PipelineList = ReplyOf<"listPipelines">;
export type RedactionRules = ReplyOf<"getRedactionRules">;
export type RedactionTest = ReplyOf<"testRedaction">;
export type RescanList = ReplyOf<"listRescans">;
export type ReviewQueue = ReplyOf<"getReviewQueue">;
export type CorrectionList = ReplyOf<"listCorrections">;
export type OfferReply = ReplyOf<"nextReview">;
export type Stats = ReplyOf<"getStats">;
export type Health = ReplyOf<"getHealth">;
export type Trend = ReplyOf<"getRewardTrend">;
/** Who the app takes the caller for, and the roles that person has. */
export type Me = ReplyOf<"whoAmI">;
