/** How patiently a deployment is probed, in plain values: two orchestrators go by it. */

/** Probes before a deployment that does not answer is given up; with the back-off between them some eight minutes. */
export const PROBES = 12;

/** Milliseconds until the next probe, an exponential back-off: 2 s doubling to 1 min. */
export const probeAgainMs = (probe: number): number => Math.min(60_000, 2000 * 2 ** (probe - 1));

/** Azure Resource Manager calls it made, and it still answers DeploymentNotReady after all probes. */
export const NEVER_READY = {
  kind: "failed",
  code: "deployment_not_ready",
  message: `The deployment did not answer ${PROBES} probes.`,
} as const;
