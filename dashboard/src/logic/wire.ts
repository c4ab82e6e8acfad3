import type { Dataset } from "../../../src/datasets/contract.ts";
import type { Deployment, DeploymentEvent } from "../../../src/deployments/contract.ts";
import type { Role } from "../../../src/doors/operation.ts";
import type { Episode } from "../../../src/episodes/contract.ts";
import type { Evaluation } from "../../../src/evaluation/contract.ts";
import type { Stats } from "../../../src/overview/contract.ts";
import type { Trend } from "../../../src/overview/trend.ts";
import type { Pipeline } from "../../../src/pipelines/contract.ts";
import type { Correction, Offer, ReviewRules } from "../../../src/review/contract.ts";
import type { Reward } from "../../../src/rewards/contract.ts";
import type { TrainingRun } from "../../../src/training/contract.ts";
import type { Estimate } from "../../../src/training/estimate.ts";

/** What the REST routes answer, as far as the page reads it: the stages' own types, so that a change there shows here. */

export type {
  Dataset,
  DeploymentEvent,
  Episode,
  Estimate,
  Evaluation,
  Offer,
  Pipeline,
  ReviewRules,
  Reward,
  Stats,
  TrainingRun,
  Trend,
};

interface Paged {
  readonly agent_id: string;
  readonly continuation?: string;
}

export interface EpisodeSummary {
  readonly id: string;
  readonly user_input: string;
  readonly assistant_output: string;
  readonly tool_calls_count: number;
  readonly tool_names: readonly string[];
  readonly model_deployment: string | null;
  readonly request_latency_ms: number | null;
  readonly reward_count: number;
  readonly reward_avg: number | null;
  readonly reward_penalty: number | null;
  readonly reward_vetoed: boolean;
  readonly created_at: string;
}
export interface EpisodeList extends Paged {
  readonly episodes: readonly EpisodeSummary[];
}
export interface RewardList extends Paged {
  readonly rewards: readonly (Omit<Reward, "rubric" | "evaluator"> & {
    readonly rubric: string | null;
    readonly evaluator: string | null;
  })[];
}
export interface DatasetList extends Paged {
  readonly datasets: readonly Dataset[];
}
/** Where lines of a dataset are from. */
export interface Examples {
  readonly edges: readonly {
    readonly episode_ids: readonly string[];
    /** null: a golden example. */
    readonly score: number | null;
    readonly tokens: number;
  }[];
}
export type Run = Omit<TrainingRun, "started_at" | "completed_at" | "aoai_job_id" | "tuned_model_name"> & {
  readonly run_id: string;
  readonly tuned_model: string | null;
  readonly aoai_job_id: string | null;
  readonly error_message: string | null;
  readonly started_at: string | null;
  readonly completed_at: string | null;
};
export interface RunList extends Paged {
  readonly training_runs: readonly Run[];
}
export interface EvaluationList extends Paged {
  readonly evaluations: readonly Omit<Evaluation, "sample">[];
}
export type ShownDeployment = Deployment & {
  readonly run_id: string;
  readonly tuned_model: string;
  readonly is_active: boolean;
  readonly warnings: readonly string[];
  readonly withdrawn?: {
    readonly what: string;
    readonly to: string | null;
    readonly by?: string;
    readonly reason?: string;
    readonly at: string;
  };
};
export interface DeploymentList extends Paged {
  readonly deployments: readonly ShownDeployment[];
}
export interface ActiveDeployment {
  readonly has_active_deployment: boolean;
  readonly deployment_id: string | null;
  readonly tuned_model_name: string | null;
  readonly base_model: string;
  readonly promoted_at?: string;
  readonly promoted_by?: string;
  readonly verdict?: string;
  readonly evaluation_id?: string;
  readonly training_run_id?: string;
  /** Where a rollback without a target would lead; null: to the base model. */
  readonly rollback_to?: { readonly deployment_id: string; readonly deployment_name: string } | null;
}
export interface PipelineList extends Paged {
  readonly pipelines: readonly Omit<Pipeline, "input">[];
}
export interface ReviewQueue {
  readonly episodes: number;
  readonly waiting: number;
  readonly done: number;
  readonly reserved: number;
  readonly corrections: number;
  readonly rules: ReviewRules;
  readonly reservations: readonly {
    readonly episode_id: string;
    readonly reviewer: string;
    readonly until: string;
  }[];
  readonly reviewers: readonly { readonly reviewer: string; readonly labelled: number }[];
}
export interface CorrectionList extends Paged {
  readonly corrections: readonly Correction[];
}
export interface OfferReply {
  readonly reviewer: string;
  readonly item: Offer | null;
}
/** Who the app takes the caller for, and the roles that person has. */
export interface Me {
  readonly principal: string | null;
  readonly may: readonly Role[];
}
