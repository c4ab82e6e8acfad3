import { z } from "zod";
import { datasetFileSchema, datasetSchema, shownWatermarkSchema } from "../datasets/contract.ts";
import { manifestSchema } from "../doors/manifest.ts";
import { nameNoun } from "../doors/nouns.ts";
import { continuationSchema, foundSchema, idSchema, storedTimeSchema } from "../doors/schemas.ts";
import { evaluationSchema, VERDICTS } from "../evaluation/contract.ts";
import { chosenHyperparametersSchema, trainingRunSchema } from "../training/contract.ts";
import { deploymentEventSchema, deploymentSchema } from "./contract.ts";
import { hostedSchema } from "./hosted/contract.ts";

export const nameOrNull = z.string().nullable();

/** How a deployment came back, or what took its place, from the pointer's history. */
const movesSchema = z.object({
  rollback_from: nameOrNull.optional(),
  rollback_reason: z.string().optional(),
  rollback_at: storedTimeSchema.optional(),
  withdrawn: z
    .object({
      what: deploymentEventSchema.shape.what,
      to: nameOrNull,
      by: z.string().optional(),
      reason: z.string().optional(),
      at: storedTimeSchema,
    })
    .optional()
    .meta({ description: "How it stopped serving." }),
});

/** A deployment under the names of the design (`deployment_id`, `run_id`, `tuned_model`) beside its own. */
export const shownDeploymentSchema = deploymentSchema
  .omit({ type: true, claimed_by: true, hosted_id: true, restores_over: true, judged_version: true })
  .extend({
    deployment_id: idSchema,
    run_id: z.string(),
    tuned_model: z.string(),
    is_active: z.boolean(),
    hosted: hostedSchema
      .pick({
        state: true,
        sku: true,
        capacity: true,
        requested_at: true,
        ready_at: true,
        gone_at: true,
        pruned: true,
        error: true,
      })
      .optional()
      .meta({ description: "What is there at the provider under the deployment's name." }),
    warnings: z.array(z.string()),
    ...movesSchema.shape,
  });

/** What serves, or the base model: then all that is a deployment's is absent. */
export const activeDeploymentSchema = shownDeploymentSchema.partial().extend({
  has_active_deployment: z.boolean(),
  agent_id: z.string(),
  deployment_id: nameOrNull,
  tuned_model_name: nameOrNull,
  is_active: z.boolean(),
  base_model: z.string(),
  message: z.string().optional(),
  missing: z.literal(true).optional().meta({ description: "The deployment's record is gone." }),
  rollback_to: z
    .object({ deployment_id: z.string(), deployment_name: z.string() })
    .nullable()
    .optional()
    .meta({ description: "What a rollback without a target would return to; null: the base model." }),
});

/** An ancestor that the records name and the ledger does not have: shown, never dropped. */
const missingSchema = z.object({ id: z.string(), missing: z.literal(true) });
/** The record's facts as `…Facts`, and what stands for it in a lineage as `Lineage…`. */
function orMissing<Shown extends z.ZodType>(noun: string, shown: Shown) {
  const schema = z.union([missingSchema, shown]);
  nameNoun(shown, `${noun}Facts`);
  nameNoun(schema, `Lineage${noun}`);
  return schema;
}

const runSchema = trainingRunSchema
  .pick({
    id: true,
    base_model: true,
    dataset_id: true,
    dataset_hash: true,
    status: true,
    tuned_model_name: true,
    aoai_job_id: true,
    training_file_id: true,
    validation_file_id: true,
    seed: true,
    created_at: true,
    started_at: true,
    completed_at: true,
  })
  .extend({ hyperparameters: chosenHyperparametersSchema });
const shownDatasetSchema = datasetSchema
  .pick({
    id: true,
    name: true,
    status: true,
    training_count: true,
    validation_count: true,
    test_count: true,
    episode_count: true,
    recipe: true,
    content_hash: true,
    created_at: true,
  })
  .extend({
    watermark: shownWatermarkSchema,
    reward_threshold: z.number().optional(),
    examples_from_episodes: z.number().int().optional().meta({
      description: "Examples in it that were made of episodes; the others are golden. Absent: not counted.",
    }),
    files: z.record(z.string(), datasetFileSchema.pick({ lines: true, bytes: true, sha256: true })),
  });
const shownEvaluationSchema = evaluationSchema
  .pick({
    id: true,
    run_id: true,
    dataset_id: true,
    split: true,
    candidate: true,
    baseline: true,
    metric: true,
    grading: true,
    status: true,
    result: true,
    created_at: true,
    completed_at: true,
  })
  .extend({ verdict: z.enum(VERDICTS).optional() });

const lineageRunSchema = orMissing("TrainingRun", runSchema);
const lineageDatasetSchema = orMissing("Dataset", shownDatasetSchema);
const lineageEvaluationSchema = orMissing("Evaluation", shownEvaluationSchema);

/** Deployments with what led to each, the moves between them, and the record that was asked for with its kin. */
export const lineageSchema = z.object({
  agent_id: z.string(),
  kind: z.string().optional().meta({ description: "Of the record that was asked for." }),
  id: z.string().optional(),
  deployments_found: foundSchema("Deployments"),
  lineage: z.array(
    shownDeploymentSchema.extend({
      training_run: lineageRunSchema,
      dataset: lineageDatasetSchema.nullable(),
      evaluation: lineageEvaluationSchema.nullable(),
    }),
  ),
  events: z.array(deploymentEventSchema),
  training_run: lineageRunSchema.nullable().optional(),
  training_runs: z.array(runSchema).optional(),
  dataset: lineageDatasetSchema.nullable().optional(),
  evaluation: lineageEvaluationSchema.optional(),
  evaluations: z.array(shownEvaluationSchema).optional(),
  continuation: continuationSchema,
  manifest: manifestSchema.optional(),
});
