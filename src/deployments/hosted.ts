import { type Catalog, UNKNOWN } from "../catalog/catalog.ts";
import type { Settings } from "../config/settings.ts";
import type { Hosting, HostProgress, HostRequest } from "../hosting/hosting.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { invalid, isLightningError, messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Provider } from "../provider/provider.ts";
import type { TrainingRun } from "../training/contract.ts";
import type { Deployment, DeploymentActivities, Hosted, HostedRef } from "./contract.ts";
import { hostedId, hostedName, inactive } from "./hosted-rules.ts";
import type { HostedStore } from "./hosted-store.ts";
import { probe } from "./probe.ts";
import type { DeploymentStore } from "./store.ts";

export interface HostedDeps {
  readonly hosted: HostedStore;
  readonly store: DeploymentStore;
  readonly hosting: Hosting;
  readonly catalog: Pick<Catalog, "facts">;
  readonly provider: Pick<Provider, "chat">;
  readonly settings: Pick<
    Settings,
    "deploymentSku" | "deploymentCapacity" | "baseModelDeployment" | "tunedModelDeploymentName"
  >;
  readonly clock: Clock;
  readonly logger: Logger;
}
type Provisioned = Awaited<ReturnType<DeploymentActivities["provisionHosted"]>>;
type Probed = Awaited<ReturnType<DeploymentActivities["probeHosted"]>>;
type Failed = Extract<Provisioned, { kind: "failed" }>;

/** Azure makes a deployment in minutes; one that takes longer than this will not come. */
const PATIENCE_MS = 2 * 3_600_000;
const LOOK_AGAIN_SECONDS = 10;
/** A quota is free some 15 to 20 s after what held it is gone (docs/facts.md#quota-after-removal). */
const ROOM_AGAIN_SECONDS = 20;
/** One removal makes room for one deployment; more than this means that something else is short. */
const MOST_PRUNED = 3;
/** Asking again cannot help before somebody has done something. */
const FINAL = new Set([
  "permission_missing",
  "hosting_rejected",
  "hosting_account_missing",
  "deployment_quota",
]);

export type HostedModels = ReturnType<typeof createHostedModels>;

