import type { Catalog } from "../catalog/catalog.ts";
import type { Settings } from "../config/settings.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import type { Hosting } from "../hosting/hosting.ts";
import type { Clock } from "../kernel/clock.ts";
import { conflict, forbidden } from "../kernel/errors.ts";
import { hashedId, timeOrderedId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/logger.ts";
import { bare, type Ledger } from "../ledger/ledger.ts";
import type { Provider } from "../provider/provider.ts";
import type { Deployment } from "./contract.ts";
import { createGate, demandTwoPersons } from "./gate/gate.ts";
import { createGatePolicies } from "./gate/policy.ts";
import { type Caller, createPromotions } from "./gate/promotions.ts";
import { createRollback, type Rollback, type RollbackRequest } from "./gate/rollback.ts";
import { createHostedModels, type HostedDeps } from "./hosted/hosted.ts";
import { createModelOwners } from "./model-owners.ts";
import type { MoveResult } from "./pointer-store.ts";
import { createDeploymentReads } from "./reads.ts";
import { applyDeactivation, applyPromotion, applyRestore } from "./rules.ts";
import type { ActiveModel } from "./selection.ts";
import { createDeploymentStore } from "./store.ts";
import { readWithdrawal, type Withdrawal, withdrawalText } from "./withdrawals.ts";

export interface DeploymentDeps {
  readonly ledger: Ledger;
  readonly settings: Pick<Settings, "gatePolicy" | "baseModelDeployment" | "baseModel"> &
    HostedDeps["settings"];
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

export type DeploymentService = ReturnType<typeof createDeploymentService>;

export function createDeploymentService(deps: DeploymentDeps) {
  const { settings, clock, logger } = deps;
  const store = createDeploymentStore(deps);
  const models = hostedModels(deps, store);
  const returns = createRollback({ ...deps, store, models });
  const policies = createGatePolicies(deps);
  const gate = createGate({ ...deps, store, policies });

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

  return {
    ...createDeploymentReads(store),
    /** Absent: the settings name no account to make deployments in. */
    models,
    policies,
    demandTwoPersons,
    /** The agents whose model or deployment this name is, by the ledger and the account. */
    ownersOf: createModelOwners({ store, models, settings }),
    prepareReturn: returns.prepareReturn,

    /** What answers when no tuned model is active. */
    baseModel: () => settings.baseModelDeployment ?? settings.baseModel,

    /**
     * Checks a promotion and makes its record, once: requests that want the same model meet in one deployment while it
     * is under way or active. A model that was active and is no longer gets a new deployment, and so does one whose
     * last try failed; with an idempotency key the first deployment of that key is the answer for ever.
     * @throws not_found, conflict `run_not_succeeded`, `gate_required`, `override_required`, `four_eyes_required`,
     * `evaluation_not_finished`, `deployment_of_other_model`; forbidden `role_missing`
     */
    prepare: createPromotions({ ...deps, store, models, gate }),

    get,

    /** How the run's model was taken out of service by a person, unless an owner has put it back since. */
    withdrawalOf: (agentId: string, runId: string): Promise<Withdrawal | undefined> =>
      readWithdrawal(store, agentId, runId),

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
          async decide(state) {
            const move = applyPromotion(state, served);
            if (move.kind !== "moved") return move;
            const look = await gate.atSwitch(deployment, state);
            if (look.kind === "refused") return look;
            return look.kind === "doubt" ? { ...move, doubt: look.doubt } : move;
          },
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
     * `pointer_moved`; forbidden `role_missing` for a withdrawn target, by anybody but an owner
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
        demandMayServe: async (id) => {
          const wanted = id === target_id ? target : await store.readDeployment(agentId, id);
          if (wanted !== undefined) await demandOwnerOfWithdrawn(wanted, caller);
        },
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

  /** A model that somebody took out of service is put back by an owner alone, by whatever way. */
  async function demandOwnerOfWithdrawn(target: Deployment, { isOwner = true }: Caller): Promise<void> {
    const { agent_id, training_run_id } = target;
    const withdrawal = isOwner ? undefined : await readWithdrawal(store, agent_id, training_run_id);
    if (withdrawal === undefined) return;
    throw forbidden(
      "role_missing",
      `${withdrawalText(withdrawal)} To put it back needs the role owner for agent ${agent_id}.`,
      {
        field: "target_id",
        remedy:
          "Name a deployment of another run with target_id, deactivate to go to the base model, or let an owner roll back to it.",
        details: { role: "owner", agent_id },
      },
    );
  }

  function requestEvent(agentId: string, what: string, caller: Caller): string {
    return caller.idempotencyKey === undefined
      ? timeOrderedId("evt", clock.now())
      : hashedId("evt", [agentId, what, caller.idempotencyKey]);
  }
}

/** Only where an account is named, and with all that it takes. */
function hostedModels(deps: DeploymentDeps, store: ReturnType<typeof createDeploymentStore>) {
  const { hosting, catalog, provider, settings, clock, logger } = deps;
  if (hosting === undefined || catalog === undefined || provider === undefined) return undefined;
  return createHostedModels({
    hosted: store.hosted,
    store,
    hosting,
    catalog,
    provider,
    settings,
    clock,
    logger,
  });
}
