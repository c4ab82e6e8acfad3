import { z } from "zod";
import { withoutUnknown } from "../doors/known.ts";
import { placeInQueueSchema, storedTimeSchema } from "../doors/schemas.ts";
import {
  chosenHyperparameters,
  chosenHyperparametersSchema,
  RUNS,
  shownCostSchema,
  type TrainingRun,
  trainingRunSchema,
} from "./contract.ts";

const textOrNull = z.string().nullable();

/** Names of the original beside those of the design; what is not known yet is null, as it was there. */
const bothNames = {
  run_id: z.string(),
  training_run_id: z.string(),
  tuned_model: textOrNull,
  tuned_model_name: textOrNull,
  aoai_job_id: textOrNull,
  error_message: textOrNull,
  started_at: storedTimeSchema.nullable(),
  completed_at: storedTimeSchema.nullable(),
};

/** What the doors answer about one run. */
export const runReplySchema = trainingRunSchema
  .omit({ type: true, claimed_by: true, submissions: true, looked_at: true, intent_at: true, unseen: true })
  .extend({
    ...bothNames,
    hyperparameters: chosenHyperparametersSchema,
    cost: shownCostSchema.optional(),
    success: z.boolean(),
    metrics: trainingRunSchema.shape.metrics.unwrap(),
    deduplicated: z
      .boolean()
      .optional()
      .meta({ description: "An equal request was made before; this is its run." }),
    hint: z.string().optional(),
    place_in_queue: placeInQueueSchema,
    urls: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: "The durable status addresses, while it is running." }),
  });
/** What a run is among its agent's work. */
export const runWork = { type: RUNS.type, id: "run_id" };
export type RunReply = z.input<typeof runReplySchema>;

/** A run in a list: without curve, events and checkpoints. */
export const shortRunReplySchema = runReplySchema.omit({ curve: true, events: true, checkpoints: true });

export function runReply(
  run: TrainingRun,
  notes: {
    readonly deduplicated?: boolean;
    readonly hint?: string | undefined;
    readonly urls?: Record<string, string>;
  } = {},
): RunReply {
  const {
    type: _type,
    claimed_by: _claim,
    submissions: _submissions,
    looked_at: _looked,
    intent_at: _intent,
    unseen: _unseen,
    ...facts
  } = run;
  const { hint, ...rest } = notes;
  return {
    ...facts,
    hyperparameters: chosenHyperparameters(run.hyperparameters),
    cost: run.cost && withoutUnknown(run.cost, ["usd_at_most"]),
    success: run.status !== "failed",
    run_id: run.id,
    training_run_id: run.id,
    tuned_model: run.tuned_model_name ?? null,
    tuned_model_name: run.tuned_model_name ?? null,
    aoai_job_id: run.aoai_job_id ?? null,
    error_message: run.error?.message ?? null,
    started_at: run.started_at ?? null,
    completed_at: run.completed_at ?? null,
    metrics: run.metrics ?? {},
    ...rest,
    ...(hint === undefined ? {} : { hint }),
  };
}

export function shortRunReply(run: TrainingRun): z.input<typeof shortRunReplySchema> {
  const { curve: _curve, events: _events, checkpoints: _checkpoints, ...short } = runReply(run);
  return short;
}
