import { conflict, isKind, isLightningError } from "../kernel/errors.ts";
import type { Pipeline, PipelineActivities } from "./contract.ts";
import { running } from "./moves.ts";
import type { PipelineService } from "./service.ts";
import type { PipelineStages } from "./stages.ts";
import { isEndedPipeline, type RECORD_OF_STAGE } from "./status.ts";
import type { PipelineStore } from "./store.ts";

type Started = { kind: "started"; id: string } | { kind: "rejected"; code: string; message: string };
type StageId = (typeof RECORD_OF_STAGE)[keyof typeof RECORD_OF_STAGE];
type Steps = Pick<
  PipelineActivities,
  | "preparePipelineDataset"
  | "preparePipelineTraining"
  | "preparePipelineEvaluation"
  | "preparePipelinePromotion"
>;

/** The steps that make the record which the next orchestration works on. */
export function createPrepareSteps({
  service,
  store,
  stages,
}: {
  readonly service: Pick<PipelineService, "get">;
  readonly store: PipelineStore;
  readonly stages: PipelineStages;
}): Steps {
  /**
   * Makes the record of a stage, once: its id is kept on the pipeline, and a step that runs again answers that id. What
   * the stage refuses is an outcome, not a fault.
   */
  async function prepareOnce(
    agentId: string,
    id: string,
    stage: Pipeline["stage"],
    field: StageId,
    make: (pipeline: Pipeline) => Promise<string>,
  ): Promise<Started> {
    const pipeline = await service.get(agentId, id);
    const known = pipeline[field];
    if (known !== undefined) return { kind: "started", id: known };
    let made: string;
    try {
      made = await make(pipeline);
    } catch (thrown) {
      if (!isKind(thrown, "invalid", "not_found", "conflict")) throw thrown;
      await store.change(agentId, id, (one) => (one.stage === stage ? undefined : { ...one, stage }));
      const { code, message, remedy } = thrown;
      return { kind: "rejected", code, message: remedy === undefined ? message : `${message} ${remedy}` };
    }
    const kept = await store.change(agentId, id, (one) =>
      one[field] === undefined && !isEndedPipeline(one) ? running(one, { stage, [field]: made }) : undefined,
    );
    return { kind: "started", id: kept?.[field] ?? made };
  }

  /** @throws what the evaluation could not end in a verdict for: nothing is paid for then */
  const lookAhead = (
    { agent_id, evaluation, training }: Pipeline["input"],
    trained?: string,
  ): Promise<void> =>
    stages.evaluations.foresee({
      agent_id,
      dataset_id: evaluation.dataset_id ?? trained ?? "",
      split: evaluation.split,
      baseline: evaluation.baseline,
      base_model: training.base_model,
      trained_dataset_id: trained,
    });

  return {
    preparePipelineDataset: ({ agent_id, id }) =>
      prepareOnce(agent_id, id, "dataset", "dataset_id", async ({ input, name }) => {
        // What is known already is looked at before anything is built; a set that is being built may be ready later.
        if (input.evaluation.dataset_id !== undefined)
          await lookAhead(input).catch((thrown: unknown) => {
            if (!isLightningError(thrown) || thrown.code !== "dataset_not_ready") throw thrown;
          });
        if (input.dataset_id !== undefined) return input.dataset_id;
        return (await stages.datasets.prepare({ ...input.dataset, agent_id, name })).dataset.id;
      }),

    preparePipelineTraining: ({ agent_id, id, dataset_id }) =>
      prepareOnce(agent_id, id, "training", "run_id", async ({ input }) => {
        await lookAhead(input, dataset_id);
        const request = {
          ...input.training,
          force_new: input.training.force_new ?? false,
          agent_id,
          dataset_id,
          requested_by: input.promoted_by,
        };
        // The pipeline's id as key: a step that runs again means the same attempt, also with force_new.
        const { run, existed } = await stages.training.prepare(request, { idempotencyKey: id });
        if (existed !== true || (run.status !== "failed" && run.status !== "cancelled")) return run.id;
        if (!isNobodysFault(run)) throw equalRunEnded(run);
        const again = { ...request, force_new: true };
        return (await stages.training.prepare(again, { idempotencyKey: `${id}-again` })).run.id;
      }),

    preparePipelineEvaluation: ({ agent_id, id, dataset_id, run_id }) =>
      prepareOnce(agent_id, id, "evaluation", "evaluation_id", async ({ input }) => {
        const { dataset_id: heldOut, split, baseline } = input.evaluation;
        const against = (model: string) =>
          stages.evaluations.prepare({
            agent_id,
            run_id,
            dataset_id: heldOut ?? dataset_id,
            baseline: model,
            metric: "auto",
            ...(split === undefined ? {} : { split }),
          });
        try {
          return (await against(baseline)).evaluation.id;
        } catch (thrown) {
          // The run is an earlier one that serves already: nothing is wrong, and nothing will change.
          const serves = baseline === "active" && isLightningError(thrown) && thrown.code === "same_model";
          if (!serves) throw thrown;
          return (await against("base")).evaluation.id;
        }
      }),

    async preparePipelinePromotion({ agent_id, id, run_id, evaluation_id }) {
      if (!(await service.get(agent_id, id)).input.promote) return { kind: "not_wanted" };
      return prepareOnce(agent_id, id, "promotion", "deployment_id", async ({ input, decision }) => {
        // The pipeline's id as key: asked again, also after a later rollback, it is the same deployment.
        const { deployment } = await stages.deployments.prepare(
          {
            agent_id,
            run_id,
            evaluation_id,
            asked_by: input.promoted_by,
            promoted_by: input.promoted_by ?? decision?.decided_by ?? `pipeline ${id}`,
            ...(decision?.decided_by === undefined ? {} : { approved_by: decision.decided_by }),
          },
          { idempotencyKey: id },
          "require",
        );
        return deployment.id;
      });
    },
  };
}

type EndedRun = Awaited<ReturnType<PipelineStages["training"]["prepare"]>>["run"];

/** A job of it may still be going, and be paid for: a second one is nobody's wish. */
const mayHaveJob = ({ failed_in, error }: EndedRun): boolean =>
  failed_in === "tracking" || (failed_in === "submit" && error?.code === "training_fault");

/** It failed before there was a job: its parameters and data may be good. */
const isNobodysFault = (run: EndedRun): boolean =>
  run.status === "failed" && (run.failed_in === "upload" || run.failed_in === "submit") && !mayHaveJob(run);

function equalRunEnded(run: EndedRun) {
  const { id, status, error } = run;
  const why = error === undefined ? "" : ` ${error.message}`;
  if (mayHaveJob(run))
    return conflict("equal_run_lost", `An equal training, run ${id}, is not followed any more.${why}`, {
      remedy: `Reconcile run ${id} to see how its job ended, then start the pipeline again.`,
      details: { run_id: id },
    });
  return conflict(
    status === "failed" ? "equal_run_failed" : "equal_run_cancelled",
    `An equal training, run ${id}, ${status === "failed" ? `has failed.${why}` : "was cancelled."}`,
    {
      remedy: "Send training.force_new to train again with the same parameters, or change what is trained.",
      details: { run_id: id },
    },
  );
}
