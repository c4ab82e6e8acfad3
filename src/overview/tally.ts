import type { ContainerKey } from "../ledger/containers.ts";
import type { Ledger, LedgerDocument } from "../ledger/ledger.ts";
import { LIMITS } from "../ledger/limits.ts";

export interface Tally {
  readonly total: number;
  readonly byStatus: ReadonlyMap<string, number>;
}

/**
 * How many records of a type an agent has, in all and in each of these statuses; exact. What fits in a page is read, the
 * status alone: one request, where counts are one for each status. Of more, each is counted.
 */
export async function tally(
  ledger: Pick<Ledger, "query" | "count">,
  c: ContainerKey,
  agentId: string,
  type: string,
  statuses: readonly string[],
): Promise<Tally> {
  const pk = [agentId];
  const ofType = { field: "type", op: "eq", value: type } as const;
  const { items, continuation } = await ledger.query<LedgerDocument & { readonly status?: string }>(c, {
    pk,
    where: [ofType],
    select: ["status"],
    limit: LIMITS.queryLimit,
  });
  if (continuation === undefined) {
    const counted = (status: string) => items.filter((item) => item.status === status).length;
    return { total: items.length, byStatus: new Map(statuses.map((status) => [status, counted(status)])) };
  }
  const [total, ...counts] = await Promise.all([
    ledger.count(c, { pk, where: [ofType] }),
    ...statuses.map((status) =>
      ledger.count(c, { pk, where: [ofType, { field: "status", op: "eq", value: status }] }),
    ),
  ]);
  return { total, byStatus: new Map(statuses.map((status, n) => [status, counts[n] ?? 0])) };
}
