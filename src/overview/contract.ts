import { z } from "zod";

const feedSchema = z.object({
  /** Everything written before this time is handled; null: nothing yet. */
  watermark: z.string().nullable(),
  /** Age of the oldest change that is not handled; 0 when there is none. */
  lag_seconds: z.number(),
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
    total_rewards: z.number().int(),
    average_reward: z.number().nullable().meta({
      description:
        "Mean of the judged episodes' averages, penalties beside it; three decimals, null without judgements.",
    }),
    average_reward_of: z
      .number()
      .int()
      .meta({ description: "How many judged episodes, the newest, the average is of." }),
    total_datasets: z.number().int(),
    total_training_runs: z.number().int(),
    training_run_status: z.record(z.string(), z.number().int()),
    total_evaluations: z.number().int(),
    total_deployments: z.number().int(),
    total_pipelines: z.number().int(),
    pipelines_waiting_for_approval: z.number().int(),
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
  containers: z.record(z.string(), z.number().int()).optional().meta({ description: "Documents in each." }),
  checked_at: z.string(),
});
export type Health = z.output<typeof healthSchema>;
