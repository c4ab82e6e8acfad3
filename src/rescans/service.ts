import { noSuchRecord } from "../doors/no-such-record.ts";
import type { Files } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { conflict } from "../kernel/errors.ts";
import { timeOrderedId } from "../kernel/ids.ts";
import { bare, type Ledger } from "../ledger/ledger.ts";
import { recordsOf } from "../ledger/records.ts";
import type { PolicyOf } from "../redaction/policy.ts";
import { RESCANNED, RESCANS, type Rescan, type Rescanned, type Tally } from "./contract.ts";
import { countOf } from "./pages.ts";
import { isEndedRescan, OPEN_RESCAN_STATUSES } from "./status.ts";

export type RescanService = ReturnType<typeof createRescanService>;

/** The verbs of re-scans. The work itself is the orchestration `rescanEpisodes`, under the re-scan's id. */
export function createRescanService({
  ledger,
  files,
  clock,
  policyOf,
}: {
  readonly ledger: Ledger;
  readonly files: Files;
  readonly clock: Clock;
  readonly policyOf: PolicyOf;
}) {
  const records = recordsOf(ledger, RESCANS);

  async function get(agentId: string, id: string): Promise<Rescan> {
    const found = await records.read(agentId, id);
    if (found === undefined) throw noSuchRecord("rescan", agentId, id);
    return bare(found);
  }

  async function underWay(agentId: string): Promise<Rescan | undefined> {
    const where = [{ field: "status", op: "in", value: [...OPEN_RESCAN_STATUSES] } as const];
    const { items } = await records.page({ pk: [agentId], where, limit: 100 });
    // One that is about to be cancelled takes up nothing more.
    const running = items.find((one) => one.cancel_requested !== true);
    return running === undefined ? undefined : bare(running);
  }

  return {
    get,

    /** Makes the record and starts nothing; one that is under way is answered, as it takes up newer rules by itself. */
    async prepare(
      agentId: string,
      by: string | undefined,
      before?: (id: string) => Promise<void>,
    ): Promise<Rescan> {
      const running = await underWay(agentId);
      if (running !== undefined) return running;
      const [{ version }, ...counts] = await Promise.all([
        policyOf(agentId),
        ...RESCANNED.map((what) => countOf({ ledger, files }, agentId, what)),
      ]);
      const now = clock.now();
      const rescan: Rescan = defined({
        id: timeOrderedId("rescan", now),
        type: "rescan" as const,
        agent_id: agentId,
        status: "pending" as const,
        redaction_version: version,
        requested_by: by,
        scanning: RESCANNED[0],
        tallies: Object.fromEntries(
          RESCANNED.map((what, i) => [what, { of: counts[i] ?? 0, read: 0, changed: 0, failed: 0 }]),
        ) as Record<Rescanned, Tally>,
        counts: {},
        failures: [],
        stale_datasets: [],
        created_at: toIso(now),
      });
      await before?.(rescan.id);
      const { record } = await records.createOnce(rescan);
      return bare(record);
    },

    /** The newest by the rules of this version that is under way or finished. */
    async by(agentId: string, version: string): Promise<Rescan | undefined> {
      const { items } = await records.page({
        pk: [agentId],
        where: [{ field: "status", op: "in", value: [...OPEN_RESCAN_STATUSES, "finished"] }],
        orderBy: { field: "created_at", direction: "desc" },
        limit: 20,
      });
      const found = items.find((one) => one.redaction_version === version && one.cancel_requested !== true);
      return found === undefined ? undefined : bare(found);
    },

    /** Newest first. */
    async list(agentId: string, limit: number, after?: string) {
      const page = await records.page({
        pk: [agentId],
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      });
      return { rescans: page.items.map((one) => bare(one)), continuation: page.continuation };
    },

    /** Asks for its end; what it has changed stays. @throws conflict `rescan_finished` */
    async cancel(agentId: string, id: string): Promise<Rescan> {
      const changed = await records.change(agentId, id, (rescan) => {
        if (rescan.cancel_requested === true) return undefined;
        if (isEndedRescan(rescan))
          throw conflict("rescan_finished", `The re-scan has already ended: it is ${rescan.status}.`, {
            field: "rescan_id",
          });
        return { ...rescan, cancel_requested: true };
      });
      return changed ?? get(agentId, id);
    },
  };
}
