import type { Split } from "../datasets/contract.ts";
import type { Power } from "../evaluation/contract.ts";
import { isKind, isLightningError } from "../kernel/errors.ts";
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
      return { kind: "rejected", code: thrown.code, message: thrown.message };
    }
    const kept = await store.change(agentId, id, (one) =>
      one[field] === undefined && !isEndedPipeline(one) ? running(one, { stage, [field]: made }) : undefined,
    );
    return { kind: "started", id: kept?.[field] ?? made };
  }

  /** Keeps on the pipeline what its verdict can show, before the training is paid for. */
  async function tellPower(agentId: string, id: string, heldOut: string, split?: Split): Promise<void> {
    let power: Power | undefined;
    try {
      power = await stages.evaluations.foresee(agentId, heldOut, split);
    } catch (thrown) {
      // Told where it is known; what is wrong with the examples the evaluation says in its own words.
      if (!isKind(thrown, "invalid", "not_found", "conflict")) throw thrown;
    }
    if (power !== undefined)
      await store.change(agentId, id, (one) =>
        one.power === undefined && !isEndedPipeline(one) ? { ...one, power } : undefined,
      );
  }

  return {
    preparePipelineDataset: ({ agent_id, id }) =>
      prepareOnce(agent_id, id, "dataset", "dataset_id", async ({ input, name }) => {
        if (input.dataset_id !== undefined) return input.dataset_id;
        return (await stages.datasets.prepare({ ...input.dataset, agent_id, name })).dataset.id;
      }),

    preparePipelineTraining: ({ agent_id, id, dataset_id }) =>
      prepareOnce(agent_id, id, "training", "run_id", async ({ input }) => {
        const request = {
          ...input.training,
          force_new: input.training.force_new ?? false,
          agent_id,
          dataset_id,
          requested_by: input.promoted_by,
        };
        await tellPower(agent_id, id, input.evaluation.dataset_id ?? dataset_id, input.evaluation.split);
        // The pipeline's id as key: a step that runs again means the same attempt, also with force_new.
        const { run } = await stages.training.prepare(request, { idempotencyKey: id });
        return run.id;
      }),

    preparePipelineEvaluation: ({ agent_id, id, dataset_id, run_id }) =>
      prepareOnce(agent_id, id, "evaluation", "evaluation_id", async ({ input }) => {
        const { dataset_id: heldOut, split, baseline, metric } = input.evaluation;
        const against = (model: string) =>
          stages.evaluations.prepare({
            agent_id,
            run_id,
            dataset_id: heldOut ?? dataset_id,
            baseline: model,
            // A pipeline of an earlier version has none.
            metric: metric ?? "auto",
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
