import { z } from "zod";
import { placeInQueueSchema, storedTimeSchema } from "../doors/schemas.ts";
import { defined } from "../kernel/defined.ts";
import {
  DATASETS,
  type Dataset,
  datasetSchema,
  SPLITS,
  shownWatermark,
  shownWatermarkSchema,
} from "./contract.ts";
import { leftOut } from "./left-out.ts";
import { FATES } from "./merge/select.ts";

/**
 * What the doors answer: the manifest, with the names of the design (`dataset_id`, `training_count`,
 * `validation_count`) and of the original (`success`, `local_path`, `episode_count`, `reward_threshold`).
 */
export const datasetReplySchema = datasetSchema
  .omit({ claimed_by: true, type: true, awaited_places: true })
  .extend({
    watermark: shownWatermarkSchema.meta({ description: datasetSchema.shape.watermark.description }),
    success: z.boolean(),
    dataset_id: z.string(),
    local_path: z.string().optional().meta({ description: "The training file." }),
    validation_path: z.string().optional(),
    test_path: z.string().optional(),
    reward_threshold: z.number().optional(),
    kept: z.number().int().optional().meta({ description: "Examples in the files." }),
    given: z.number().int().optional().meta({
      description: "Examples that were kept or left out; `dropped` counts these by reason.",
    }),
    notices: z.array(z.string()).optional().meta({
      description: "Sentences on what was left out, changed or is worth a look, the most important first.",
    }),
    place_in_queue: placeInQueueSchema,
    urls: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: "The durable status addresses, while it is being built." }),
  });
/** What a dataset is among its agent's work. */
export const datasetWork = { type: DATASETS.type, id: "dataset_id" };
export type DatasetReply = z.input<typeof datasetReplySchema>;

export function datasetReply(dataset: Dataset, urls?: Record<string, string>): DatasetReply {
  const { claimed_by: _claim, type: _type, awaited_places: _places, ...facts } = dataset;
  return {
    success: dataset.status !== "failed",
    dataset_id: dataset.id,
    ...facts,
    watermark: shownWatermark(dataset.watermark),
    ...leftOut(dataset),
    ...defined({
      local_path: dataset.files?.train?.path,
      validation_path: dataset.files?.validation?.path,
      test_path: dataset.files?.test?.path,
      reward_threshold: dataset.recipe.min_reward,
      urls,
    }),
  };
}

/** Where a line of a dataset is from. */
export const edgeSchema = z.object({
  dataset_id: z.string(),
  hash: z.string().meta({ description: "First 32 digits of the SHA-256 of the line's text." }),
  split: z.enum(SPLITS).nullable(),
  fate: z.enum(FATES),
  reason: z.string(),
  score: z.number().nullable().meta({ description: "Null: a golden example." }),
  tokens: z.number().int(),
  at: storedTimeSchema.optional(),
  episode_ids: z.array(z.string()),
  reward_ids: z.array(z.string()),
  stands_for: z.string().optional().meta({ description: "The line that stands in this one's place." }),
});
