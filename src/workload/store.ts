import { type Clock, toIso } from "../kernel/clock.ts";
import { isKind } from "../kernel/errors.ts";
import { bare, each, type Ledger, type Stored } from "../ledger/ledger.ts";
import { createOrReplace, isLostRace, retryRaces } from "../ledger/races.ts";
import { WORKLOAD_ID, type Workload } from "./contract.ts";

/** Other instances of the app change the same document; within this one, changes of an agent go one after the other. */
const ATTEMPTS = 30;

/** Where workloads lie: with the other small state of the loop. */
const CONTAINER = "leases";

/** Reads and changes the workload of an agent. One with nothing in it has no document. */
export function createWorkloadStore({ ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock }) {
  /** The last change of each agent that is under way here. */
  const last = new Map<string, Promise<unknown>>();

  const stored = (agentId: string) => ledger.read<Workload>(CONTAINER, [agentId], WORKLOAD_ID);
  const empty = (agent_id: string): Workload => ({
    id: WORKLOAD_ID,
    type: "workload",
    agent_id,
    created_at: toIso(clock.now()),
    at_work: [],
    waiting: [],
  });

  async function write(seen: Stored<Workload> | undefined, next: Workload): Promise<void> {
    if (next.at_work.length + next.waiting.length > 0) await createOrReplace(ledger, CONTAINER, seen, next);
    else if (seen !== undefined)
      await ledger.delete(CONTAINER, [next.agent_id], WORKLOAD_ID, { ifMatch: seen._etag });
  }

  const changeOnce = (agentId: string, how: (load: Workload) => Workload): Promise<Workload> =>
    retryRaces(
      async () => {
        const seen = await stored(agentId);
        const before = seen === undefined ? empty(agentId) : bare(seen);
        const next = how(before);
        if (next !== before) await write(seen, next);
        return next;
      },
      // One that was emptied meanwhile is no longer there to be replaced.
      { attempts: ATTEMPTS, isRace: (thrown) => isLostRace(thrown) || isKind(thrown, "not_found") },
    );

  return {
    async read(agentId: string): Promise<Workload> {
      const seen = await stored(agentId);
      return seen === undefined ? empty(agentId) : bare(seen);
    },

    /** Changes it under if-match; `how` may run several times, and answers the same object where nothing changes. */
    change(agentId: string, how: (load: Workload) => Workload): Promise<Workload> {
      const before = last.get(agentId) ?? Promise.resolve();
      const mine = before.then(
        () => changeOnce(agentId, how),
        () => changeOnce(agentId, how),
      );
      last.set(agentId, mine);
      const forget = () => {
        if (last.get(agentId) === mine) last.delete(agentId);
      };
      mine.then(forget, forget);
      return mine;
    },

    /** Of every agent that has something at work or waiting. For housekeeping: it asks every partition. */
    async *all(): AsyncGenerator<Workload> {
      const where = [{ field: "id", op: "eq", value: WORKLOAD_ID } as const];
      for await (const one of each<Workload>(ledger, CONTAINER, { where })) yield bare(one);
    },
  };
}
