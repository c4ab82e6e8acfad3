import type { Clock } from "../kernel/clock.ts";
import { sha256 } from "../kernel/hashing.ts";
import { personKey, personName } from "../kernel/persons.ts";
import type { BatchOperation, Condition, Ledger, LedgerDocument, Page, Stored } from "../ledger/ledger.ts";
import { bare, each } from "../ledger/ledger.ts";
import { createOrReplace, retryRaces, unlessKind } from "../ledger/races.ts";
import { rememberAnswers, rememberCounts } from "../ledger/remembered-counts.ts";
import { DEFAULT_RULES, type Reviewer, type ReviewItem, type ReviewRules } from "./contract.ts";
import { countReviewed, type Reviewed } from "./reviewed.ts";
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
export const reviewerId = (reviewer: string): string => reviewerIdAsSpelt(personKey(reviewer));
const reviewerIdAsSpelt = (reviewer: string): string => `reviewer-${sha256(reviewer).slice(0, 32)}`;

const isType = (type: string): Condition => ({ field: "type", op: "eq", value: type });

/** Each lost race is somebody else's change that got through. */
const ATTEMPTS = 100;

export type ReviewStore = ReturnType<typeof createReviewStore>;

/** What review asks of the ledger. */
export function createReviewStore(ledger: Ledger, clock: Pick<Clock, "now">) {
  const count = rememberCounts(ledger, clock);
  const rememberReviewed = rememberAnswers<Reviewed>(clock);

  async function all<T extends LedgerDocument>(agentId: string, where: readonly Condition[]) {
    const found: Stored<T>[] = [];
    for await (const one of each<T>(ledger, "reviews", { pk: [agentId], where })) found.push(one);
    return found;
  }

  /** Reads a document of the agent and writes what `how` makes of it, again when somebody else was faster. */
  const changeOne = <T extends LedgerDocument>(
    agentId: string,
    id: string,
    how: (found: Stored<T> | undefined) => T,
  ): Promise<T> =>
    retryRaces(
      async () => {
        const found = await ledger.read<T>("reviews", [agentId], id);
        const next = how(found);
        await createOrReplace(ledger, "reviews", found, next);
        return next;
      },
      { attempts: ATTEMPTS },
    );

  return {
    async rules(agentId: string): Promise<ReviewRules> {
      const found = await ledger.read<RulesDocument>("reviews", [agentId], "rules");
      return found === undefined ? DEFAULT_RULES : found.rules;
    },

    /** Makes new rules of those that stand; `how` runs again when somebody else changed them meanwhile. */
    changeRules(
      agentId: string,
      by: string | undefined,
      now: string,
      how: (before: ReviewRules) => ReviewRules,
    ): Promise<ReviewRules> {
      return changeOne<RulesDocument>(agentId, "rules", (found) => ({
        id: "rules",
        type: "review_rules",
        agent_id: agentId,
        rules: how(found?.rules ?? DEFAULT_RULES),
        created_at: now,
        ...(by === undefined ? {} : { changed_by: by }),
      })).then(({ rules }) => rules);
    },

    async tools(agentId: string): Promise<Set<string>> {
      const found = await ledger.read<ToolsDocument>("reviews", [agentId], "tools");
      return new Set(found?.names ?? []);
    },

    /** Adds tools to those that were seen. */
    async rememberTools(agentId: string, names: readonly string[], now: string): Promise<void> {
      const known = await this.tools(agentId);
      if (names.every((name) => known.has(name))) return;
      await changeOne<ToolsDocument>(agentId, "tools", (found) => ({
        id: "tools",
        type: "review_tools",
        agent_id: agentId,
        names: [...new Set([...(found?.names ?? []), ...names])].toSorted().slice(0, 2000),
        created_at: now,
      }));
    },

    item: (agentId: string, episodeId: string) =>
      ledger.read<ReviewItem>("reviews", [agentId], itemId(episodeId)),

    /**
     * Earlier versions kept a person by the name alone, or apart for every spelling of it. A name that is no address may
     * be that of two, who would then share one record.
     */
    async reviewer(agentId: string, reviewer: string): Promise<Stored<Reviewer> | undefined> {
      const name = personName(reviewer);
      const keys = [personKey(reviewer), ...(name.includes("@") ? [name] : []), reviewer];
      for (const id of new Set(keys.map(reviewerIdAsSpelt))) {
        const found = await ledger.read<Reviewer>("reviews", [agentId], id);
        if (found !== undefined) return found;
      }
      return undefined;
    },

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

    /** Episodes as far as the rules look at them, newest first. */
    candidates: (
      agentId: string,
      where: readonly Condition[],
      options: {
        readonly limit: number;
        readonly after?: string | undefined;
      },
    ): Promise<Page<Judged>> =>
      ledger.query<Judged>("episodes", {
        pk: [agentId],
        where,
        orderBy: { field: "created_at", direction: "desc" },
        select: JUDGED_FIELDS,
        limit: options.limit,
        after: options.after,
      }),

    /** Every episode with one of at most 100 sample keys. */
    async withSampleKeys(agentId: string, keys: readonly number[]): Promise<Judged[]> {
      const where: Condition[] = [{ field: "sample_key", op: "in", value: keys }];
      const found: Judged[] = [];
      for await (const one of each<Judged>(ledger, "episodes", {
        pk: [agentId],
        where,
        select: JUDGED_FIELDS,
        limit: 1000,
      }))
        found.push(one);
      return found;
    },

    countWithSampleKey: (agentId: string): Promise<number> =>
      count("episodes", { pk: [agentId], where: [{ field: "sample_key", op: "gte", value: 0 }] }),

    /** Episodes of earlier versions, the oldest, where they are found soonest. */
    withoutSampleKey: async (agentId: string, limit: number): Promise<Judged[]> =>
      (
        await ledger.query<Judged>("episodes", {
          pk: [agentId],
          where: [{ field: "sample_key", op: "defined", value: false }],
          orderBy: { field: "created_at", direction: "asc" },
          select: JUDGED_FIELDS,
          limit,
        })
      ).items,

    setSampleKey: (agentId: string, id: string, key: number): Promise<boolean> =>
      unlessKind(
        ledger.patch("episodes", [agentId, id], id, [{ op: "set", field: "sample_key", value: key }]),
        "not_found",
      ),

    /** Items that somebody has in hand. */
    leased: (agentId: string, now: string): Promise<Stored<ReviewItem>[]> =>
      all<ReviewItem>(agentId, [isType("review_item"), { field: "leased_until", op: "gt", value: now }]),

    /** Items with a correction, newest first. */
    corrected: (agentId: string, limit: number, after?: string): Promise<Page<ReviewItem>> =>
      ledger.query<ReviewItem>("reviews", {
        pk: [agentId],
        where: [isType("review_item"), { field: "corrected", op: "eq", value: true }],
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      }),

    reviewers: (agentId: string): Promise<Reviewer[]> => all<Reviewer>(agentId, [isType("reviewer")]),

    countEpisodes: (agentId: string): Promise<number> => count("episodes", { pk: [agentId] }),

    /** Of the episodes that are there: how many, how many were reviewed to the end, how many bear a correction. */
    async counts(agentId: string, rules: ReviewRules) {
      const key = JSON.stringify([agentId, rules.reviewers_per_episode]);
      const [episodes, reviewed] = await Promise.all([
        this.countEpisodes(agentId),
        rememberReviewed(key, () => countReviewed(ledger, this, agentId, rules)),
      ]);
      return { episodes, ...reviewed };
    },
  };
}
