import { DATASETS, type Dataset } from "../datasets/contract.ts";
import { each, type Ledger, type Page } from "../ledger/ledger.ts";
import { recordsOf } from "../ledger/records.ts";
import { RUNS, type TrainingRun } from "../training/contract.ts";
import { EVALUATIONS, type Evaluation } from "./contract.ts";

interface NamedRun {
  readonly id: string;
  readonly agent_id: string;
  readonly tuned_model_name?: string;
}

export type EvaluationStore = ReturnType<typeof createEvaluationStore>;

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

    /**
     * The run that made a model, whichever agent's it is: a query over all agents' runs, some dozens an agent, of which
     * it reads the models' names alone.
     */
    async runOfModel(model: string): Promise<TrainingRun | undefined> {
      const query = {
        where: [
          { field: "type", op: "eq", value: RUNS.type },
          { field: "status", op: "eq", value: "succeeded" },
        ],
        select: ["agent_id", "tuned_model_name"],
      } as const;
      for await (const one of each<NamedRun>(ledger, RUNS.container, query))
        if (one.tuned_model_name === model) return runs.read(one.agent_id, one.id);
      return undefined;
    },

    readRun: (agentId: string, id: string): Promise<TrainingRun | undefined> => runs.read(agentId, id),
    readDataset: (agentId: string, id: string): Promise<Dataset | undefined> => datasets.read(agentId, id),
  };
}
