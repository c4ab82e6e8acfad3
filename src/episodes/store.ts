import type { BulkResult, Condition, Ledger, Page, PatchOperation, Stored } from "../ledger/ledger.ts";
import type { Episode } from "./contract.ts";
import { shortened } from "./odd/values.ts";

export interface EpisodeFilter {
  readonly agentId: string;
  /** RFC 3339 UTC, inclusive, on `created_at`. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly minReward?: number | undefined;
  readonly sessionId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly responseId?: string | undefined;
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
  readonly ending?: string | undefined;
  readonly errorBy?: string | undefined;
  readonly model?: string | undefined;
  readonly toolName?: string | undefined;
  /** The hash of a part in a file. */
  readonly part?: string | undefined;
}

function where(filter: EpisodeFilter): Condition[] {
  const conditions: Condition[] = [];
  const add = (condition: Condition | false) => condition && conditions.push(condition);
  add(filter.from !== undefined && { field: "created_at", op: "gte", value: filter.from });
  add(filter.until !== undefined && { field: "created_at", op: "lte", value: filter.until });
  add(filter.minReward !== undefined && { field: "reward_avg", op: "gte", value: filter.minReward });
  const same = (field: string, value: string | undefined) =>
    add(value !== undefined && { field, op: "eq", value });
  /** A name as episodes hold it. */
  const named = (field: string, value: string | undefined) =>
    same(field, value === undefined ? undefined : shortened(value));
  named("session_id", filter.sessionId);
  named("correlation_id", filter.correlationId);
  named("response_id", filter.responseId);
  named("trace_id", filter.traceId);
  named("span_id", filter.spanId);
  same("ending", filter.ending);
  same("error_by", filter.errorBy);
  add(filter.model !== undefined && { field: "model_deployment", op: "eq", value: filter.model });
  add(
    filter.toolName !== undefined && {
      field: "tool_names",
      op: "contains",
      value: shortened(filter.toolName),
    },
  );
  add(filter.part !== undefined && { field: "parts", op: "contains", value: filter.part });
  return conditions;
}

export type EpisodeStore = ReturnType<typeof createEpisodeStore>;

/** What episodes ask of the ledger, in their own words. */
export function createEpisodeStore(ledger: Ledger) {
  return {
    /** Each on its own; one whose id exists fails with conflict `document_exists`. */
    createAll: (episodes: readonly Episode[]): Promise<BulkResult[]> =>
      ledger.bulk("episodes", "create", episodes),
    find: (agentId: string, id: string): Promise<Stored<Episode> | undefined> =>
      ledger.read<Episode>("episodes", [agentId, id], id),
    /** Newest first. */
    page: (filter: EpisodeFilter, limit: number, after?: string): Promise<Page<Episode>> =>
      ledger.query<Episode>("episodes", {
        pk: [filter.agentId],
        where: where(filter),
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      }),
    /** Their ids alone, newest first. */
    async ids(filter: EpisodeFilter, limit: number): Promise<string[]> {
      const { items } = await ledger.query<Pick<Episode, "id">>("episodes", {
        pk: [filter.agentId],
        where: where(filter),
        orderBy: { field: "created_at", direction: "desc" },
        select: ["created_at"],
        limit,
      });
      return items.map(({ id }) => id);
    },
    /** Changes fields of one episode, of that version if one is named. @throws precondition, not_found */
    patch: (agentId: string, id: string, operations: readonly PatchOperation[], ifMatch?: string) =>
      ledger.patch<Episode>(
        "episodes",
        [agentId, id],
        id,
        operations,
        ifMatch === undefined ? {} : { ifMatch },
      ),
  };
}
