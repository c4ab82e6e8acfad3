import type { HostRequest } from "../../hosting/hosting.ts";
import type { DeploymentActivities } from "../contract.ts";
import { cameTo } from "../moves.ts";
import type { DeploymentStore } from "../store.ts";
import type { Hosted, HostedRef } from "./contract.ts";
import { failed } from "./moves.ts";
import type { HostedStore } from "./store.ts";

export type Provisioned = Awaited<ReturnType<DeploymentActivities["provisionHosted"]>>;
export type Probed = Awaited<ReturnType<DeploymentActivities["probeHosted"]>>;
type Failed = Extract<Provisioned, { kind: "failed" }>;

/** Asking again cannot help before somebody has done something. */
const FINAL = new Set([
  "permission_missing",
  "hosting_rejected",
  "hosting_account_missing",
  "deployment_quota",
]);

export const requestOf = (one: Hosted): HostRequest => ({
  name: one.deployment_name,
  model: one.tuned_model_name,
  format: one.format,
  sku: one.sku,
  capacity: one.capacity,
});

export type HostedRecord = ReturnType<typeof createHostedRecord>;

/** The record of something hosted as its steps work on it, and of the promotion that waits for it. */
export function createHostedRecord({
  hosted,
  store,
}: {
  readonly hosted: HostedStore;
  readonly store: DeploymentStore;
}) {
  const set = (ref: HostedRef, move: (one: Hosted) => Hosted) => hosted.change(ref.agent_id, ref.id, move);

  return {
    set,

    get: async (ref: HostedRef): Promise<Hosted> => {
      const found = await hosted.read(ref.agent_id, ref.id);
      if (found === undefined) throw new Error(`There is nothing hosted under ${ref.id}.`);
      return found;
    },

    /** Shows on the promotion's own record how far it is. */
    tell: async (ref: HostedRef, state: "provisioning" | "probing" | "ready"): Promise<void> => {
      await store.changeDeployment(ref.agent_id, ref.wanted_by, (one) => cameTo(one, state));
    },

    fail: async (code: string, ref: HostedRef, message: string): Promise<Failed> => {
      await set(ref, (one) => failed(one, `${code}: ${message}`));
      return { kind: "failed", code, message, remake: !FINAL.has(code) };
    },
  };
}
