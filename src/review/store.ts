import type { Clock } from "../kernel/clock.ts";
import { sha256 } from "../kernel/hashing.ts";
import type { BatchOperation, Condition, Ledger, Page, Stored } from "../ledger/ledger.ts";
import { bare } from "../ledger/ledger.ts";
import { rememberCounts } from "../ledger/remembered-counts.ts";
import { DEFAULT_RULES, type Reviewer, type ReviewItem, type ReviewRules } from "./contract.ts";
import { JUDGED_FIELDS, type Judged } from "./rules.ts";

interface RulesDocument {
  readonly id: "rules";
  readonly type: "review_rules";
  readonly agent_id: string;
  readonly rules: ReviewRules;
  readonly changed_by?: string | undefined;
  readonly created_at: string;
}
/** Tools that reviewers have seen, so that a new one stands out. */
interface ToolsDocument {
  readonly id: "tools";
  readonly type: "review_tools";
  readonly agent_id: string;
  readonly names: readonly string[];
  readonly created_at: string;
}

export const itemId = (episodeId: string): string => `item-${episodeId}`;
/** A person's name may hold anything; an id may not. */
export const reviewerId = (reviewer: string): string => `reviewer-${sha256(reviewer).slice(0, 32)}`;

const isType = (type: string): Condition => ({ field: "type", op: "eq", value: type });

export type ReviewStore = ReturnType<typeof createReviewStore>;

/** What review asks of the ledger. */
export function createReviewStore(ledger: Ledger, clock: Pick<Clock, "now">) {
  const count = rememberCounts(ledger, clock);
  return {
    async rules(agentId: string): Promise<ReviewRules> {
      const found = await ledger.read<RulesDocument>("reviews", [agentId], "rules");
      return found === undefined ? DEFAULT_RULES : found.rules;
    },

    async setRules(agentId: string, rules: ReviewRules, by: string | undefined, now: string): Promise<void> {
      const document: RulesDocument = {
        id: "rules",
        type: "review_rules",
        agent_id: agentId,
        rules,
        created_at: now,
        ...(by === undefined ? {} : { changed_by: by }),
      };
      await ledger.upsert("reviews", document);
    },

    async tools(agentId: string): Promise<Set<string>> {
      const found = await ledger.read<ToolsDocument>("reviews", [agentId], "tools");
      return new Set(found?.names ?? []);
    },

    /** Adds tools to those that were seen; a name lost in a race is only offered once more. */
    async rememberTools(agentId: string, names: readonly string[], now: string): Promise<void> {
      const known = await this.tools(agentId);
      const all = new Set([...known, ...names]);
      if (all.size === known.size) return;
      const document: ToolsDocument = {
        id: "tools",
        type: "review_tools",
        agent_id: agentId,
        names: [...all].toSorted().slice(0, 2000),
        created_at: now,
      };
      await ledger.upsert("reviews", document);
    },

    item: (agentId: string, episodeId: string) =>
      ledger.read<ReviewItem>("reviews", [agentId], itemId(episodeId)),

    reviewer: (agentId: string, reviewer: string) =>
      ledger.read<Reviewer>("reviews", [agentId], reviewerId(reviewer)),

    /** The items of at most 100 episodes, by episode. */
    async items(agentId: string, episodeIds: readonly string[]): Promise<Map<string, Stored<ReviewItem>>> {
      if (episodeIds.length === 0) return new Map();
      const { items } = await ledger.query<ReviewItem>("reviews", {
        pk: [agentId],
        where: [{ field: "id", op: "in", value: episodeIds.map(itemId) }],
        limit: 100,
      });
      return new Map(items.map((item) => [item.episode_id, item]));
    },

    /**
     * Item and reviewer change together or not at all.
     * @throws a lost race (`isLostRace`) when somebody else changed either meanwhile: read both again
     */
    async save(
      agentId: string,
      changes: readonly {
        readonly from: Stored<ReviewItem | Reviewer> | undefined;
        readonly to: ReviewItem | Reviewer;
      }[],
    ): Promise<void> {
      const operations = changes.map(({ from, to }): BatchOperation => {
        const document = JSON.parse(JSON.stringify(bare(to))) as ReviewItem | Reviewer;
        return from === undefined
          ? { op: "create", document }
          : { op: "replace", document, ifMatch: from._etag };
      });
      await ledger.batch("reviews", [agentId], operations);
    },

    /** Episodes as far as the rules look at them, newest first unless asked otherwise. */
    candidates: (
      agentId: string,
      where: readonly Condition[],
      options: {
        readonly limit: number;
        readonly oldestFirst?: boolean;
        readonly after?: string | undefined;
      },
    ): Promise<Page<Judged>> =>
      ledger.query<Judged>("episodes", {
        pk: [agentId],
        where,
        orderBy: { field: "created_at", direction: options.oldestFirst ? "asc" : "desc" },
        select: JUDGED_FIELDS,
        limit: options.limit,
        after: options.after,
      }),

    /** Items that somebody has in hand, the lease that ends first in front. */
    async leased(agentId: string, now: string): Promise<Stored<ReviewItem>[]> {
      const { items } = await ledger.query<ReviewItem>("reviews", {
        pk: [agentId],
        where: [isType("review_item"), { field: "leased_until", op: "gt", value: now }],
        limit: 200,
      });
      return items;
    },

    /** Items with a correction, newest first. */
    corrected: (agentId: string, limit: number, after?: string): Promise<Page<ReviewItem>> =>
      ledger.query<ReviewItem>("reviews", {
        pk: [agentId],
        where: [isType("review_item"), { field: "corrected", op: "eq", value: true }],
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      }),

    async reviewers(agentId: string): Promise<Reviewer[]> {
      const { items } = await ledger.query<Reviewer>("reviews", {
        pk: [agentId],
        where: [isType("reviewer")],
        limit: 200,
      });
      return items.map((one) => bare(one) as Reviewer);
    },

    async counts(agentId: string, now: string) {
      const pk = [agentId];
      const item = isType("review_item");
      const [episodes, done, reserved, corrections] = await Promise.all([
        count("episodes", { pk }),
        ledger.count("reviews", { pk, where: [item, { field: "status", op: "eq", value: "done" }] }),
        ledger.count("reviews", { pk, where: [item, { field: "leased_until", op: "gt", value: now }] }),
        ledger.count("reviews", { pk, where: [item, { field: "corrected", op: "eq", value: true }] }),
      ]);
      return { episodes, done, reserved, corrections };
    },
  };
}
