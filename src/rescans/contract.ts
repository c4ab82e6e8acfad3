import { z } from "zod";
import type { Claim, ClaimInput, FailInput, RecordRef } from "../doors/claim.ts";
import { type Orchestration, recordInstance } from "../doors/orchestration.ts";
import { idSchema, storedTimeSchema, takenUpSchema } from "../doors/schemas.ts";
import type { RecordKind } from "../ledger/records.ts";
import { OPEN_RESCAN_STATUSES, RESCAN_STATUSES } from "./status.ts";

/** What is looked through, in this order; answers are those that are kept under idempotency keys. */
export const RESCANNED = ["episodes", "parts", "rewards", "waiting_rewards", "answers", "datasets"] as const;
export type Rescanned = (typeof RESCANNED)[number];

const tallySchema = z.object({
  of: z.number().int().meta({ description: "How many there were when it began." }),
  read: z.number().int().meta({ description: "How many it has looked at." }),
  changed: z.number().int().meta({
    description: "In how many something was found and replaced; of datasets: in how many it was found.",
  }),
  failed: z.number().int().meta({ description: "How many could not be looked at or written." }),
});
export type Tally = z.output<typeof tallySchema>;

export const rescanSchema = z.object({
  id: idSchema,
  type: z.literal("rescan"),
  agent_id: z.string(),
  status: z.enum(RESCAN_STATUSES),
  error: z.string().optional(),
  error_code: z.string().optional(),
  redaction_version: z.string().meta({ description: "The redaction that everything is held to." }),
  requested_by: z.string().optional(),
  claimed_by: z.string().optional(),
  taken_up: takenUpSchema.optional(),
  cancel_requested: z.boolean().optional(),
  awaited_place: z.string().optional().meta({
    description:
      "The place in the feed of episodes up to which they have to be scored before any is changed.",
  }),
  begun_again_at: storedTimeSchema
    .optional()
    .meta({ description: "When rules that were changed meanwhile were taken up: the wait begins anew." }),
  scanning: z.enum(RESCANNED).meta({ description: "What it is looking through." }),
  after: z.string().optional().meta({ description: "The continuation of the last page there." }),
  tallies: z.record(z.enum(RESCANNED), tallySchema),
  counts: z.record(z.string(), z.number().int()).meta({ description: "What was found, by kind." }),
  failures: z.array(z.string()).meta({ description: "The first that could not be looked at, and why." }),
  stale_datasets: z.array(idSchema).meta({
    description: "Datasets whose files hold what is found now; the first hundred.",
  }),
  created_at: storedTimeSchema,
  completed_at: storedTimeSchema.optional(),
});
export type Rescan = z.output<typeof rescanSchema>;

export const RESCANS: RecordKind<Rescan> = {
  container: "pipelines",
  type: "rescan",
  complete: (document) => document as Rescan,
  underWay: { field: "status", values: OPEN_RESCAN_STATUSES },
};

export interface RescanResult {
  readonly status: Rescan["status"];
  readonly error?: string | undefined;
}
export const RESCAN_EPISODES: Orchestration<"rescanEpisodes", RecordRef, RescanResult> = {
  name: "rescanEpisodes",
  instanceId: recordInstance,
};

/** What a page left the re-scan in. */
export interface RescanProgress {
  readonly done: boolean;
  /** It has begun again by newer rules, and waits as it did at first. */
  readonly waits?: true;
  readonly scanning: Rescanned;
  readonly read: number;
  readonly changed: number;
}

/** The durable steps of `rescanEpisodes`; each can run again without harm. */
export interface RescanActivities {
  claimRescan(input: ClaimInput): Promise<Claim>;
  readRescanStatus(input: RecordRef): Promise<RescanResult>;
  /** Whether every process goes by the new rules, and the feeds have scored what was recorded before. */
  isRescanReady(input: RecordRef): Promise<{ ready: boolean }>;
  /** Looks through some pages from where the record says, and writes down how far it came. */
  rescanPages(input: RecordRef): Promise<RescanProgress>;
  finishRescan(input: RecordRef): Promise<RescanResult>;
  failRescan(input: FailInput): Promise<null>;
}
