/** A promotion's states, in plain values: the page and the orchestrators read them too, neither of which loads zod. */

export const OPEN_DEPLOYMENT_STATES = ["requested", "provisioning", "probing", "ready"] as const;
/** Final for the promotion; what serves now is the pointer's affair. */
const ENDED_DEPLOYMENT_STATES = ["active", "failed"] as const;
/** In the order of a promotion's life. Those that are neither open nor ended are derived when it is read, never stored. */
export const DEPLOYMENT_STATES = [
  ...OPEN_DEPLOYMENT_STATES,
  "active",
  "superseded",
  "failed",
  "draining",
  "deleted",
  "lost",
] as const;
export type DeploymentState = (typeof DEPLOYMENT_STATES)[number];
export type OpenDeploymentState = (typeof OPEN_DEPLOYMENT_STATES)[number];
export type EndedDeploymentState = (typeof ENDED_DEPLOYMENT_STATES)[number];

export const isEndedDeployment = <T extends { readonly state: string }>(
  deployment: T,
): deployment is T & { readonly state: EndedDeploymentState } =>
  (ENDED_DEPLOYMENT_STATES as readonly string[]).includes(deployment.state);

export const isOpenState = (state: string): state is OpenDeploymentState =>
  (OPEN_DEPLOYMENT_STATES as readonly string[]).includes(state);

export const isOpenDeployment = <T extends { readonly state: string }>(
  deployment: T,
): deployment is T & { readonly state: OpenDeploymentState } => isOpenState(deployment.state);

/** States of a model that is hosted at the provider, in the order of its life. */
export const HOSTED_STATES = [...OPEN_DEPLOYMENT_STATES, "draining", "deleted", "lost", "failed"] as const;
