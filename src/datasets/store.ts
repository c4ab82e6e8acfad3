import type { Episode } from "../episodes/contract.ts";
import { isLightningError } from "../kernel/errors.ts";
import type { Condition, Ledger, Page, Stored } from "../ledger/ledger.ts";
import { bare } from "../ledger/ledger.ts";
import type { Reward } from "../rewards/contract.ts";
import { letOthersRun } from "./common/let-others-run.ts";
import type { Dataset } from "./contract.ts";

/**
 * Whole episodes read at once: no more than whose rewards are asked for in one question; the ledger ends a page of long
 * ones at 4 MB. Reading and converting a page holds the thread for some 5 ms.
 */
const EPISODES_AT_ONCE = 100;

/** What datasets ask of the ledger. */
export function createDatasetStore(ledger: Ledger) {
  const read = (agentId: string, id: string) => ledger.read<Dataset>("datasets", [agentId], id);

  async function newest(
    container: "episodes" | "rewards",
    agentId: string,
    field: "recorded_at" | "created_at",
  ): Promise<string> {
    const page = await ledger.query<(Episode | Reward) & { id: string }>(container, {
      pk: [agentId],
      orderBy: { field, direction: "desc" },
      limit: 1,
      select: [field],
    });
    const document = page.items[0] as Partial<Record<typeof field, string>> | undefined;
    return document?.[field] ?? "";
  }

  return {
    read,

    create: (dataset: Dataset): Promise<Stored<Dataset>> => ledger.create("datasets", dataset),

    /** Writes `change` over the stored manifest if nobody else did; members that are undefined are removed. */
    async update(stored: Stored<Dataset>, change: Partial<Dataset>): Promise<Stored<Dataset>> {
      const next = Object.fromEntries(
        Object.entries({ ...bare(stored), ...change }).filter(([, value]) => value !== undefined),
      ) as Dataset;
      return await ledger.replace("datasets", next, { ifMatch: stored._etag });
    },

    /** Newest first. */
    list: (agentId: string, limit: number, after: string | undefined) =>
      ledger.query<Dataset>("datasets", {
        pk: [agentId],
        where: [{ field: "type", op: "eq", value: "dataset" }],
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      }),

    /** Test sides of the agent's datasets that were finished before a time: where their sessions and inputs are kept. */
    async testSides(agentId: string, before: string) {
      const found: { id: string; same_as?: string | undefined; key: string }[] = [];
      let after: string | undefined;
      do {
        const page: Page<Dataset> = await ledger.query<Dataset>("datasets", {
          pk: [agentId],
          where: [{ field: "status", op: "eq", value: "ready" }],
          orderBy: { field: "created_at", direction: "asc" },
          limit: 1000,
          after,
          select: ["id", "same_as", "groups", "completed_at"],
        });
        for (const { id, same_as, groups, completed_at = "" } of page.items)
          if (groups?.test !== undefined && completed_at < before)
            found.push({ id, same_as, key: groups.test });
        after = page.continuation;
      } while (after !== undefined);
      return found;
    },

    /** The agent's first finished dataset of that content. */
    async firstWithContent(agentId: string, contentHash: string): Promise<Dataset | undefined> {
      const page = await ledger.query<Dataset>("datasets", {
        pk: [agentId],
        where: [
          { field: "content_hash", op: "eq", value: contentHash },
          { field: "status", op: "eq", value: "ready" },
        ],
        orderBy: { field: "created_at", direction: "asc" },
        limit: 1,
      });
      return page.items[0];
    },

    newestEpisode: (agentId: string) => newest("episodes", agentId, "recorded_at"),
    newestReward: (agentId: string) => newest("rewards", agentId, "created_at"),

    /** Time of the agent's oldest or newest episode, or undefined. */
    async edge(agentId: string, where: readonly Condition[], direction: "asc" | "desc") {
      const page = await ledger.query<Episode>("episodes", {
        pk: [agentId],
        where,
        orderBy: { field: "created_at", direction },
        limit: 1,
        select: ["created_at"],
      });
      return page.items[0]?.created_at;
    },

    /** Bytes of an episode, by the mean of the oldest and the newest few. */
    async usualBytes(agentId: string, where: readonly Condition[], few: number): Promise<number> {
      const sizes: number[] = [];
      for (const direction of ["asc", "desc"] as const) {
        const orderBy = { field: "created_at", direction };
        const page = await ledger.query<Episode>("episodes", { pk: [agentId], where, orderBy, limit: few });
        sizes.push(...page.items.map((item) => JSON.stringify(item).length));
      }
      return sizes.length === 0 ? 1 : sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    },

    countEpisodes: (agentId: string, where: readonly Condition[]) =>
      ledger.count("episodes", { pk: [agentId], where }),

    /** All rewards of some episodes, in one look: at most 100 of them. With `idsAlone` nothing else of them is there. */
    async rewardsOf(
      agentId: string,
      episodeIds: readonly string[],
      idsAlone = false,
    ): Promise<Map<string, Reward[]>> {
      const found = new Map<string, Reward[]>();
      if (episodeIds.length === 0) return found;
      let after: string | undefined;
      do {
        const page: Page<Reward> = await ledger.query<Reward>("rewards", {
          pk: [agentId],
          where: [{ field: "episode_id", op: "in", value: episodeIds }],
          limit: 1000,
          after,
          ...(idsAlone ? { select: ["episode_id"] } : {}),
        });
        for (const reward of page.items) {
          const of = found.get(reward.episode_id);
          if (of === undefined) found.set(reward.episode_id, [reward]);
          else of.push(reward);
        }
        after = page.continuation;
      } while (after !== undefined);
      return found;
    },

    /** Pages of whole episodes, oldest first, ties by id; the loop gets a turn before each. Equal tools are one list. */
    async *episodes(agentId: string, where: readonly Condition[]): AsyncGenerator<Stored<Episode>[]> {
      let after: string | undefined;
      do {
        await letOthersRun();
        const page: Page<Episode> = await ledger.query<Episode>("episodes", {
          pk: [agentId],
          where,
          orderBy: { field: "created_at", direction: "asc" },
          limit: EPISODES_AT_ONCE,
          after,
          sharing: "tools",
        });
        yield page.items;
        after = page.continuation;
      } while (after !== undefined);
    },
  };
}
export type DatasetStore = ReturnType<typeof createDatasetStore>;

/** False when somebody else changed the record first. */
export async function unlessChanged(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (isLightningError(error) && error.kind === "precondition") return false;
    throw error;
  }
}

type Range = { readonly from?: string | undefined; readonly to?: string | undefined };

/**
 * The episodes within the recipe's dates and the shard's range. Only the time is asked for: it alone is in the index
 * that the page goes by, so that counting reads no document. What else decides is looked at in the document.
 */
export function inRange({ recipe }: Pick<Dataset, "recipe">, range: Range = {}): Condition[] {
  const { start_date: start, end_date: end } = recipe;
  const at = "created_at";
  return [
    ...(start === undefined ? [] : [{ field: at, op: "gte", value: start } as const]),
    ...(end === undefined ? [] : [{ field: at, op: "lte", value: end } as const]),
    ...(range.from === undefined ? [] : [{ field: at, op: "gt", value: range.from } as const]),
    ...(range.to === undefined ? [] : [{ field: at, op: "lte", value: range.to } as const]),
  ];
}
