import type { Power } from "../evaluation/contract.ts";
import { conflict, isKind, isLightningError } from "../kernel/errors.ts";
import type { Pipeline, PipelineActivities, Started } from "./contract.ts";
import { running } from "./moves.ts";
import { metBefore } from "./rules.ts";
import type { PipelineService } from "./service.ts";
import type { PipelineStages } from "./stages.ts";
import { isEndedPipeline, type RECORD_OF_STAGE } from "./status.ts";
import type { PipelineStore } from "./store.ts";

type StageId = (typeof RECORD_OF_STAGE)[keyof typeof RECORD_OF_STAGE];
type Steps = Pick<
  PipelineActivities,
  | "preparePipelineDataset"
  | "preparePipelineTraining"
  | "preparePipelineEvaluation"
  | "preparePipelinePromotion"
>;

/** Whether nothing but the age of the verdict was in the way of a promotion: a fresh one may lift that. */
const isStale = (details: unknown): boolean =>
  typeof details === "object" && details !== null && "stale" in details && details.stale === true;

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
   * @param insteadOf the record that is replaced, once: one that was overtaken before the pipeline came to its end
   */
  async function prepareOnce(
    agentId: string,
    id: string,
    stage: Pipeline["stage"],
    field: StageId,
    make: (pipeline: Pipeline) => Promise<string>,
    insteadOf?: string,
  ): Promise<Started> {
    const isOpen = (one: Pipeline) => one[field] === undefined || one[field] === insteadOf;
    const pipeline = await service.get(agentId, id);
    const known = pipeline[field];
    if (known !== undefined && !isOpen(pipeline)) return { kind: "started", id: known };
    let made: string;
    try {
      made = await make(pipeline);
    } catch (thrown) {
      if (!isKind(thrown, "invalid", "not_found", "conflict")) throw thrown;
      await store.change(agentId, id, (one) => (one.stage === stage ? undefined : { ...one, stage }));
      const { message, remedy } = thrown;
      const stale = thrown.code === "gate_required" && isStale(thrown.details);
      return {
        kind: "rejected",
        code: stale ? "gate_stale" : thrown.code,
        message: remedy === undefined ? message : `${message} ${remedy}`,
      };
    }
    const kept = await store.change(agentId, id, (one) =>
      isOpen(one) && !isEndedPipeline(one) ? running(one, { stage, [field]: made }) : undefined,
    );
    return { kind: "started", id: kept?.[field] ?? made };
  }

  /**
   * An equal training that was there before this pipeline: its run may have been judged, or taken out of service.
   * Nothing of it comes back by itself, and nothing is paid for it again.
   */
  async function earlierRun(
    agentId: string,
    id: string,
    started: Extract<Started, { kind: "started" }>,
  ): Promise<Started | { kind: "nothing_new" }> {
    const pipeline = await service.get(agentId, id);
    const run = await stages.training.get(agentId, started.id);
    if (!metBefore(pipeline, run)) return started;
    const withdrawal = await stages.deployments.withdrawalOf(agentId, started.id);
    if (
      pipeline.retraining &&
      (withdrawal !== undefined || (await stages.evaluations.wasJudged(agentId, started.id)))
    )
      return { kind: "nothing_new" };
    if (withdrawal === undefined || !pipeline.input.promote) return started;
    const { deployment_id, created_at, reason } = withdrawal;
    return {
      kind: "rejected",
      code: "model_withdrawn",
      message:
        `An equal training is run ${started.id}, whose model was taken out of service at ${created_at} ` +
        `(deployment ${deployment_id}${reason === undefined ? "" : `: ${reason}`}). ` +
        "Train on other data or with force_new, or let an owner promote that run with override_reason.",
    };
  }

  /** @throws what the evaluation could not end in a verdict for: nothing is paid for then */
  const lookAhead = (
    { agent_id, evaluation, training }: Pipeline["input"],
    trained?: string,
  ): Promise<Power | undefined> =>
    stages.evaluations.foresee({
      agent_id,
      dataset_id: evaluation.dataset_id ?? trained ?? "",
      split: evaluation.split,
      baseline: evaluation.baseline,
      base_model: training.base_model,
      trained_dataset_id: trained,
    });

  /** Keeps on the pipeline what its verdict can show, before the training is paid for. */
  async function tellPower(agentId: string, id: string, power: Power | undefined): Promise<void> {
    if (power === undefined) return;
    await store.change(agentId, id, (one) =>
      one.power === undefined && !isEndedPipeline(one) ? { ...one, power } : undefined,
    );
  }

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

    async preparePipelineTraining({ agent_id, id, dataset_id }) {
      const started = await prepareOnce(agent_id, id, "training", "run_id", async ({ input }) => {
        await tellPower(agent_id, id, await lookAhead(input, dataset_id));
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
      });
      return started.kind === "started" ? await earlierRun(agent_id, id, started) : started;
    },

    preparePipelineEvaluation: ({ agent_id, id, dataset_id, run_id, instead_of }) => {
      const evaluate = async ({ input }: Pipeline) => {
        const { dataset_id: heldOut, split, metric } = input.evaluation;
        const baseline = instead_of === undefined ? input.evaluation.baseline : "active";
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
      };
      return prepareOnce(agent_id, id, "evaluation", "evaluation_id", evaluate, instead_of);
    },

    async preparePipelinePromotion({ agent_id, id, run_id, evaluation_id, instead_of }) {
      if (!(await service.get(agent_id, id)).input.promote) return { kind: "not_wanted" };
      const promote = async ({ input, decision }: Pipeline) => {
        // Equal pipelines at once come to one verdict, and that to one deployment. One that was rolled back since is
        // withdrawn: a step that runs again does not put it back.
        const { deployment } = await stages.deployments.prepare(
          {
            agent_id,
            run_id,
            evaluation_id,
            asked_by: input.promoted_by,
            promoted_by: input.promoted_by ?? decision?.decided_by ?? `pipeline ${id}`,
            ...(decision?.decided_by === undefined ? {} : { approved_by: decision.decided_by }),
          },
          { byVerdict: true },
          "require",
        );
        return deployment.id;
      };
      const made = await prepareOnce(agent_id, id, "promotion", "deployment_id", promote, instead_of);
      return made.kind === "rejected" && made.code === "gate_stale"
        ? { kind: "stale", message: made.message }
        : made;
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
