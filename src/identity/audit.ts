import type { Settings } from "../config/settings.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { timeOrderedId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/logger.ts";
import { readPerson } from "../kernel/persons.ts";
import type { Condition, Ledger } from "../ledger/ledger.ts";
import { bare } from "../ledger/ledger.ts";
import type { AuditRecord, AuditWrite } from "./contract.ts";

/** Documents named in one record; an upload of episodes may write thousands. */
const MOST_WRITES = 20;

export type AuditEntry = Omit<
  AuditRecord,
  "id" | "type" | "agent_id" | "created_at" | "writes" | "writes_count" | "ttl"
>;
export interface AuditQuery {
  readonly agent_id: string;
  readonly start_date?: string | undefined;
  readonly end_date?: string | undefined;
  /** A name, or a name with an object id as records say it: `ada@example.com (0f3c…)`. */
  readonly who?: string | undefined;
  readonly operation?: string | undefined;
  readonly outcome?: string | undefined;
  readonly limit: number;
  readonly continuation?: string | undefined;
}

export type AuditLog = ReturnType<typeof createAuditLog>;

/**
 * The append-only record of who changed what, one record for a call and agent. Nothing here changes or removes a record
 * once its call is over; only its age does.
 */
export function createAuditLog(deps: {
  readonly ledger: Ledger;
  readonly settings: Pick<Settings, "auditTtlDays">;
  readonly clock: Clock;
  readonly logger: Logger;
}) {
  const { ledger, settings, clock, logger } = deps;
  const record = (agentId: string, entry: AuditEntry, writes: readonly AuditWrite[]): AuditRecord => {
    const now = clock.now();
    return {
      ...entry,
      id: timeOrderedId("aud", now),
      type: "audit",
      agent_id: agentId,
      created_at: toIso(now),
      writes: writes.slice(0, MOST_WRITES),
      writes_count: writes.length,
      ...(settings.auditTtlDays === 0 ? {} : { ttl: settings.auditTtlDays * 86_400 }),
    };
  };
  const stored = async (one: AuditRecord, store: () => Promise<unknown>): Promise<void> => {
    try {
      await store();
    } catch (thrown) {
      logger.error("an audit record could not be stored", {
        record: JSON.stringify(one),
        error: messageOf(thrown),
      });
    }
  };
  return {
    /** The audit record as `write` stores it, for a ledger that stores it in the transaction of the write it records. */
    record,

    /**
     * One record for each agent concerned. A fault here does not undo what was done, so it is no fault of the call:
     * the whole record goes to the log instead, at error level.
     */
    async write(agents: readonly string[], entry: AuditEntry, writes: readonly AuditWrite[]): Promise<void> {
      for (const agentId of agents) {
        const one = record(agentId, entry, writes);
        await stored(one, () => ledger.create("audit", one));
      }
    },

    /**
     * For a call that ended otherwise than `told`, its record made beforehand, says. Whether that is stored may be
     * unknown: the commit's acknowledgment can be lost. Then what it knows of the write is kept. Faults are met as in `write`.
     */
    async correct(told: AuditRecord, entry: AuditEntry, writes: readonly AuditWrite[]): Promise<void> {
      const one = { ...record(told.agent_id, entry, writes), id: told.id };
      await stored(one, async () => {
        const before = await ledger.read<AuditRecord>("audit", [told.agent_id], told.id);
        if (before === undefined) return ledger.create("audit", one);
        const known = writes.length > 0 ? {} : { writes: before.writes, writes_count: before.writes_count };
        const ids = { ...before.ids, ...one.ids };
        return ledger.replace("audit", { ...one, ...known, ids }, { ifMatch: before._etag });
      });
    },

    /** Newest first. */
    async list(query: AuditQuery): Promise<{ records: AuditRecord[]; continuation?: string }> {
      const { name, id } = query.who === undefined ? {} : readPerson(query.who);
      // By the id where it is given: a name may be changed, or be that of two.
      const asked = {
        who: id === undefined ? name : undefined,
        who_id: id,
        operation: query.operation,
        outcome: query.outcome,
      };
      const equal = Object.entries(asked).flatMap(([field, value]): Condition[] =>
        value === undefined ? [] : [{ field, op: "eq", value }],
      );
      const page = await ledger.query<AuditRecord>("audit", {
        pk: [query.agent_id],
        where: [
          ...equal,
          ...(query.start_date === undefined
            ? []
            : [{ field: "created_at", op: "gte", value: query.start_date } as const]),
          ...(query.end_date === undefined
            ? []
            : [{ field: "created_at", op: "lte", value: query.end_date } as const]),
        ],
        orderBy: { field: "created_at", direction: "desc" },
        limit: query.limit,
        after: query.continuation,
      });
      return {
        records: page.items.map((item) => bare(item) as AuditRecord),
        ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
      };
    },
  };
}
