/** An evaluation's statuses, in plain values: the page and the orchestrators read them too, neither of which loads zod. */

export const OPEN_EVALUATION_STATUSES = ["pending", "running"] as const;
/** Final. */
const ENDED_EVALUATION_STATUSES = ["finished", "failed"] as const;
export const EVALUATION_STATUSES = [...OPEN_EVALUATION_STATUSES, ...ENDED_EVALUATION_STATUSES] as const;

export type EndedEvaluationStatus = (typeof ENDED_EVALUATION_STATUSES)[number];

export const isEndedEvaluation = <T extends { readonly status: string }>(
  evaluation: T,
): evaluation is T & { readonly status: EndedEvaluationStatus } =>
  (ENDED_EVALUATION_STATUSES as readonly string[]).includes(evaluation.status);
