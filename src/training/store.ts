import { noSuchRecord } from "../doors/no-such-record.ts";
import { isLightningError } from "../kernel/errors.ts";
import { sha256 } from "../kernel/hashing.ts";
import { changeRecord } from "../ledger/change-record.ts";
import { bare, type Ledger, type Stored } from "../ledger/ledger.ts";
import { type RunStatus, type TrainingRun, trainingRunSchema } from "./contract.ts";

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

/** Members that are undefined are removed from the record. */
export type RunChange = { readonly [K in keyof TrainingRun]?: TrainingRun[K] | undefined };

/** What training asks of the ledger. */
export function createTrainingStore(ledger: Ledger) {
  async function read(agentId: string, id: string): Promise<Stored<TrainingRun> | undefined> {
    const stored = await ledger.read<TrainingRun>("runs", [agentId], id);
    if (stored?.type !== "run") return undefined;
    return { ...trainingRunSchema.parse(bare(stored)), _etag: stored._etag, _ts: stored._ts };
  }

  /** @throws not_found `run_not_found` */
  async function get(agentId: string, id: string): Promise<Stored<TrainingRun>> {
    const stored = await read(agentId, id);
    if (stored === undefined) throw noSuchRecord("run", agentId, id);
    return stored;
  }

  /** Writes only over the very state that was read. @throws precondition */
  async function replace(stored: Stored<TrainingRun>, change: RunChange): Promise<Stored<TrainingRun>> {
    const next = changed(bare(stored), change);
    return await ledger.replace("runs", next, { ifMatch: stored._etag });
  }

  return {
    read,
    get,
    replace,

    /**
     * Reads, changes and writes under if-match, again when somebody was faster; undefined leaves it as it is.
     * @throws not_found `run_not_found`
     */
    async update(
      agentId: string,
      id: string,
      change: (run: TrainingRun) => RunChange | undefined,
    ): Promise<TrainingRun> {
      const key = { type: "run", agent_id: agentId, id } as const;
      const run = await changeRecord<TrainingRun>(ledger, "runs", key, (now) => {
        const wanted = change(now);
        return wanted === undefined ? undefined : changed(now, wanted);
      });
      return run ?? (await get(agentId, id));
    },

    /** Creates the record if there is none. */
    async createOnce(run: TrainingRun): Promise<{ run: Stored<TrainingRun>; existed: boolean }> {
      try {
        return { run: await ledger.create("runs", run), existed: false };
      } catch (error) {
        if (!isLightningError(error) || error.kind !== "conflict") throw error;
        return { run: await get(run.agent_id, run.id), existed: true };
      }
    },

    /** Stores what the key stands for, or answers what it already stood for. */
    async rememberKey(
      agentId: string,
      key: string,
      facts: Omit<RememberedKey, "id" | "type" | "agent_id">,
    ): Promise<RememberedKey> {
      const id = `idem-${sha256(key).slice(0, 32)}`;
      const wanted: RememberedKey = { id, type: "idempotency", agent_id: agentId, ...facts };
      try {
        return bare(await ledger.create("runs", wanted));
      } catch (error) {
        if (!isLightningError(error) || error.kind !== "conflict") throw error;
        return (await ledger.read<RememberedKey>("runs", [agentId], id)) ?? wanted;
      }
    },
    readKey: (agentId: string, key: string) =>
      ledger.read<RememberedKey>("runs", [agentId], `idem-${sha256(key).slice(0, 32)}`),

    /** By its id alone, whoever's it is. For housekeeping: it asks every partition. */
    async findRun(id: string): Promise<TrainingRun | undefined> {
      const page = await ledger.query<TrainingRun>("runs", {
        where: [
          { field: "type", op: "eq", value: "run" },
          { field: "id", op: "eq", value: id },
        ],
        limit: 1,
      });
      return page.items[0];
    },

    /** Newest first. */
    list: (
      agentId: string,
      options: { status?: RunStatus | undefined; limit: number; after?: string | undefined },
    ) =>
      ledger.query<TrainingRun>("runs", {
        pk: [agentId],
        where: [
          { field: "type", op: "eq", value: "run" },
          ...(options.status === undefined
            ? []
            : [{ field: "status", op: "eq", value: options.status } as const]),
        ],
        orderBy: { field: "created_at", direction: "desc" },
        limit: options.limit,
        after: options.after,
      }),
  };
}
export type TrainingStore = ReturnType<typeof createTrainingStore>;

function changed(run: TrainingRun, change: RunChange): TrainingRun {
  return Object.fromEntries(
    Object.entries({ ...run, ...change }).filter(([, value]) => value !== undefined),
  ) as TrainingRun;
}
