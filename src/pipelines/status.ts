/** A pipeline's statuses and stages, in plain values: the page and the command line read them too, without zod. */

export const OPEN_PIPELINE_STATUSES = ["pending", "running", "waiting_for_approval"] as const;
/** Final. */
export const ENDED_PIPELINE_STATUSES = ["finished", "failed"] as const;
export const PIPELINE_STATUSES = [...OPEN_PIPELINE_STATUSES, ...ENDED_PIPELINE_STATUSES] as const;

export type EndedPipelineStatus = (typeof ENDED_PIPELINE_STATUSES)[number];

export const isEndedPipeline = <T extends { readonly status: string }>(
  pipeline: T,
): pipeline is T & { readonly status: EndedPipelineStatus } =>
  (ENDED_PIPELINE_STATUSES as readonly string[]).includes(pipeline.status);

/** What a pipeline goes through, in order. */
export const WORKING_STAGES = ["dataset", "training", "evaluation", "approval", "promotion"] as const;
export const PIPELINE_STAGES = [...WORKING_STAGES, "done"] as const;
export type PipelineStage = (typeof PIPELINE_STAGES)[number];

/** The field of a pipeline that names the record of a stage; approval has none. */
export const RECORD_OF_STAGE = {
  dataset: "dataset_id",
  training: "run_id",
  evaluation: "evaluation_id",
  promotion: "deployment_id",
} as const satisfies Partial<Record<PipelineStage, string>>;
