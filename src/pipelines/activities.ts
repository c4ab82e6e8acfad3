import { missing } from "../doors/claim.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Pipeline, PipelineActivities, PipelineResult } from "./contract.ts";
import { failed, finished, running, waiting } from "./moves.ts";
import { createPrepareSteps } from "./prepare-stages.ts";
import { planRetraining, type RetrainingDeps } from "./retraining.ts";
import type { PipelineService } from "./service.ts";
import type { PipelineStages } from "./stages.ts";
import { isEndedPipeline } from "./status.ts";
import { createPipelineStore } from "./store.ts";

export interface PipelineActivityDeps extends PipelineStages {
  readonly service: PipelineService;
  readonly ledger: Ledger;
  readonly settings: RetrainingDeps["settings"];
  readonly clock: Clock;
}

/** The durable steps of `runPipeline` and `retrainAgents`. */
export function createPipelineActivities(deps: PipelineActivityDeps): PipelineActivities {
  const { service, clock, evaluations, deployments } = deps;
  const store = createPipelineStore(deps.ledger);

  const end = (agentId: string, id: string, move: (one: Pipeline, at: string) => Pipeline) =>
    store.change(agentId, id, (one) => (isEndedPipeline(one) ? undefined : move(one, toIso(clock.now()))));

  return {
    async claimPipeline(input) {
      const claim = await store.claim(input, isEndedPipeline, (one) =>
        running(one, { claimed_by: input.instance_id }),
      );
      if (claim.kind === "missing") return missing("pipeline", input);
      if (claim.kind === "finished") return { kind: "finished", ended: endOf(claim.record) };
      return claim.kind === "claimed" && claim.again
        ? { kind: "claimed", again: true }
        : { kind: claim.kind };
    },

    ...createPrepareSteps({ service, store, stages: deps }),

    async requestApproval({ agent_id, id, now }) {
      const before = await service.get(agent_id, id);
      const { approval, promote } = before.input;
      if (before.approval_until !== undefined) return { kind: "waiting", until: before.approval_until };
      const wanted = approval.required || (await deployments.policies.get(agent_id)).four_eyes;
      if (!wanted || !promote) return { kind: "not_needed" };
      const until = toIso(Date.parse(now) + approval.timeout_minutes * 60_000);
      const verdict =
        before.evaluation_id === undefined
          ? undefined
          : (await evaluations.get(agent_id, before.evaluation_id)).result?.verdict;
      const stored = await store.change(agent_id, id, (one) =>
        one.approval_until !== undefined || isEndedPipeline(one) ? undefined : waiting(one, until, verdict),
      );
      return { kind: "waiting", until: stored?.approval_until ?? until };
    },

    async readApproval({ agent_id, id }) {
      const { decision } = await service.get(agent_id, id);
      if (decision === undefined) return { kind: "waiting" };
      return { kind: decision.approved ? "approved" : "rejected" };
    },

    async finishPipeline({ agent_id, id, outcome, verdict, error }) {
      const facts = verdict === undefined ? {} : { verdict };
      await end(agent_id, id, (one, completed_at) =>
        outcome === "failed"
          ? failed(one, { error: error ?? "No reason was given.", completed_at }, facts)
          : finished(one, { outcome, completed_at }, facts),
      );
      return null;
    },

    planRetraining: ({ stamp }) => planRetraining({ ...deps, store }, stamp),
  };
}

/** How a pipeline ended, for an instance that comes too late to work on it. */
function endOf({ outcome = "failed", verdict, error }: Pipeline): PipelineResult {
  return {
    outcome,
    ...(verdict === undefined ? {} : { verdict }),
    ...(error === undefined ? {} : { error }),
  };
}
