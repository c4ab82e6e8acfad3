import type { Answers } from "./operation.ts";

/** How often somebody who follows work is asked to come, in seconds: what it costs to read one record. */
export const POLL_SECONDS = 5;

/** Where the record of each kind of long operation is read, under `/api/lightning`, but for its id. */
export const RECORDS_AT = {
  datasets: "/datasets/",
  runs: "/training/",
  evaluations: "/evaluations/",
  deployments: "/lineage/deployments/",
  pipelines: "/pipelines/",
  rescans: "/redaction/rescans/",
} as const;
export type MonitoredKind = keyof typeof RECORDS_AT;
export const MONITORED_KINDS = Object.keys(RECORDS_AT) as [MonitoredKind, ...MonitoredKind[]];

/** Of a row that answers 202 while it works on a record of this kind; `field` of its answer is the record's id. */
export function monitored(kind: MonitoredKind, field: string): Answers {
  return { later: `${RECORDS_AT[kind]}{${field}}`, monitor: `/operations/${kind}/{${field}}` };
}
