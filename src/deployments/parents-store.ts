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

    /** Every agent's: who made a model is asked by its name, on which there is no index. */
    succeededRuns: (): AsyncGenerator<Stored<TrainingRun>> =>
      runs.each({ where: [{ field: "status", op: "eq", value: "succeeded" }] }),

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
