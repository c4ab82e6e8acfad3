import { without } from "../kernel/defined.ts";
import type { ActiveDeployment, Deployment, DeploymentFacts, FailedDeployment } from "./contract.ts";
import { isEndedDeployment, type OpenDeploymentState } from "./status.ts";

/** The moves of a promotion, as pure functions from record to record; undefined: there is nothing to move. */

/** What a promotion keeps whatever becomes of it. */
const factsOf = (deployment: Deployment): DeploymentFacts =>
  without(deployment, "state", "error", "failure", "promoted_at");

/** Taken up by an orchestration instance. */
export const claimed = (deployment: Deployment, instanceId: string): Deployment => ({
  ...deployment,
  claimed_by: instanceId,
});

/** How far it is on its way; one that has ended stays as it is. */
export const cameTo = (deployment: Deployment, state: OpenDeploymentState): Deployment | undefined =>
  isEndedDeployment(deployment) || deployment.state === state ? undefined : { ...deployment, state };

/** Something is in its way: the promotion fails of it unless somebody acts. */
export const hindered = (
  deployment: Deployment,
  failure: NonNullable<FailedDeployment["failure"]>,
): Deployment | undefined => (isEndedDeployment(deployment) ? undefined : { ...deployment, failure });

/** @param doubt what speaks against it by now, beside what was known when it was asked for */
export const active = (deployment: Deployment, at: string, doubt?: string): ActiveDeployment => ({
  ...factsOf(deployment),
  ...(doubt === undefined ? {} : { gate_doubts: [...(deployment.gate_doubts ?? []), doubt] }),
  state: "active",
  promoted_at: at,
});

/** What was found in its way before stays with it where that is why it failed. */
export function failed(deployment: Deployment, code: string, message: string): Deployment | undefined {
  if (isEndedDeployment(deployment)) return undefined;
  const known = deployment.failure?.code === code ? deployment.failure : {};
  return {
    ...factsOf(deployment),
    state: "failed",
    error: `${code}: ${message}`,
    failure: { ...known, code, message },
  };
}
