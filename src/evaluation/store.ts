import { DATASETS, type Dataset } from "../datasets/contract.ts";
import type { Ledger, Page } from "../ledger/ledger.ts";
import { recordsOf } from "../ledger/records.ts";
import { RUNS, type TrainingRun } from "../training/contract.ts";
import { EVALUATIONS, type Evaluation } from "./contract.ts";

/** What evaluations ask of the ledger. */
export function createEvaluationStore(ledger: Ledger) {
  const evaluations = recordsOf(ledger, EVALUATIONS);
  const runs = recordsOf(ledger, RUNS);
  const datasets = recordsOf(ledger, DATASETS);
  const { read, createOnce, change, claim } = evaluations;

  return {
    read,
    createOnce,
    change,
    claim,

    /** Newest first. */
    list: (
      agentId: string,
      runId: string | undefined,
      limit: number,
      after?: string,
    ): Promise<Page<Evaluation>> =>
      evaluations.page({
        pk: [agentId],
        where: runId === undefined ? [] : [{ field: "run_id", op: "eq", value: runId }],
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      }),

    readRun: (agentId: string, id: string): Promise<TrainingRun | undefined> => runs.read(agentId, id),
    readDataset: (agentId: string, id: string): Promise<Dataset | undefined> => datasets.read(agentId, id),
  };
}
