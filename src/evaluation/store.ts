import type { Dataset } from "../datasets/contract.ts";
import { isLightningError } from "../kernel/errors.ts";
import { changeRecord } from "../ledger/change-record.ts";
import { bare, type Ledger, type Page } from "../ledger/ledger.ts";
import type { TrainingRun } from "../training/contract.ts";
import type { Evaluation } from "./contract.ts";

/** What evaluations ask of the ledger. */
export function createEvaluationStore(ledger: Ledger) {
  async function read(agentId: string, id: string): Promise<Evaluation | undefined> {
    const stored = await ledger.read<Evaluation>("evaluations", [agentId], id);
    return stored?.type === "evaluation" ? bare(stored) : undefined;
  }

  return {
    read,

    /** Creates the record unless it exists; answers the one that is there. */
    async create(evaluation: Evaluation): Promise<{ record: Evaluation; existed: boolean }> {
      try {
        return { record: bare(await ledger.create("evaluations", evaluation)), existed: false };
      } catch (thrown) {
        if (!isLightningError(thrown) || thrown.kind !== "conflict") throw thrown;
        const record = await read(evaluation.agent_id, evaluation.id);
        if (record === undefined) throw thrown;
        return { record, existed: true };
      }
    },

    change: (agentId: string, id: string, change: (evaluation: Evaluation) => Evaluation | undefined) =>
      changeRecord<Evaluation>(ledger, "evaluations", { type: "evaluation", agent_id: agentId, id }, change),

    /** Newest first. */
    list: (
      agentId: string,
      runId: string | undefined,
      limit: number,
      after?: string,
    ): Promise<Page<Evaluation>> =>
      ledger.query<Evaluation>("evaluations", {
        pk: [agentId],
        where: [
          { field: "type", op: "eq", value: "evaluation" },
          ...(runId === undefined ? [] : [{ field: "run_id", op: "eq", value: runId } as const]),
        ],
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      }),

    async readRun(agentId: string, id: string): Promise<TrainingRun | undefined> {
      const stored = await ledger.read<TrainingRun>("runs", [agentId], id);
      return stored?.type === "run" ? stored : undefined;
    },
    async readDataset(agentId: string, id: string): Promise<Dataset | undefined> {
      const stored = await ledger.read<Dataset>("datasets", [agentId], id);
      return stored?.type === "dataset" ? stored : undefined;
    },
  };
}
