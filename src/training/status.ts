/** A run's statuses, in plain values: the page, the SDK and the orchestrators read them too, none of which load zod. */

export const OPEN_RUN_STATUSES = ["pending", "running"] as const;
/** Final: a run that has one of these changes by reconciling alone. */
export const ENDED_RUN_STATUSES = ["succeeded", "failed", "cancelled"] as const;
/** The five words of the design; a run's `state` beside it is the exact one. */
export const RUN_STATUSES = [...OPEN_RUN_STATUSES, ...ENDED_RUN_STATUSES] as const;

export type RunStatus = (typeof RUN_STATUSES)[number];
export type EndedRunStatus = (typeof ENDED_RUN_STATUSES)[number];

export const isEndedRun = <T extends { readonly status: string }>(
  run: T,
): run is T & { readonly status: EndedRunStatus } =>
  (ENDED_RUN_STATUSES as readonly string[]).includes(run.status);
