import type { Clock } from "../kernel/clock.ts";
import { type Condition, each, type Ledger, type Page, type Stored } from "../ledger/ledger.ts";
import { createOrReplace } from "../ledger/races.ts";
import type { WaitingReward, WaitingState } from "./waiting-contract.ts";

const inState = (state: WaitingState): Condition => ({ field: "state", op: "eq", value: state });
const WAITS = inState("waiting");
/** Values that one question of the ledger takes. */
const AT_ONCE = 100;
/** How long the sum of what waits is taken for true; what this process adds meanwhile is in it. */
const TALLY_MS = 10_000;

interface Tally {
  count: number;
  bytes: number;
}

export type WaitingStore = ReturnType<typeof createWaitingStore>;

/** What waiting rewards ask of the ledger. */
export function createWaitingStore(ledger: Ledger, clock: Pick<Clock, "now">) {
  const tallies = new Map<string, Tally & { readonly until: number }>();

  /** What an agent's waiting rewards come to, at most ten seconds ago where other processes add to them. */
  async function tally(agentId: string): Promise<Tally> {
    const known = tallies.get(agentId);
    if (known !== undefined && clock.now() < known.until) return known;
    const sum = { count: 0, bytes: 0, until: clock.now() + TALLY_MS };
    const query = { pk: [agentId], where: [WAITS], select: ["bytes"], limit: 1000 };
    for await (const { bytes } of each<WaitingReward>(ledger, "waitingRewards", query)) {
      sum.count++;
      sum.bytes += bytes;
    }
    tallies.set(agentId, sum);
    return sum;
  }

  return {
    tally,

    read: (agentId: string, id: string) => ledger.read<WaitingReward>("waitingRewards", [agentId], id),

    /** @throws a lost race when somebody else changed it since it was read */
    async write(
      seen: Stored<WaitingReward> | undefined,
      next: WaitingReward,
    ): Promise<Stored<WaitingReward>> {
      const stored = await createOrReplace(ledger, "waitingRewards", seen, next);
      const sum = tallies.get(next.agent_id);
      if (sum !== undefined && next.state === "waiting" && seen?.state !== "waiting") {
        sum.count++;
        sum.bytes += next.bytes;
      }
      if (next.state !== "waiting") tallies.delete(next.agent_id);
      return stored;
    },

    /** Those that wait for the episode of one name, newest first. */
    async awaiting(agentId: string, awaits: string): Promise<Stored<WaitingReward>[]> {
      const { items } = await ledger.query<WaitingReward>("waitingRewards", {
        pk: [agentId],
        where: [{ field: "awaits", op: "eq", value: awaits }, WAITS],
        orderBy: { field: "created_at", direction: "desc" },
        limit: AT_ONCE,
      });
      return items;
    },

    /** The ids of those that wait for any of these names, in the order in which they were said. */
    async *idsAwaiting(agentId: string, names: readonly string[]): AsyncGenerator<string> {
      for (let from = 0; from < names.length; from += AT_ONCE) {
        const query = {
          pk: [agentId],
          where: [{ field: "awaits", op: "in", value: names.slice(from, from + AT_ONCE) }, WAITS] as const,
          orderBy: { field: "created_at", direction: "asc" } as const,
          select: ["created_at"],
        };
        for await (const { id } of each<WaitingReward>(ledger, "waitingRewards", query)) yield id;
      }
    },

    /** Whether any reward of the agent waits. */
    async any(agentId: string): Promise<boolean> {
      const query = { pk: [agentId], where: [WAITS], select: ["created_at"], limit: 1 };
      return (await ledger.query<WaitingReward>("waitingRewards", query)).items.length > 0;
    },

    /** All that wait, of every agent, in the order in which they were said: for housekeeping. */
    async *all(): AsyncGenerator<Pick<WaitingReward, "agent_id" | "id">> {
      const query = {
        where: [WAITS],
        orderBy: { field: "created_at", direction: "asc" } as const,
        select: ["agent_id"],
      };
      yield* each<WaitingReward>(ledger, "waitingRewards", query);
    },

    /** Newest first. */
    page: (
      agentId: string,
      state: WaitingState | undefined,
      limit: number,
      after?: string,
    ): Promise<Page<WaitingReward>> =>
      ledger.query<WaitingReward>("waitingRewards", {
        pk: [agentId],
        where: state === undefined ? [] : [inState(state)],
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      }),
  };
}