/** Makes tuned models callable and takes them away again, one step at a time; every step can run again. */
export function createHostedModels(deps: HostedDeps) {
  const { hosted, store, hosting, provider, settings, clock, logger } = deps;
  const now = () => toIso(clock.now());

  const requestOf = (one: Hosted): HostRequest => ({
    name: one.deployment_name,
    model: one.tuned_model_name,
    format: one.format,
    sku: one.sku,
    capacity: one.capacity,
  });

  async function get(ref: HostedRef): Promise<Hosted> {
    const found = await hosted.read(ref.agent_id, ref.id);
    if (found === undefined) throw new Error(`There is nothing hosted under ${ref.id}.`);
    return found;
  }
  const set = (ref: HostedRef, change: Partial<Hosted>, drop: readonly (keyof Hosted)[] = []) =>
    hosted.change(ref.agent_id, ref.id, (one) => without({ ...one, ...change }, drop));

  /** Shows on the promotion's own record how far it is. */
  async function tell(ref: HostedRef, state: "provisioning" | "probing" | "ready"): Promise<void> {
    await store.changeDeployment(ref.agent_id, ref.wanted_by, (one) =>
      one.state === "active" || one.state === "failed" || one.state === state ? undefined : { ...one, state },
    );
  }

  async function fail(code: string, ref: HostedRef, message: string): Promise<Failed> {
    await set(ref, { state: "failed", error: `${code}: ${message}` }, ["operation"]);
    return { kind: "failed", code, message, remake: !FINAL.has(code) };
  }

  const settled = [settings.baseModelDeployment, settings.tunedModelDeploymentName];

  /** What is there at the provider, made by this app, and needed by nobody; oldest first. */
  async function idle(olderThanMs: number): Promise<Hosted[]> {
    const there = new Set<string>();
    for await (const { name, state } of hosting.list()) if (state !== "Deleting") there.add(name);
    const holdings = await hosted.holdings(settled);
    return inactive(await hosted.all(), holdings, clock.now(), olderThanMs).filter((one) =>
      there.has(one.deployment_name),
    );
  }

  /** Makes room where the promotion asked for that, else tells what could go. */
  async function noRoom(ref: HostedRef, one: Hosted, message: string): Promise<Provisioned> {
    const pruned = one.pruned ?? [];
    // What was removed for this one still holds its place for some seconds.
    for (const name of pruned)
      if ((await hosting.read(name)) !== undefined)
        return { kind: "making", look_again_seconds: ROOM_AGAIN_SECONDS };
    const candidates = (await idle(0)).filter(
      ({ deployment_name }) => deployment_name !== one.deployment_name,
    );
    const deployment = await store.readDeployment(ref.agent_id, ref.wanted_by);
    const oldest = candidates[0];
    if (deployment?.prune === "oldest_inactive" && oldest !== undefined && pruned.length < MOST_PRUNED) {
      await set(ref, { pruned: [...pruned, oldest.deployment_name] });
      await remove(oldest, "to make room");
      return { kind: "making", look_again_seconds: ROOM_AGAIN_SECONDS };
    }
    const names = candidates.map(({ deployment_name }) => deployment_name);
    const could =
      names.length === 0
        ? "None of this app's deployments is idle."
        : `Idle deployments that could go, oldest first: ${names.slice(0, 10).join(", ")}.`;
    await store.changeDeployment(ref.agent_id, ref.wanted_by, (record) =>
      record.state === "failed"
        ? undefined
        : { ...record, failure: { code: "deployment_quota", message, candidates: names.slice(0, 10) } },
    );
    return fail("deployment_quota", ref, `${message} ${could}`);
  }

  /** Begins to remove it; it is seen gone later. */
  async function remove(one: Hosted, why: string): Promise<void> {
    await hosting.remove(one.deployment_name);
    logger.info("a deployment is removed", { deployment_name: one.deployment_name, why });
    await hosted.change(one.agent_id, one.id, (record) =>
      without({ ...record, state: "draining", gone_at: now() }, ["operation"]),
    );
  }

  /** Asks the provider for the deployment. What was asked for is in the ledger before the request leaves. */
  async function begin(ref: HostedRef, one: Hosted): Promise<Provisioned> {
    // One try began with its first request; repeating it does not make it younger.
    const requested_at = one.state === "provisioning" ? one.requested_at : now();
    await set(ref, { state: "provisioning", requested_at }, ["operation", "error", "gone_at", "ready_at"]);
    return follow(ref, one, () => hosting.begin(requestOf(one)));
  }

  async function follow(ref: HostedRef, one: Hosted, ask: () => Promise<HostProgress>): Promise<Provisioned> {
    let progress: HostProgress;
    try {
      progress = await ask();
    } catch (thrown) {
      if (!isLightningError(thrown)) throw thrown;
      if (thrown.code === "deployment_quota") return noRoom(ref, one, thrown.message);
      if (thrown.kind !== "unavailable") return fail(thrown.code, ref, told(thrown.message, thrown.remedy));
      logger.warn("Azure Resource Manager did not take a request", { error: messageOf(thrown) });
      return making(one, (thrown.retryAfterMs ?? 0) / 1000);
    }
    switch (progress.kind) {
      case "made":
        await set(ref, { state: one.state === "ready" ? "ready" : "probing" }, [
          "operation",
          "error",
          "gone_at",
          "pruned",
        ]);
        await tell(ref, "probing");
        return { kind: "made" };
      case "failed":
        if (progress.code === "deployment_quota") return noRoom(ref, one, progress.message);
        return fail(progress.code, ref, progress.message);
      case "making":
        if (progress.operation !== undefined && progress.operation !== one.operation)
          await set(ref, { state: "provisioning", operation: progress.operation });
        return making(one);
      case "absent":
      case "removing":
        return making(one, ROOM_AGAIN_SECONDS);
    }
  }
  const making = (one: Hosted, seconds = 0): Provisioned => {
    const age = (clock.now() - Date.parse(one.requested_at)) / 1000;
    return {
      kind: "making",
      look_again_seconds: Math.min(60, Math.max(LOOK_AGAIN_SECONDS, seconds, age / 10)),
    };
  };

  return {
    hosted,

    /** What a call names once the run's model is hosted. */
    nameOf: (run: Pick<TrainingRun, "agent_id" | "id">): string => hostedName(run.agent_id, run.id),

    /** The record of a run's model as something hosted; nothing is asked of the provider. @throws invalid `model_format_unknown` */
    async ensure(run: TrainingRun & { readonly model: string }): Promise<Hosted> {
      const { format } = await deps.catalog.facts(run.base_model);
      if (format === UNKNOWN)
        throw invalid(
          "model_format_unknown",
          `No dated source says how Azure Resource Manager spells the maker of ${run.base_model}.`,
          { field: "run_id", remedy: "Make the deployment yourself and promote with deployment_name." },
        );
      const name = hostedName(run.agent_id, run.id);
      const at = now();
      return hosted.ensure({
        id: hostedId(name),
        type: "hosted",
        agent_id: run.agent_id,
        deployment_name: name,
        training_run_id: run.id,
        tuned_model_name: run.model,
        format,
        sku: settings.deploymentSku,
        capacity: settings.deploymentCapacity,
        state: "requested",
        requested_at: at,
        created_at: at,
      });
    },

    async provision(ref: HostedRef): Promise<Provisioned> {
      const one = await get(ref);
      await tell(ref, "provisioning");
      const request = requestOf(one);
      const isOurs = one.state === "provisioning";
      const late = isOurs && clock.now() - Date.parse(one.requested_at) > PATIENCE_MS;
      const giveUp = () =>
        fail(
          "provisioning_timeout",
          ref,
          `The deployment was not made within ${PATIENCE_MS / 3_600_000} hours.`,
        );
      let seen: HostProgress;
      try {
        seen = await hosting.look(request, one.operation);
      } catch (thrown) {
        const answer = await follow(ref, one, async () => {
          throw thrown;
        });
        return late && answer.kind === "making" ? giveUp() : answer;
      }
      // What is left of an earlier try says nothing about this one.
      if (late && seen.kind !== "made") return giveUp();
      if (seen.kind === "absent" || (seen.kind === "failed" && !isOurs)) return begin(ref, one);
      return follow(ref, one, () => Promise.resolve(seen));
    },

    async probe(ref: HostedRef): Promise<Probed> {
      const one = await get(ref);
      const answer = await probe(provider, one.deployment_name);
      if (answer.kind === "failed") return { ...answer, remake: true };
      if (answer.kind !== "ready") return { kind: "not_ready" };
      await set(ref, { state: "ready", ready_at: one.ready_at ?? now() }, ["error", "gone_at"]);
      await tell(ref, "ready");
      return { kind: "ready" };
    },

    /** Once for each who wants it: a step that runs again finds it done. */
    async remake(ref: HostedRef): Promise<null> {
      const one = await get(ref);
      if (one.remade_for === ref.wanted_by) return null;
      await hosting.remove(one.deployment_name);
      logger.warn("a deployment that does not answer is made anew", { deployment_name: one.deployment_name });
      await set(ref, { state: "requested", remade_for: ref.wanted_by }, ["operation"]);
      return null;
    },

    idle,
    remove,

    /** After a promotion failed: what it made costs by the hour, so it goes unless something else needs it. */
    async release(deployment: Deployment): Promise<void> {
      const one =
        deployment.hosted_id === undefined
          ? undefined
          : await hosted.read(deployment.agent_id, deployment.hosted_id);
      if (one === undefined || ["requested", "draining", "deleted", "lost"].includes(one.state)) return;
      const holdings = await hosted.holdings([
        settings.baseModelDeployment,
        settings.tunedModelDeploymentName,
      ]);
      const needed =
        holdings.pointers.some(
          (pointer) =>
            pointer.deployment_name === one.deployment_name ||
            pointer.stack.some((below) => below.deployment_name === one.deployment_name),
        ) ||
        holdings.deployments.some(
          (other) =>
            other.deployment_name === one.deployment_name && !["active", "failed"].includes(other.state),
        );
      if (!needed) await remove(one, "its promotion failed");
    },
  };
}

const told = (message: string, remedy: string | undefined) =>
  remedy === undefined ? message : `${message} ${remedy}`;

/** The record without these fields: a ledger holds no undefined. */
function without(one: Hosted, fields: readonly (keyof Hosted)[]): Hosted {
  const gone = new Set<string>(fields);
  return Object.fromEntries(
    Object.entries(one).filter(([field, value]) => value !== undefined && !gone.has(field)),
  ) as Hosted;
}
