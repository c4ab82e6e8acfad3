import { without } from "../../kernel/defined.ts";
import type { ComingHosted, FailedHosted, GoneHosted, Hosted, HostedFacts, ReadyHosted } from "./contract.ts";

/** The moves of something hosted, as pure functions from record to record. */

/** What it keeps whatever becomes of it. */
const factsOf = (one: Hosted): HostedFacts => without(one, "state", "error");

/** Asked for again after it did not answer; each who wants it may do that once. */
export const remade = (one: Hosted, wantedBy: string): ComingHosted => ({
  ...without(factsOf(one), "operation"),
  state: "requested",
  remade_for: wantedBy,
});

/** The request is about to leave; what is left of an earlier try goes. */
export const begun = (one: Hosted, requestedAt: string): ComingHosted => ({
  ...without(factsOf(one), "operation", "gone_at", "ready_at"),
  state: "provisioning",
  requested_at: requestedAt,
});

/** Azure makes it, under that operation. */
export const provisioning = (one: Hosted, operation: string): ComingHosted => ({
  ...factsOf(one),
  state: "provisioning",
  operation,
});

/** Azure says that it is made: to be probed, unless it has answered before. */
export function made(one: Hosted): ComingHosted | ReadyHosted {
  if (one.state === "ready") return without(one, "operation", "gone_at", "pruned");
  return { ...without(factsOf(one), "operation", "gone_at", "pruned"), state: "probing" };
}

/** It is at the provider although the ledger thought it gone. */
export const found = (one: Hosted): ComingHosted => ({ ...factsOf(one), state: "probing" });

/** It has answered. */
export const ready = (one: Hosted, at: string): ReadyHosted => ({
  ...without(factsOf(one), "gone_at"),
  state: "ready",
  ready_at: one.ready_at ?? at,
});

/** Its removal has begun. */
export const draining = (one: Hosted, at: string): GoneHosted => ({
  ...without(factsOf(one), "operation"),
  state: "draining",
  gone_at: at,
});

/** Seen gone: removed by this app, or by the provider. */
export const gone = (one: Hosted, state: "deleted" | "lost", at: string): GoneHosted => ({
  ...factsOf(one),
  state,
  gone_at: at,
});

export const failed = (one: Hosted, error: string): FailedHosted => ({
  ...without(factsOf(one), "operation"),
  state: "failed",
  error,
});
