import { noSuchRecord } from "../doors/no-such-record.ts";
import { sha256 } from "../kernel/hashing.ts";
import { bare, type Ledger, type Stored } from "../ledger/ledger.ts";
import { createOnce } from "../ledger/races.ts";
import { recordsOf } from "../ledger/records.ts";
import { RUNS, type TrainingRun } from "./contract.ts";
import type { RunStatus } from "./status.ts";

/** What an Idempotency-Key stood for. It lies beside the runs, with a type of its own. */
export interface RememberedKey {
  readonly id: string;
  readonly type: "idempotency";
  readonly agent_id: string;
  readonly parameters_sha256: string;
  readonly run_id: string;
  readonly attempt: number;
  readonly created_at: string;
}

/** What training asks of the ledger. */
export function createTrainingStore(ledger: Ledger) {
  const runs = recordsOf(ledger, RUNS);

  /** @throws not_found `run_not_found` */
  async function get(agentId: string, id: string): Promise<Stored<TrainingRun>> {
    const stored = await runs.read(agentId, id);
    if (stored === undefined) throw noSuchRecord("run", agentId, id);
    return stored;
  }

  const keyId = (key: string) => `idem-${sha256(key).slice(0, 32)}`;
  const readKey = (agentId: string, key: string) => ledger.read<RememberedKey>("runs", [agentId], keyId(key));

  return {
    read: runs.read,
    get,
    claim: runs.claim,
    createOnce: runs.createOnce,
    replace: runs.replace,

    /**
     * Reads, changes and writes under if-match, again when somebody was faster; undefined leaves it as it is.
     * @throws not_found `run_not_found`
     */
    update: async (
      agentId: string,
      id: string,
      change: (run: TrainingRun) => TrainingRun | undefined,
    ): Promise<TrainingRun> => (await runs.change(agentId, id, change)) ?? (await get(agentId, id)),

    /** Stores what the key stands for, or answers what it already stood for. */
    async rememberKey(
      agentId: string,
      key: string,
      facts: Omit<RememberedKey, "id" | "type" | "agent_id">,
    ): Promise<RememberedKey> {
      const wanted: RememberedKey = { id: keyId(key), type: "idempotency", agent_id: agentId, ...facts };
      const { record } = await createOnce(
        () => ledger.create("runs", wanted),
        () => readKey(agentId, key),
      );
      return bare(record);
    },
    readKey,

    /** The runs on one dataset record, one by one. */
    ofDataset: (agentId: string, datasetId: string) =>
      runs.each({ pk: [agentId], where: [{ field: "dataset_id", op: "eq", value: datasetId }] }),

    /** The failed ones that were created since, whoever's they are. For housekeeping: it asks every partition. */
    failedSince: (created_at: string) =>
      runs.each({
        where: [
          { field: "status", op: "eq", value: "failed" },
          { field: "created_at", op: "gte", value: created_at },
        ],
      }),

    /** By its id alone, whoever's it is. For housekeeping: it asks every partition. */
    async findRun(id: string): Promise<TrainingRun | undefined> {
      const page = await runs.page({ where: [{ field: "id", op: "eq", value: id }], limit: 1 });
      return page.items[0];
    },

    /** Newest first. */
    list: (
      agentId: string,
      options: { status?: RunStatus | undefined; limit: number; after?: string | undefined },
    ) =>
      runs.page({
        pk: [agentId],
        where: options.status === undefined ? [] : [{ field: "status", op: "eq", value: options.status }],
        orderBy: { field: "created_at", direction: "desc" },
        limit: options.limit,
        after: options.after,
      }),
  };
}
export type TrainingStore = ReturnType<typeof createTrainingStore>;
