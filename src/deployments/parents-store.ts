import { DATASETS } from "../datasets/contract.ts";
import { EVALUATIONS, type Evaluation } from "../evaluation/contract.ts";
import type { Ledger, Stored } from "../ledger/ledger.ts";
import { recordsOf } from "../ledger/records.ts";
import { RUNS, type TrainingRun } from "../training/contract.ts";

/** What deployments read of the stages before them: the runs, evaluations and datasets that a model comes from. */
export function createParentsStore(ledger: Ledger) {
  const runs = recordsOf(ledger, RUNS);
  const datasets = recordsOf(ledger, DATASETS);
  const evaluations = recordsOf(ledger, EVALUATIONS);

  return {
    readRun: runs.read,
    readDataset: datasets.read,
    readEvaluation: evaluations.read,

    /** The newest finished evaluation of a run. */
    async newestEvaluation(agentId: string, runId: string): Promise<Stored<Evaluation> | undefined> {
      const page = await evaluations.page({
        pk: [agentId],
        where: [
          { field: "run_id", op: "eq", value: runId },
          { field: "status", op: "eq", value: "finished" },
        ],
        orderBy: { field: "created_at", direction: "desc" },
        limit: 1,
      });
      return page.items[0];
    },

    runsOfDataset: (agentId: string, datasetId: string): AsyncGenerator<Stored<TrainingRun>> =>
      runs.each({ pk: [agentId], where: [{ field: "dataset_id", op: "eq", value: datasetId }] }),

    evaluationsWith: (
      agentId: string,
      field: "run_id" | "dataset_id",
      id: string,
    ): AsyncGenerator<Stored<Evaluation>> =>
      evaluations.each({ pk: [agentId], where: [{ field, op: "eq", value: id }] }),
  };
}
