import { z } from "zod";
import type { LedgerDocument } from "../ledger/ledger.ts";

/** One record of an agent that an orchestration works on, or is to work on. */
export interface Work {
  /** The record's type in the ledger: `dataset`, `run`, `evaluation`, `pipeline`. */
  readonly type: string;
  readonly id: string;
  /** When it was asked for; ISO 8601. */
  readonly at: string;
}

/**
 * What waits for what: trainings and the pipelines that hold them last for hours, most of which is waiting for a provider,
 * and must not keep builds and evaluations from their turn, nor those them.
 */
export type Line = "training" | "short";
/** The line of a record's type. */
export type LineOf = (type: string) => Line;

/**
 * What of an agent is at work and what waits for its turn, first come first: one document an agent, there only while
 * something is in it. It holds what was asked for at a door; the stages of a pipeline are part of the pipeline's work.
 */
export interface Workload extends LedgerDocument {
  readonly id: typeof WORKLOAD_ID;
  readonly type: "workload";
  readonly agent_id: string;
  readonly created_at: string;
  readonly at_work: readonly Work[];
  readonly waiting: readonly Work[];
}
export const WORKLOAD_ID = "workload";

/** What is told of an agent's workload. */
export const workloadSchema = z.object({
  at_work: z.number().int().meta({ description: "Pieces of the agent's work that are being worked on." }),
  waiting: z.number().int().meta({ description: "Asked for, and waiting for one of those to end." }),
  at_work_at_most: z.number().int().meta({
    description:
      "LIGHTNING_AT_WORK_PER_AGENT: of trainings and pipelines so many, and as many builds and evaluations; 0: as much as is asked for.",
  }),
});
export type WorkloadCounts = z.output<typeof workloadSchema>;
