import { z } from "zod";
import { defined } from "../kernel/defined.ts";
import { type Dataset, datasetSchema } from "./contract.ts";

/**
 * What the doors answer: the manifest, with the names of the design (`dataset_id`, `training_count`,
 * `validation_count`) and of the original (`success`, `local_path`, `episode_count`, `reward_threshold`).
 */
export const datasetReplySchema = datasetSchema.omit({ claimed_by: true, type: true }).extend({
  success: z.boolean(),
  dataset_id: z.string(),
  local_path: z.string().optional().meta({ description: "The training file." }),
  validation_path: z.string().optional(),
  test_path: z.string().optional(),
  reward_threshold: z.number().optional(),
  /** The durable status addresses, while it is being built. */
  urls: z.record(z.string(), z.string()).optional(),
});
export type DatasetReply = z.input<typeof datasetReplySchema>;

export function datasetReply(dataset: Dataset, urls?: Record<string, string>): DatasetReply {
  const { claimed_by: _claim, type: _type, ...facts } = dataset;
  return {
    success: dataset.status !== "failed",
    dataset_id: dataset.id,
    ...facts,
    ...defined({
      local_path: dataset.files?.train?.path,
      validation_path: dataset.files?.validation?.path,
      test_path: dataset.files?.test?.path,
      reward_threshold: dataset.recipe.min_reward,
      urls,
    }),
  };
}
