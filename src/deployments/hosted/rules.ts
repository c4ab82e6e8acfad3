import type { Evaluation } from "../../evaluation/contract.ts";
import { isEndedEvaluation } from "../../evaluation/status.ts";
import { sha256 } from "../../kernel/hashing.ts";
import type { Deployment, Pointer } from "../contract.ts";
import { isOpenDeployment } from "../status.ts";
import type { GoneHosted, Hosted } from "./contract.ts";

/** Azure takes letters, digits and `-`, at most 64 (docs/facts.md#deployment-names). */
const LONGEST_AGENT = 40;
/** A new deployment may be wanted by an evaluation that is still under way. */
const YOUNG_MS = 24 * 3_600_000;

/** The one name that a run's model has at the provider: asking again can only meet what is there. */
export function hostedName(agentId: string, runId: string): string {
  const agent = agentId
    .replaceAll(/[^A-Za-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, LONGEST_AGENT);
  return `${agent || "agent"}-${sha256(`${agentId} ${runId}`).slice(0, 16)}`;
}
export const hostedId = (name: string): string => `hosted-${name}`;

/** It is not at the provider any more, or is on its way out. */
export const isGone = (state: Hosted["state"]): state is GoneHosted["state"] =>
  state === "draining" || state === "deleted" || state === "lost";

/** What of the ledger decides whether something hosted may go. */
export interface Holdings {
  readonly pointers: readonly Pick<Pointer, "deployment_name" | "stack">[];
  readonly deployments: readonly Pick<Deployment, "deployment_name" | "state">[];
  /** Names that settings point at. */
  readonly settled: readonly (string | undefined)[];
}

/** Names that must stay: what serves, what served right before it, what is being promoted, what the settings name. */
export function kept({ pointers, deployments, settled }: Holdings): Set<string> {
  const names = new Set<string>();
  for (const { deployment_name, stack } of pointers) {
    if (deployment_name !== null) names.add(deployment_name);
    const before = stack.findLast((one) => one.deployment_name !== deployment_name);
    if (before !== undefined) names.add(before.deployment_name);
  }
  for (const one of deployments) if (isOpenDeployment(one)) names.add(one.deployment_name);
  for (const one of settled) if (one !== undefined) names.add(one);
  return names;
}

/**
 * When the newest evaluation of a candidate ended, which it did not pass; undefined while one is under way, after one
 * that passed, and for a model that nobody judged. An older pass says nothing once the model was judged anew.
 */
export function rejectedSince(
  evaluations: readonly Pick<Evaluation, "status" | "result" | "completed_at">[],
): number | undefined {
  if (evaluations.some((one) => !isEndedEvaluation(one))) return undefined;
  const newest = evaluations.toSorted((a, b) =>
    (a.completed_at ?? "") < (b.completed_at ?? "") ? 1 : -1,
  )[0];
  if (newest === undefined || newest.result?.verdict === "pass") return undefined;
  return Date.parse(newest.completed_at ?? "");
}

/** Hosted models that nobody needs, oldest first. `rejected`: names of candidates whose time after the verdict is over. */
export function inactive(
  hosted: readonly Hosted[],
  holdings: Holdings,
  nowMs: number,
  olderThanMs = 0,
  rejected: ReadonlySet<string> = new Set(),
): Hosted[] {
  const keep = kept(holdings);
  const served = new Set(
    holdings.deployments.filter((one) => one.state === "active").map((one) => one.deployment_name),
  );
  return hosted
    .filter(({ state, deployment_name: name, requested_at }) => {
      if (keep.has(name) || isGone(state)) return false;
      const age = nowMs - Date.parse(requested_at);
      return age >= olderThanMs && (served.has(name) || rejected.has(name) || age >= YOUNG_MS);
    })
    .toSorted((a, b) => (a.requested_at < b.requested_at ? -1 : a.requested_at > b.requested_at ? 1 : 0));
}
