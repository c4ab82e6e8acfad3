import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { Dataset } from "../datasets/contract.ts";
import type { Deployment } from "../deployments/contract.ts";
import { defineOperation } from "../doors/operation.ts";
import { agentOr, idSchema, storedTimeSchema } from "../doors/schemas.ts";
import { MONITORED_KINDS, type MonitoredKind, POLL_SECONDS, RECORDS_AT } from "../doors/status-monitor.ts";
import type { Evaluation } from "../evaluation/contract.ts";
import type { Pipeline } from "../pipelines/contract.ts";
import type { Rescan } from "../rescans/contract.ts";
import type { TrainingRun } from "../training/contract.ts";

/** The status words of the Azure REST guidelines, which stock pollers know. */
const OPERATION_STATUSES = ["NotStarted", "Running", "Succeeded", "Failed", "Canceled"] as const;
type OperationStatus = (typeof OPERATION_STATUSES)[number];
type Words<Status extends string> = Readonly<Record<Status, OperationStatus>>;

interface Records {
  datasets: Dataset;
  runs: TrainingRun;
  evaluations: Evaluation;
  deployments: Deployment;
  pipelines: Pipeline;
  rescans: Rescan;
}
interface Statuses {
  datasets: Dataset["status"];
  runs: TrainingRun["status"];
  evaluations: Evaluation["status"];
  deployments: Deployment["state"];
  pipelines: Pipeline["status"];
  rescans: Rescan["status"];
}

/** What each status of each kind of record is in those words. */
export const STATUS_WORDS: { readonly [Kind in MonitoredKind]: Words<Statuses[Kind]> } = {
  datasets: { pending: "NotStarted", building: "Running", ready: "Succeeded", failed: "Failed" },
  runs: {
    pending: "NotStarted",
    running: "Running",
    succeeded: "Succeeded",
    failed: "Failed",
    cancelled: "Canceled",
  },
  evaluations: { pending: "NotStarted", running: "Running", finished: "Succeeded", failed: "Failed" },
  deployments: {
    requested: "NotStarted",
    provisioning: "Running",
    probing: "Running",
    ready: "Running",
    active: "Succeeded",
    failed: "Failed",
  },
  pipelines: {
    pending: "NotStarted",
    running: "Running",
    waiting_for_approval: "Running",
    finished: "Succeeded",
    failed: "Failed",
  },
  rescans: {
    pending: "NotStarted",
    running: "Running",
    finished: "Succeeded",
    cancelled: "Canceled",
    failed: "Failed",
  },
};

export const operationStatusSchema = z.object({
  id: idSchema,
  kind: z.enum(MONITORED_KINDS),
  agent_id: z.string(),
  status: z.enum(OPERATION_STATUSES),
  record_status: z.string().meta({ description: "The record's own word for it, which may be more exact." }),
  created_at: storedTimeSchema,
  completed_at: storedTimeSchema.optional(),
  resource_location: z
    .string()
    .meta({ description: "Where the record is read: a reference relative to this address." }),
  error: z
    .object({ code: z.string(), message: z.string() })
    .optional()
    .meta({ description: "Why, of one that failed." }),
});
type Told = z.input<typeof operationStatusSchema>;
/** A record in the terms that all kinds share; `code` stands for the failures that have none of their own. */
interface Seen<Status extends string> {
  readonly status: Status;
  readonly completed_at?: string | undefined;
  readonly failure: { readonly code: string; readonly message?: string | undefined };
}

const SEEN: { readonly [Kind in MonitoredKind]: (record: Records[Kind]) => Seen<Statuses[Kind]> } = {
  datasets: ({ status, completed_at, error, error_code = "build_failed" }) => ({
    status,
    completed_at,
    failure: { code: error_code, message: error },
  }),
  runs: ({ status, completed_at, error }) => ({
    status,
    completed_at,
    failure: { code: error?.code ?? "job_failed", message: error?.message },
  }),
  evaluations: ({ status, completed_at, error }) => ({
    status,
    completed_at,
    failure: { code: "evaluation_failed", message: error },
  }),
  deployments: ({ state, promoted_at, error, failure }) => ({
    status: state,
    completed_at: promoted_at,
    failure: { code: failure?.code ?? "promotion_failed", message: error },
  }),
  pipelines: ({ status, completed_at, error }) => ({
    status,
    completed_at,
    failure: { code: "pipeline_failed", message: error },
  }),
  rescans: ({ status, completed_at, error, error_code = "rescan_failed" }) => ({
    status,
    completed_at,
    failure: { code: error_code, message: error },
  }),
};

/** How each kind of record is read. @throws LightningError not_found of the kind: `run_not_found`, … */
type Readers = {
  readonly [Kind in MonitoredKind]: (agentId: string, id: string) => Promise<Records[Kind]>;
};

async function look<Kind extends MonitoredKind>(
  kind: Kind,
  readers: Readers,
  agentId: string,
  id: string,
): Promise<Told & { readonly kind: Kind }> {
  const record = await readers[kind](agentId, id);
  const { status: own, completed_at, failure } = SEEN[kind](record);
  const isCancelled = failure.code === "build_cancelled";
  const status = isCancelled ? "Canceled" : STATUS_WORDS[kind][own];
  const { code, message = "The record does not say why." } = failure;
  return {
    id,
    kind,
    agent_id: agentId,
    status,
    record_status: own,
    created_at: record.created_at,
    ...(completed_at === undefined ? {} : { completed_at }),
    resource_location: `../..${RECORDS_AT[kind]}${id}?agent_id=${encodeURIComponent(agentId)}`,
    ...(status === "Failed" ? { error: { code, message } } : {}),
  };
}

/** The status monitor: how the work behind a 202 stands, in one form and in the same words for every kind. */
export function operationStatusOperations({
  readers,
  settings,
}: {
  readonly readers: Readers;
  readonly settings: Pick<Settings, "agentId">;
}) {
  return [
    defineOperation({
      name: "getOperationStatus",
      summary: "Shows how the work behind a 202 stands, in the status words of the Azure REST guidelines.",
      input: z.strictObject({
        agent_id: agentOr(settings.agentId),
        kind: z.enum(MONITORED_KINDS).meta({ description: "What the work's record is." }),
        id: idSchema.meta({ description: "The record's id." }),
      }),
      output: operationStatusSchema,
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/operations/{kind}/{id}" },
      answers: { headers: { "Retry-After": "Seconds until it is worth asking again; absent at the end." } },
      example: { agent_id: "mcp-agents", kind: "runs", id: "run-xyz789" },
      async run({ agent_id, kind, id }) {
        const body = await look(kind, readers, agent_id, id);
        const isUnderWay = body.status === "NotStarted" || body.status === "Running";
        return { body, ...(isUnderWay ? { headers: { "retry-after": String(POLL_SECONDS) } } : {}) };
      },
    }),
  ];
}
