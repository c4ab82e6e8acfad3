import { noSuchRecord } from "../../doors/no-such-record.ts";
import { type Clock, toIso } from "../../kernel/clock.ts";
import { conflict, isKind } from "../../kernel/errors.ts";
import { hashedId } from "../../kernel/ids.ts";
import { bare } from "../../ledger/ledger.ts";
import type { SucceededRun } from "../../training/contract.ts";
import type { Deployment, OpenDeployment, PromoteRequest } from "../contract.ts";
import type { HostedModels } from "../hosted/hosted.ts";
import { gateWarnings } from "../rules.ts";
import { isEndedDeployment } from "../status.ts";
import type { DeploymentStore } from "../store.ts";
import type { createGate } from "./gate.ts";

export interface Caller {
  /** The authenticated person; wins over a name in the body. */
  readonly principal?: string | undefined;
  /** Requests of the same key are one request, also after it ended. */
  readonly idempotencyKey?: string | undefined;
  /** Of those without a key only such requests are one that lean on the same evaluation: a pipeline's. */
  readonly byVerdict?: boolean | undefined;
  /** Whether the caller may promote against the gate; absent: yes, a call from inside this process. */
  readonly isOwner?: boolean | undefined;
}

export interface PromotionDeps {
  readonly store: DeploymentStore;
  readonly models: HostedModels | undefined;
  readonly gate: ReturnType<typeof createGate>;
  readonly clock: Clock;
}
type PromotableRun = SucceededRun & { readonly model: string };

/** Asking for a promotion: judges it and makes its record, once for equal requests. */
export function createPromotions({ store, models, gate, clock }: PromotionDeps) {
  async function promotableRun(agentId: string, runId: string): Promise<PromotableRun> {
    const run = await store.readRun(agentId, runId);
    if (run === undefined) throw noSuchRecord("run", agentId, runId);
    if (run.status !== "succeeded")
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

  /**
   * Whether a deployment made by hand is the run's model, read where the app can ask the account. A permission that is
   * missing, or no account: nobody can say, which is an owner's to answer for.
   * @throws conflict `deployment_of_other_model`
   */
  async function isVerified(run: PromotableRun, name: string): Promise<boolean> {
    if (models === undefined) return name === run.model;
    let model: string | undefined;
    try {
      model = await models.modelBehind(name);
    } catch (thrown) {
      if (isKind(thrown, "forbidden")) return false;
      throw thrown;
    }
    if (model === run.model) return true;
    throw conflict(
      "deployment_of_other_model",
      model === undefined
        ? `The account has no deployment ${name}.`
        : `Deployment ${name} calls ${model}, and the model of training run ${run.id} is ${run.model}.`,
      {
        field: "deployment_name",
        remedy: "Name a deployment of this run's model, or leave deployment_name out: then one is made.",
        details: { deployment_name: name, model: model ?? null, run_model: run.model },
      },
    );
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

  /** What serves, where that is this very model by a passing verdict: an equal pipeline was faster. */
  async function servingByPass({ agent_id, run_id, deployment_name }: DeploymentKey) {
    const id = (await store.readPointer(agent_id))?.deployment_id;
    const one = typeof id === "string" ? await store.readDeployment(agent_id, id) : undefined;
    const isIt = one?.training_run_id === run_id && one.deployment_name === deployment_name;
    return isIt && one.verdict === "pass" ? bare(one) : undefined;
  }

  /** A model that was active and is no longer, or whose last try failed, is promoted under a new record. */
  async function isLeftBehind(what: DeploymentKey, one: Deployment): Promise<boolean> {
    if (what.key !== undefined || !isEndedDeployment(one)) return false;
    return (await store.readPointer(what.agent_id))?.deployment_id !== one.id;
  }

  async function prepare(
    input: PromoteRequest,
    caller: Caller = {},
    demanded?: "require",
  ): Promise<{ deployment: Deployment; existed: boolean; warnings: string[] }> {
    const { agent_id, run_id, evaluation_id, override_reason, approved_by, asked_by } = input;
    const run = await promotableRun(agent_id, run_id);
    const deployment_name = input.deployment_name ?? models?.nameOf(run) ?? run.model;
    const verdict = caller.byVerdict === true ? evaluation_id : undefined;
    const what = { agent_id, run_id, deployment_name, key: caller.idempotencyKey, verdict };
    // What was let through once is not judged again: the candidate itself may be what serves by now.
    const before =
      (await madeBefore(what)) ?? (verdict === undefined ? undefined : await servingByPass(what));
    if (before !== undefined) return { deployment: before, existed: true, warnings: gateWarnings(before) };
    const by = caller.principal ?? input.promoted_by;
    const unverified =
      input.deployment_name === undefined || (await isVerified(run, input.deployment_name))
        ? undefined
        : input.deployment_name;
    const findings = await gate.judge({
      run,
      evaluation_id,
      override_reason,
      promoted_by: by,
      approved_by,
      asked_by,
      mayOverride: caller.isOwner ?? true,
      demanded,
      unverified,
    });
    // An operator's own deployment is neither made nor removed by the app.
    const hosted = input.deployment_name === undefined ? await models?.ensure(run) : undefined;
    const record: Omit<OpenDeployment, "id"> = {
      type: "deployment",
      agent_id,
      training_run_id: run_id,
      dataset_id: run.dataset_id,
      tuned_model_name: run.model,
      deployment_name,
      ...(unverified === undefined ? {} : { deployment_unverified: true }),
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
  }

  return prepare;
}

/** What makes two requests for a promotion one. */
interface DeploymentKey {
  readonly agent_id: string;
  readonly run_id: string;
  readonly deployment_name: string;
  readonly key: string | undefined;
  readonly verdict: string | undefined;
}

const deploymentId = ({ agent_id, run_id, deployment_name, key, verdict }: DeploymentKey, attempt: number) =>
  hashedId("dep", [
    agent_id,
    run_id,
    deployment_name,
    key ?? attempt,
    ...(verdict === undefined ? [] : [verdict]),
  ]);
