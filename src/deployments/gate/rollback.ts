import { type Clock, toIso } from "../../kernel/clock.ts";
import { conflict } from "../../kernel/errors.ts";
import { hashedId } from "../../kernel/ids.ts";
import { bare } from "../../ledger/ledger.ts";
import type { Provider } from "../../provider/provider.ts";
import type { Deployment, DeploymentEvent } from "../contract.ts";
import type { HostedModels } from "../hosted/hosted.ts";
import type { MoveResult } from "../pointer-store.ts";
import { isGone, probe } from "../probe.ts";
import {
  applyRollback,
  applyRollbackToBase,
  belowOf,
  NEVER_MOVED,
  type PointerState,
  previousOf,
  type Served,
} from "../rules.ts";
import type { DeploymentStore } from "../store.ts";

export interface RollbackRequest {
  readonly agent_id: string;
  readonly target_id?: string | undefined;
  readonly reason?: string | undefined;
  readonly rolled_back_by?: string | undefined;
  /** Do not wait until Azure has made a model callable again: let the nearest one serve that is. */
  readonly at_once?: boolean | undefined;
}

export type Rollback = MoveResult & {
  readonly warnings: string[];
} & (
    | { readonly kind: "moved"; readonly event: DeploymentEvent }
    /** Azure has removed the target: it is made callable again, then it serves. */
    | { readonly kind: "restoring"; readonly deployment: Deployment }
  );

/** Where a rollback goes, once it is known what can be called. */
type Way =
  | { readonly kind: "as_asked"; readonly warnings: string[] }
  | { readonly kind: "to"; readonly served: Served | null; readonly warnings: string[] }
  | { readonly kind: "restore"; readonly target: Deployment };

interface RollbackDeps {
  readonly store: DeploymentStore;
  readonly clock: Clock;
  /** Absent: nothing is probed. */
  readonly provider?: Pick<Provider, "chat"> | undefined;
  readonly models?: HostedModels | undefined;
}

/** Back to what served before, after a look whether it can be called. */
export function createRollback({ store, clock, provider, models }: RollbackDeps) {
  async function wayTo(agentId: string, state: PointerState, wanted: Served, atOnce: boolean): Promise<Way> {
    if (provider === undefined) return { kind: "as_asked", warnings: [] };
    const answer = await probe(provider, wanted.deployment_name);
    if (answer.kind === "ready") return { kind: "as_asked", warnings: [] };
    if (!isGone(answer))
      return {
        kind: "as_asked",
        warnings: [
          `Whether ${wanted.deployment_name} can be called could not be found out: ${"message" in answer ? answer.message : answer.kind}`,
        ],
      };
    if (!atOnce) {
      const target = await store.readDeployment(agentId, wanted.deployment_id);
      if (target?.hosted_id !== undefined && models !== undefined)
        return { kind: "restore", target: bare(target) };
      throw conflict("target_gone", `${wanted.deployment_name} cannot be called any more.`, {
        field: "target_id",
        remedy:
          "Ask with at_once to let the nearest callable model serve, or name another deployment with target_id.",
        details: { deployment_id: wanted.deployment_id, deployment_name: wanted.deployment_name },
      });
    }
    const nearest = await nearestCallable(state, wanted);
    return {
      kind: "to",
      served: nearest,
      warnings: [
        `${wanted.deployment_name} cannot be called; ${nearest?.deployment_name ?? "the base model"} serves instead.`,
      ],
    };
  }

  async function nearestCallable(state: PointerState, wanted: Served): Promise<Served | null> {
    const tried = new Set<string>();
    for (const one of belowOf(state, wanted)) {
      if (tried.has(one.deployment_name)) continue;
      tried.add(one.deployment_name);
      if (provider !== undefined && (await probe(provider, one.deployment_name)).kind === "ready") return one;
    }
    return null;
  }

  /** The record of a return: requests for the same one meet, until one of them has failed. */
  async function prepareReturn(
    earlier: Deployment,
    state: PointerState,
    facts: { readonly reason?: string | undefined; readonly by?: string | undefined },
  ): Promise<Deployment> {
    const { agent_id, training_run_id, dataset_id, tuned_model_name, deployment_name, hosted_id } = earlier;
    for (let attempt = 1; ; attempt++) {
      const id = hashedId("dep", [agent_id, "return", earlier.id, state.version, attempt]);
      const { record, existed } = await store.createDeployment({
        id,
        type: "deployment",
        agent_id,
        training_run_id,
        ...(dataset_id === undefined ? {} : { dataset_id }),
        tuned_model_name,
        deployment_name,
        ...(hosted_id === undefined ? {} : { hosted_id }),
        ...(earlier.evaluation_id === undefined ? {} : { evaluation_id: earlier.evaluation_id }),
        ...(earlier.verdict === undefined ? {} : { verdict: earlier.verdict }),
        ...(earlier.verdict_metric === undefined ? {} : { verdict_metric: earlier.verdict_metric }),
        ...(earlier.verdict_grading === undefined ? {} : { verdict_grading: earlier.verdict_grading }),
        ...(earlier.override_reason === undefined ? {} : { override_reason: earlier.override_reason }),
        ...(earlier.gate_doubts === undefined ? {} : { gate_doubts: earlier.gate_doubts }),
        restores: earlier.id,
        restores_over: state.deployment_id,
        ...(facts.reason === undefined ? {} : { reason: facts.reason }),
        ...(facts.by === undefined ? {} : { promoted_by: facts.by }),
        state: "requested",
        created_at: toIso(clock.now()),
      });
      if (existed && record.state === "failed") continue;
      return bare(record);
    }
  }

  return {
    prepareReturn,

    async rollback(
      request: RollbackRequest,
      facts: {
        readonly eventId: string;
        readonly by: string | undefined;
        readonly target: Deployment | undefined;
        /** Refuses, for this caller, a model that was taken out of service. */
        readonly demandMayServe: (deploymentId: string) => Promise<void>;
      },
    ): Promise<Rollback> {
      const { agent_id: agentId, reason } = request;
      const done = await store.readEvent(agentId, facts.eventId);
      const state = (await store.readPointer(agentId)) ?? NEVER_MOVED;
      const target =
        facts.target === undefined
          ? undefined
          : { deployment_id: facts.target.id, deployment_name: facts.target.deployment_name };
      const wanted = target ?? previousOf(state);
      if (done === undefined && wanted !== null && wanted.deployment_id !== state.deployment_id)
        await facts.demandMayServe(wanted.deployment_id);
      const way: Way =
        done !== undefined || wanted === null || wanted.deployment_id === state.deployment_id
          ? { kind: "as_asked", warnings: [] }
          : await wayTo(agentId, state, wanted, request.at_once ?? false);
      if (way.kind === "restore")
        return {
          kind: "restoring",
          pointer: state,
          deployment: await prepareReturn(way.target, state, { reason, by: facts.by }),
          warnings: [`${way.target.deployment_name} was removed at the provider; it is made callable again.`],
        };
      if (way.kind === "to" && way.served !== null) await facts.demandMayServe(way.served.deployment_id);
      const moved = await store.movePointer({
        agentId,
        eventId: facts.eventId,
        by: facts.by,
        reason,
        onlyFromSeen: target === undefined || way.kind === "to",
        seen: target === undefined || way.kind === "to" ? state.deployment_id : undefined,
        decide: (now) => {
          if (way.kind === "as_asked") return applyRollback(now, target);
          return way.served === null ? applyRollbackToBase(now) : applyRollback(now, way.served);
        },
      });
      return { kind: "moved", ...(moved as MoveResult & { event: DeploymentEvent }), warnings: way.warnings };
    },
  };
}
