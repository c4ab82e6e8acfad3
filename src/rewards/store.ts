import { type Condition, each, type Ledger, type Page, type Stored } from "../ledger/ledger.ts";
import type { Reward } from "./contract.ts";

/** What rewards ask of the ledger. All rewards of an episode share one partition. */
export function createRewardStore(ledger: Ledger) {
  return {
    /** @throws conflict `document_exists` */
    create: (reward: Reward): Promise<Stored<Reward>> => ledger.create("rewards", reward),

    find: (agentId: string, episodeId: string, id: string): Promise<Stored<Reward> | undefined> =>
      ledger.read<Reward>("rewards", [agentId, episodeId], id),

    /** Every reward of an episode: a handful, seldom more than a page. */
    async ofEpisode(agentId: string, episodeId: string): Promise<Stored<Reward>[]> {
      const rewards: Stored<Reward>[] = [];
      for await (const reward of each<Reward>(ledger, "rewards", { pk: [agentId, episodeId] }))
        rewards.push(reward);
      return rewards;
    },

    /** Newest first. */
    page(
      filter: {
        agentId: string;
        episodeId?: string | undefined;
        source?: string | undefined;
        evaluator?: string | undefined;
      },
      limit: number,
      after?: string,
    ): Promise<Page<Reward>> {
      const where: Condition[] = [];
      if (filter.source !== undefined) where.push({ field: "source", op: "eq", value: filter.source });
      if (filter.evaluator !== undefined)
        where.push({ field: "evaluator", op: "eq", value: filter.evaluator });
      return ledger.query<Reward>("rewards", {
        pk: filter.episodeId === undefined ? [filter.agentId] : [filter.agentId, filter.episodeId],
        where,
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      });
    },
  };
}
