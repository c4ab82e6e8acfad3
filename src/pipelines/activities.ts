import type { Claim } from "../doors/claim.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { isLightningError } from "../kernel/errors.ts";
import type { Pipeline, PipelineActivities } from "./contract.ts";
import { planRetraining } from "./retraining.ts";
import { hasEnded } from "./rules.ts";
import type { PipelineService } from "./service.ts";

type Started = { kind: "started"; id: string } | { kind: "rejected"; code: string; message: string };
type StageId = "dataset_id" | "run_id" | "evaluation_id" | "deployment_id";

export function createPipelineActivities(deps: {
  readonly service: PipelineService;
  readonly clock: Clock;
}): PipelineActivities {
  const { service, clock } = deps;
  const { store, stages } = service;

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
      if (!isLightningError(thrown) || !["invalid", "not_found", "conflict"].includes(thrown.kind))
        throw thrown;
      await store.change(agentId, id, (one) => (one.stage === stage ? undefined : { ...one, stage }));
      return { kind: "rejected", code: thrown.code, message: thrown.message };
    }
    const kept = await store.change(agentId, id, (one) =>
      one[field] === undefined ? { ...one, [field]: made, stage, status: "running" } : undefined,
    );
    return { kind: "started", id: kept?.[field] ?? made };
  }

  const end = (agentId: string, id: string, change: (one: Pipeline) => Partial<Pipeline>) =>
    store.change(agentId, id, (one) =>
      hasEnded(one) ? undefined : { ...one, ...change(one), completed_at: toIso(clock.now()) },
    );

  return {
    async claimPipeline({ agent_id, id, instance_id }): Promise<Claim> {
      const pipeline = await store.change(agent_id, id, (one) =>
        hasEnded(one) || one.claimed_by !== undefined
          ? undefined
          : { ...one, claimed_by: instance_id, status: "running" },
      );
      if (pipeline === undefined) throw new Error(`There is no pipeline ${id} to work on.`);
      if (hasEnded(pipeline)) return { kind: "finished" };
      return { kind: pipeline.claimed_by === instance_id ? "claimed" : "elsewhere" };
    },

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
        // The pipeline's id as key: a step that runs again means the same attempt, also with force_new.
        const { run } = await stages.training.prepare(request, { idempotencyKey: id });
        return run.id;
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

    async requestApproval({ agent_id, id, now }) {
      const before = await service.get(agent_id, id);
      const { approval, promote } = before.input;
      if (before.approval_until !== undefined) return { kind: "waiting", until: before.approval_until };
      const wanted = approval.required || (await stages.deployments.policies.get(agent_id)).four_eyes;
      if (!wanted || !promote) return { kind: "not_needed" };
      const until = toIso(Date.parse(now) + approval.timeout_minutes * 60_000);
      const verdict =
        before.evaluation_id === undefined
          ? undefined
          : (await stages.evaluations.get(agent_id, before.evaluation_id)).result?.verdict;
      const stored = await store.change(agent_id, id, (one) =>
        one.approval_until !== undefined || hasEnded(one)
          ? undefined
          : {
              ...one,
              status: "waiting_for_approval",
              stage: "approval",
              approval_until: until,
              ...(verdict === undefined ? {} : { verdict }),
            },
      );
      return { kind: "waiting", until: stored?.approval_until ?? until };
    },

    async readApproval({ agent_id, id }) {
      const { decision } = await service.get(agent_id, id);
      if (decision === undefined) return { kind: "waiting" };
      return { kind: decision.approved ? "approved" : "rejected" };
    },

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

    async finishPipeline({ agent_id, id, outcome, verdict, error }) {
      await end(agent_id, id, (one) => ({
        status: outcome === "failed" ? "failed" : "finished",
        // A failed pipeline stays at the stage that failed.
        stage: outcome === "failed" ? one.stage : "done",
        outcome,
        ...(verdict === undefined ? {} : { verdict }),
        ...(error === undefined ? {} : { error }),
      }));
      return null;
    },

    planRetraining: ({ stamp }) => planRetraining(service, clock, stamp),
  };
}
