import type { Hosting } from "../../hosting/hosting.ts";
import { type Clock, toIso } from "../../kernel/clock.ts";
import type { Logger } from "../../kernel/logger.ts";
import type { Deployment } from "../contract.ts";
import { hindered } from "../moves.ts";
import { isOpenDeployment } from "../status.ts";
import type { DeploymentStore } from "../store.ts";
import type { Hosted, HostedRef } from "./contract.ts";
import { draining } from "./moves.ts";
import type { HostedRecord, Provisioned } from "./record.ts";
import { inactive, isGone, kept, rejectedSince } from "./rules.ts";
import type { HostedStore } from "./store.ts";

/** A quota is free some 15 to 20 s after what held it is gone (docs/facts.md#quota-after-removal). */
export const ROOM_AGAIN_SECONDS = 20;
const HOUR_MS = 3_600_000;
/** One removal makes room for one deployment; more than this means that something else is short. */
const MOST_PRUNED = 3;

export interface HostingRoomDeps {
  readonly hosted: HostedStore;
  readonly store: DeploymentStore;
  readonly record: HostedRecord;
  readonly hosting: Hosting;
  /** Names that settings point at: they stay. */
  readonly settled: readonly (string | undefined)[];
  /** How long a candidate stays that has not passed. */
  readonly removeCandidatesAfterHours: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The room that an account has for deployments: what is idle in it, removing, and what to do when it is full. */
export function createHostingRoom(deps: HostingRoomDeps) {
  const { hosted, store, record, hosting, settled, clock, logger } = deps;
  const patience = deps.removeCandidatesAfterHours * HOUR_MS;

  /** Names of candidates that have not passed, and whose time is over. */
  async function rejectedNames(all: readonly Hosted[]): Promise<Set<string>> {
    const names = new Set<string>();
    for (const { agent_id, training_run_id, deployment_name, requested_at, state } of all) {
      if (isGone(state)) continue;
      const since = rejectedSince(await hosted.evaluationsOf(agent_id, training_run_id));
      // Asked for again since: somebody is about to judge or to promote it.
      const last = Math.max(since ?? Number.NaN, Date.parse(requested_at));
      if (clock.now() - last >= patience) names.add(deployment_name);
    }
    return names;
  }

  /** What is there at the provider, made by this app, and needed by nobody, oldest first; and which were rejected. */
  async function look(olderThanMs: number): Promise<{ found: Hosted[]; names: ReadonlySet<string> }> {
    const there = new Set<string>();
    for await (const { name, state } of hosting.list()) if (state !== "Deleting") there.add(name);
    const all = (await hosted.all()).filter((one) => there.has(one.deployment_name));
    const holdings = await hosted.holdings(settled);
    const keep = kept(holdings);
    const names = await rejectedNames(all.filter((one) => !keep.has(one.deployment_name)));
    return { found: inactive(all, holdings, clock.now(), olderThanMs, names), names };
  }
  const idle = async (olderThanMs: number): Promise<Hosted[]> => (await look(olderThanMs)).found;

  /** Of what is idle the candidates that did not pass: only an evaluation wanted them, and its time is over. */
  async function rejected(): Promise<Hosted[]> {
    const { found, names } = await look(0);
    return found.filter(({ deployment_name }) => names.has(deployment_name));
  }

  /** Begins to remove it; it is seen gone later. */
  async function remove(one: Hosted, why: string): Promise<void> {
    await hosting.remove(one.deployment_name);
    logger.info("a deployment is removed", { deployment_name: one.deployment_name, why });
    await hosted.change(one.agent_id, one.id, (now) => draining(now, toIso(clock.now())));
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
      await record.set(ref, (now) => ({ ...now, pruned: [...pruned, oldest.deployment_name] }));
      await remove(oldest, "to make room");
      return { kind: "making", look_again_seconds: ROOM_AGAIN_SECONDS };
    }
    const names = candidates.map(({ deployment_name }) => deployment_name).slice(0, 10);
    const could =
      names.length === 0
        ? "None of this app's deployments is idle."
        : `Idle deployments that could go, oldest first: ${names.join(", ")}.`;
    await store.changeDeployment(ref.agent_id, ref.wanted_by, (now) =>
      hindered(now, { code: "deployment_quota", message, candidates: names }),
    );
    return record.fail("deployment_quota", ref, `${message} ${could}`);
  }

  return {
    idle,
    rejected,
    remove,
    noRoom,

    /** After a promotion failed: what it made costs by the hour, so it goes unless something else needs it. */
    release: async (deployment: Deployment): Promise<void> => {
      const { agent_id, hosted_id } = deployment;
      const one = hosted_id === undefined ? undefined : await hosted.read(agent_id, hosted_id);
      if (one === undefined || one.state === "requested" || isGone(one.state)) return;
      const isIts = (other: { readonly deployment_name: string | null }) =>
        other.deployment_name === one.deployment_name;
      const { pointers, deployments } = await hosted.holdings(settled);
      const needed =
        pointers.some((pointer) => isIts(pointer) || pointer.stack.some(isIts)) ||
        deployments.some((other) => isIts(other) && isOpenDeployment(other));
      if (!needed) await remove(one, "its promotion failed");
    },
  };
}
