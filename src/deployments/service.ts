import type { Catalog } from "../catalog/catalog.ts";
import type { Settings } from "../config/settings.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import type { Hosting } from "../hosting/hosting.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { conflict } from "../kernel/errors.ts";
import { hashedId, timeOrderedId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/logger.ts";
import { bare, type Ledger } from "../ledger/ledger.ts";
import type { Provider } from "../provider/provider.ts";
import type { TrainingRun } from "../training/contract.ts";
import type { Deployment } from "./contract.ts";
import { createGate, demandTwoPersons } from "./gate.ts";
import { createHostedModels, type HostedDeps } from "./hosted.ts";
import { createGatePolicies } from "./policy.ts";
import { createRollback, type Rollback, type RollbackRequest } from "./rollback.ts";
import { applyDeactivation, applyPromotion, applyRestore, gateWarnings } from "./rules.ts";
import { createDeploymentStore, type MoveResult } from "./store.ts";

export interface DeploymentDeps {
  readonly ledger: Ledger;
  readonly settings: Pick<Settings, "gatePolicy" | "baseModelDeployment" | "baseModel"> &
    Partial<HostedDeps["settings"]>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whoever answers calls; absent: a rollback asks nobody whether its target can be called. */
  readonly provider?: Pick<Provider, "chat"> | undefined;
  /** Where a model has to be made callable first; absent: it is called by its own name, or by one that is given. */
  readonly hosting?: Hosting | undefined;
  readonly catalog?: Catalog | undefined;
  /** Called after every move of an agent's pointer in this process: the selector forgets what it knew. */
  readonly onPointerChange?: ((agentId: string) => void) | undefined;
}

export interface PromoteRequest {
  readonly agent_id: string;
  readonly run_id: string;
  readonly promoted_by?: string | undefined;
  readonly evaluation_id?: string | undefined;
  readonly override_reason?: string | undefined;
  readonly deployment_name?: string | undefined;
  readonly prune?: "no" | "oldest_inactive" | undefined;
  /** For a pipeline: who started it, and who approved its promotion. */
  readonly asked_by?: string | undefined;
  readonly approved_by?: string | undefined;
}

export interface Caller {
  /** The authenticated person; wins over a name in the body. */
  readonly principal?: string | undefined;
  /** Requests of the same key are one request, also after it ended. */
  readonly idempotencyKey?: string | undefined;
  /** Whether the caller may promote against the gate; absent: yes, a call from inside this process. */
  readonly isOwner?: boolean | undefined;
}

/** The active tuned model as the pointer tells it. */
export interface ActiveModel {
  readonly deployment_id: string;
  readonly deployment_name: string;
}

export type DeploymentService = ReturnType<typeof createDeploymentService>;

export function createDeploymentService(deps: DeploymentDeps) {
  const { settings, clock, logger } = deps;
  const store = createDeploymentStore(deps);
  const models = hostedModels(deps, store);
  const returns = createRollback({ ...deps, store, models });
  const policies = createGatePolicies(deps);
  const gate = createGate({ store, policies, settings });

  function moved<R extends MoveResult>(agentId: string, result: R): R {
    if (result.event === undefined) return result;
    const { what, from, to, version } = result.event;
    logger.info("the active model changed", { agent_id: agentId, what, from, to, version });
    deps.onPointerChange?.(agentId);
    return result;
  }

  /** @param field the one that named it, where it is not `deployment_id` */
  async function get(agentId: string, id: string, field?: string): Promise<Deployment> {
    const found = await store.readDeployment(agentId, id);
    if (found === undefined) throw noSuchRecord("deployment", agentId, id, { field });
    return bare(found);
  }

  async function promotableRun(agentId: string, runId: string): Promise<TrainingRun & { model: string }> {
    const run = await store.readRun(agentId, runId);
    if (run === undefined) throw noSuchRecord("run", agentId, runId);
    if (run.status !== "succeeded" || run.tuned_model_name === undefined)
      throw conflict(
        "run_not_succeeded",
        `Training run ${runId} is ${run.status}; it has no model to promote.`,
        {
          field: "run_id",
          remedy: "Wait until the run has succeeded, or name another one.",
        },
      );
    return { ...bare(run), model: run.tuned_model_name };
  }

  /** The deployment that an equal request has already made, while it is under way or active; with a key, for ever. */
  async function madeBefore(what: DeploymentKey): Promise<Deployment | undefined> {
    for (let attempt = 1; ; attempt++) {
      const id = deploymentId(what, attempt);
      const found = await store.readDeployment(what.agent_id, id);
      if (found === undefined) return undefined;
      if (!(await isLeftBehind(what, found))) return bare(found);
    }
  }

  /** A model that was active and is no longer, or whose last try failed, is promoted under a new record. */
  async function isLeftBehind(what: DeploymentKey, one: Deployment): Promise<boolean> {
    if (what.key !== undefined || (one.state !== "failed" && one.state !== "active")) return false;
    return (await store.readPointer(what.agent_id))?.deployment_id !== one.id;
  }

  return {
    store,
    logger,
    /** Absent: the settings name no account to make deployments in. */
    models,
    policies,
    demandTwoPersons,
    prepareReturn: returns.prepareReturn,

    /** What answers when no tuned model is active. */
    baseModel: () => settings.baseModelDeployment ?? settings.baseModel,

    /**
     * Checks a promotion and makes its record, once: requests that want the same model meet in one deployment while it
     * is under way or active. A model that was active and is no longer gets a new deployment, and so does one whose
     * last try failed; with an idempotency key the first deployment of that key is the answer for ever.
     * @throws not_found, conflict `run_not_succeeded`, `gate_required`, `four_eyes_required`,
     * `evaluation_not_finished`; forbidden `role_missing`
     */
    async prepare(
      input: PromoteRequest,
      caller: Caller = {},
      demanded?: "require",
    ): Promise<{ deployment: Deployment; existed: boolean; warnings: string[] }> {
      const { agent_id, run_id, evaluation_id, override_reason, approved_by, asked_by } = input;
      const run = await promotableRun(agent_id, run_id);
      const deployment_name = input.deployment_name ?? models?.nameOf(run) ?? run.model;
      const what = { agent_id, run_id, deployment_name, key: caller.idempotencyKey };
      // What was let through once is not judged again: the candidate itself may be what serves by now.
      const before = await madeBefore(what);
      if (before !== undefined) return { deployment: before, existed: true, warnings: gateWarnings(before) };
      const by = caller.principal ?? input.promoted_by;
      const findings = await gate.judge({
        run,
        evaluation_id,
        override_reason,
        promoted_by: by,
        approved_by,
        asked_by,
        mayOverride: caller.isOwner ?? true,
        demanded,
      });
      // An operator's own deployment is taken as it is.
      const hosted = input.deployment_name === undefined ? await models?.ensure(run) : undefined;
      const record: Omit<Deployment, "id"> = {
        type: "deployment",
        agent_id,
        training_run_id: run_id,
        dataset_id: run.dataset_id,
        tuned_model_name: run.model,
        deployment_name,
        ...(hosted === undefined ? {} : { hosted_id: hosted.id }),
        ...(input.prune === undefined ? {} : { prune: input.prune }),
        state: "requested",
        created_at: toIso(clock.now()),
        ...findings,
        ...(by === undefined ? {} : { promoted_by: by }),
        ...(approved_by === undefined ? {} : { approved_by }),
      };
      for (let attempt = 1; ; attempt++) {
        const { record: stored, existed } = await store.createDeployment({
          id: deploymentId(what, attempt),
          ...record,
        });
        if (existed && (await isLeftBehind(what, stored))) continue;
        return { deployment: bare(stored), existed, warnings: gateWarnings(stored) };
      }
    },

    get,

    /** The active tuned model, or null for the base model: one point read. */
    async readActive(agentId: string): Promise<ActiveModel | null> {
      const pointer = await store.readPointer(agentId);
      return pointer?.deployment_id && pointer.deployment_name
        ? { deployment_id: pointer.deployment_id, deployment_name: pointer.deployment_name }
        : null;
    },

    /** Puts a deployment into service, once: asked again, also after later moves, it finds its event and does nothing. */
    async activate(deployment: Deployment): Promise<MoveResult> {
      const { agent_id: agentId, id, deployment_name, restores } = deployment;
      const served = { deployment_id: id, deployment_name };
      if (restores !== undefined)
        return moved(
          agentId,
          await store.movePointer({
            agentId,
            eventId: hashedId("evt", [agentId, id, "returned"]),
            by: deployment.promoted_by,
            reason: deployment.reason,
            deploymentId: id,
            onlyFromSeen: true,
            seen: deployment.restores_over ?? null,
            decide: (state) => applyRestore(state, served, restores),
          }),
        );
      return moved(
        agentId,
        await store.movePointer({
          agentId,
          eventId: hashedId("evt", [agentId, id, "promoted"]),
          by: deployment.promoted_by,
          reason: deployment.override_reason,
          deploymentId: id,
          decide: (state) => applyPromotion(state, served),
        }),
      );
    },

    /** The event by which a return of a removed model took effect. */
    returnOf: (deployment: Deployment) =>
      store.readEvent(deployment.agent_id, hashedId("evt", [deployment.agent_id, deployment.id, "returned"])),

    /**
     * Back to what really served before, or to `target_id`. Without a target a lost race is told at once (412), so
     * that two people who see the same bad model do not roll back two. A target that Azure has removed is prepared to
     * be made callable again, unless `at_once` asks for the nearest that can be called.
     * @throws conflict `nothing_to_roll_back_to`, `already_active`, `never_served`, `target_gone`; precondition
     * `pointer_moved`
     */
    async rollback(input: RollbackRequest, caller: Caller = {}): Promise<Rollback> {
      const { agent_id: agentId, target_id } = input;
      const target = target_id === undefined ? undefined : await get(agentId, target_id, "target_id");
      if (target !== undefined && target.promoted_at === undefined)
        throw conflict("never_served", `Deployment ${target_id} was never active.`, {
          field: "target_id",
          remedy: "Promote its training run instead.",
        });
      const result = await returns.rollback(input, {
        eventId: requestEvent(agentId, "rolled_back", caller),
        by: caller.principal ?? input.rolled_back_by,
        target,
      });
      return result.kind === "moved" ? moved(agentId, result) : result;
    },

    /** The base model from now on; fine when it is so already. */
    async deactivate(
      input: {
        readonly agent_id: string;
        readonly reason?: string | undefined;
        readonly by?: string | undefined;
      },
      caller: Caller = {},
    ): Promise<MoveResult> {
      const agentId = input.agent_id;
      const result = await store.movePointer({
        agentId,
        eventId: requestEvent(agentId, "deactivated", caller),
        by: caller.principal ?? input.by,
        reason: input.reason,
        decide: applyDeactivation,
      });
      return moved(agentId, result);
    },
  };

  function requestEvent(agentId: string, what: string, caller: Caller): string {
    return caller.idempotencyKey === undefined
      ? timeOrderedId("evt", clock.now())
      : hashedId("evt", [agentId, what, caller.idempotencyKey]);
  }
}

/** What makes two requests for a promotion one. */
interface DeploymentKey {
  readonly agent_id: string;
  readonly run_id: string;
  readonly deployment_name: string;
  readonly key: string | undefined;
}

const deploymentId = ({ agent_id, run_id, deployment_name, key }: DeploymentKey, attempt: number) =>
  hashedId("dep", [agent_id, run_id, deployment_name, key ?? attempt]);

/** Only where an account is named, and with all that it takes. */
function hostedModels(deps: DeploymentDeps, store: ReturnType<typeof createDeploymentStore>) {
  const { hosting, catalog, provider, clock, logger } = deps;
  const { deploymentSku, deploymentCapacity, baseModelDeployment, tunedModelDeploymentName } = deps.settings;
  if (hosting === undefined || catalog === undefined || provider === undefined) return undefined;
  return createHostedModels({
    hosted: store.hosted,
    store,
    hosting,
    catalog,
    provider,
    settings: {
      deploymentSku: deploymentSku ?? "GlobalStandard",
      deploymentCapacity: deploymentCapacity ?? 50,
      baseModelDeployment,
      tunedModelDeploymentName,
    },
    clock,
    logger,
  });
}
