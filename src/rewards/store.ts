import { type Condition, each, type Ledger, type Page, type Stored } from "../ledger/ledger.ts";
import type { Reward, SlotReward } from "./contract.ts";

/** What decides which rewards stand and what they come to: all but what was said, which may be long. */
const SLOT_FIELDS = [
  "agent_id",
  "episode_id",
  "source",
  "value",
  "rubric",
  "evaluator",
  "writer",
  "supersedes",
  "withdrawn",
  "said_at",
  "created_at",
] as const satisfies readonly (keyof SlotReward)[];

/** What rewards ask of the ledger. All rewards of an episode share one partition. */
export function createRewardStore(ledger: Ledger) {
  async function ofEpisode<R extends SlotReward>(
    agentId: string,
    episodeId: string,
    select?: readonly (keyof R & string)[],
  ): Promise<Stored<R>[]> {
    const rewards: Stored<R>[] = [];
    for await (const reward of each<R>(ledger, "rewards", { pk: [agentId, episodeId], select }))
      rewards.push(reward);
    return rewards;
  }

  return {
    /** @throws conflict `document_exists` */
    create: (reward: Reward): Promise<Stored<Reward>> => ledger.create("rewards", reward),

    find: (agentId: string, episodeId: string, id: string): Promise<Stored<Reward> | undefined> =>
      ledger.read<Reward>("rewards", [agentId, episodeId], id),

    /** Every reward of an episode: a handful, seldom more than a page. */
    ofEpisode: (agentId: string, episodeId: string) => ofEpisode<Reward>(agentId, episodeId),

    /** The same without what was said. */
    slotsOfEpisode: (agentId: string, episodeId: string) =>
      ofEpisode<SlotReward>(agentId, episodeId, SLOT_FIELDS),

    /** An agent's rewards that say what should have been done, standing or not, newest first. */
    corrections: (agentId: string, limit: number, after?: string): Promise<Page<Reward>> =>
      ledger.query<Reward>("rewards", {
        pk: [agentId],
        where: [{ field: "corrected", op: "eq", value: true }],
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      }),

    /** Newest first. */
    page(
      filter: {
        agentId: string;
        episodeId?: string | undefined;
        source?: string | undefined;
        /** Any of these. */
        evaluators?: readonly string[] | undefined;
      },
      limit: number,
      after?: string,
    ): Promise<Page<Reward>> {
      const where: Condition[] = [];
      if (filter.source !== undefined) where.push({ field: "source", op: "eq", value: filter.source });
      if (filter.evaluators !== undefined)
        where.push({ field: "evaluator", op: "in", value: filter.evaluators });
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
