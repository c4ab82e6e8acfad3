import type { Episode } from "../episodes/contract.ts";
import type { Condition, Ledger, Page, Stored } from "../ledger/ledger.ts";
import type { Reward } from "../rewards/contract.ts";
import { letOthersRun } from "./common/let-others-run.ts";

/**
 * Whole episodes read at once: no more than whose rewards are asked for in one question; the ledger ends a page of long
 * ones at 4 MB. Reading and converting a page holds the thread for some 5 ms.
 */
const EPISODES_AT_ONCE = 100;

/** What datasets are made of: the agent's episodes and rewards, as the ledger has them. */
export function createSources(ledger: Ledger) {
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
    newestReward: (agentId: string) => newest("rewards", agentId, "created_at"),

    /**
     * How far the agent's ledger is. Times alone would stand still after a clock that was ahead: the counts rise with
     * every document. (Places in the feed move with every agent's writes, and when a score changes an episode.)
     */
    async watermark(agentId: string) {
      const pk = [agentId];
      return {
        episodes: await newest("episodes", agentId, "recorded_at"),
        rewards: await newest("rewards", agentId, "created_at"),
        episode_count: await ledger.count("episodes", { pk }),
        reward_count: await ledger.count("rewards", { pk }),
      };
    },

    countRewards: (agentId: string) => ledger.count("rewards", { pk: [agentId] }),

    feedEnd: (c: "episodes" | "rewards") => ledger.feedEnd(c),

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

    /**
     * All rewards of some episodes, in one look: at most 100 of them, superseded and withdrawn ones too. What is read
     * from them is read from those that stand (`standingRewards`).
     */
    async rewardsOf(agentId: string, episodeIds: readonly string[]): Promise<Map<string, Reward[]>> {
      const found = new Map<string, Reward[]>();
      if (episodeIds.length === 0) return found;
      let after: string | undefined;
      do {
        const page: Page<Reward> = await ledger.query<Reward>("rewards", {
          pk: [agentId],
          where: [{ field: "episode_id", op: "in", value: episodeIds }],
          limit: 1000,
          after,
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
