import { z } from "zod";
import { storedTimeSchema } from "../doors/schemas.ts";
import { surveySchema } from "../doors/survey.ts";
import { ENDINGS, FAULTS_BY } from "../episodes/endings.ts";
import { workloadSchema } from "../workload/contract.ts";

const feedSchema = z.object({
  watermark: storedTimeSchema
    .nullable()
    .meta({ description: "Everything written before this time is handled; null: nothing yet." }),
  lag_seconds: z
    .number()
    .meta({ description: "Age of the oldest change that is not handled; 0 when there is none." }),
});
export type FeedState = z.output<typeof feedSchema>;

export const feedsSchema = z.object({ episodes: feedSchema, rewards: feedSchema });
export type Feeds = z.output<typeof feedsSchema>;

export const statsSchema = z.object({
  agent_id: z.string(),
  lightning_enabled: z.boolean(),
  use_tuned_model: z.boolean(),
  statistics: z.object({
    total_episodes: z.number().int(),
    rewarded_episodes: z.number().int(),
    answers_not_finished: z.partialRecord(z.enum(ENDINGS), z.number().int()).meta({
      description: "Episodes whose answer the model did not finish, by its ending; those that there are.",
    }),
    faults_by: z.partialRecord(z.enum(FAULTS_BY), z.number().int()).meta({
      description:
        "Episodes with an error, by whose fault it was; only the model's are a judgement of it. Those that there are.",
    }),
    total_rewards: z.number().int(),
    average_reward: z.number().nullable().meta({
      description:
        "Mean of the judged episodes' averages, penalties beside it; three decimals, null without judgements.",
    }),
    average_reward_of: z
      .number()
      .int()
      .meta({ description: "How many judged episodes, the newest, the average is of." }),
    rewards_waiting: z
      .number()
      .int()
      .meta({ description: "Rewards and feedback that wait for an episode that is not recorded yet." }),
    rewards_not_given: z
      .number()
      .int()
      .meta({ description: "Of the last thirty days, those that expired or did not fit their episode." }),
    total_datasets: z.number().int(),
    total_training_runs: z.number().int(),
    training_run_status: z.record(z.string(), z.number().int()),
    total_evaluations: z.number().int(),
    total_deployments: z.number().int(),
    total_pipelines: z.number().int(),
    pipelines_waiting_for_approval: z.number().int(),
  }),
  work: workloadSchema.meta({
    description: "Pipelines, builds, trainings and evaluations that were asked for at a door.",
  }),
  active_deployment: z.object({
    has_active: z.boolean(),
    deployment_id: z.string().nullable(),
    model_name: z.string().nullable(),
  }),
  current_model: z.string(),
  current_model_source: z.string(),
  base_model: z.string(),
  feeds: feedsSchema,
});
export type Stats = z.output<typeof statsSchema>;

export const HEALTH = ["healthy", "degraded", "unhealthy"] as const;

const checkSchema = z.object({
  ok: z.boolean(),
  kind: z.string().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
  milliseconds: z.number().optional(),
});
export type Check = z.output<typeof checkSchema>;

export const healthSchema = z.object({
  status: z.enum(HEALTH),
  checks: z.record(z.string(), checkSchema),
  feeds: feedsSchema.optional(),
  records: surveySchema
    .optional()
    .meta({ description: "Datasets, runs, evaluations, deployments and pipelines under way." }),
  containers: z.record(z.string(), z.number().int()).optional().meta({ description: "Documents in each." }),
  checked_at: storedTimeSchema,
});
export type Health = z.output<typeof healthSchema>;
