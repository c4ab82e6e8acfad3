import { setImmediate as letOthersRun } from "node:timers/promises";
import type { Settings } from "../config/settings.ts";
import { DATASETS, type ReadyDataset } from "../datasets/contract.ts";
import { EVALUATIONS } from "../evaluation/contract.ts";
import { isLightningError } from "../kernel/errors.ts";
import type { Ledger, Page } from "../ledger/ledger.ts";
import { bare, each } from "../ledger/ledger.ts";
import { recordsOf } from "../ledger/records.ts";
import type { Reward } from "../rewards/contract.ts";
import { RUNS } from "../training/contract.ts";
import { PIPELINES, type Pipeline } from "./contract.ts";
import { OPEN_PIPELINE_STATUSES } from "./status.ts";

/** Newest evaluations looked at: each training has one or two. */
const JUDGEMENTS = 20;

export type PipelineStore = ReturnType<typeof createPipelineStore>;

type LastBuild = Pick<ReadyDataset, "watermark" | "awaited_places">;

/** Changes of the feed read at once, and episodes asked for by their ids at once. */
const PAGE = 1000;
const IDS_AT_ONCE = 100;

/** What pipelines ask of the ledger. */
export function createPipelineStore(ledger: Ledger) {
  const pipelines = recordsOf(ledger, PIPELINES);
  const datasets = recordsOf(ledger, DATASETS);
  const runs = recordsOf(ledger, RUNS);
  const evaluations = recordsOf(ledger, EVALUATIONS);
  const { createOnce, change, claim } = pipelines;

  return {
    createOnce,
    change,
    claim,

    async read(agentId: string, id: string): Promise<Pipeline | undefined> {
      const stored = await pipelines.read(agentId, id);
      return stored === undefined ? undefined : bare(stored);
    },

    /** Newest first. */
    list: (agentId: string, limit: number, after?: string): Promise<Page<Pipeline>> =>
      pipelines.page({
        pk: [agentId],
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      }),

    async unfinished(agentId: string): Promise<Pipeline[]> {
      const found: Pipeline[] = [];
      const where = [{ field: "status", op: "in", value: OPEN_PIPELINE_STATUSES } as const];
      for await (const one of pipelines.each({ pk: [agentId], where })) found.push(bare(one));
      return found;
    },

    /**
     * Agents that have built a dataset. The query goes over all agents, but only over manifests, some dozens an agent;
     * the episodes are never looked through.
     */
    async agentsWithDatasets(): Promise<string[]> {
      const agents = new Set<string>();
      const query = {
        where: [{ field: "type", op: "eq", value: "dataset" } as const],
        select: ["agent_id"],
      };
      for await (const { agent_id } of each<{ id: string; agent_id: string }>(ledger, "datasets", query))
        agents.add(agent_id);
      return [...agents];
    },

    /**
     * The build up to which the agent's rewards have been in a training that was judged: the latest of those datasets.
     * A training that failed, or whose answers were missing, has used none up, and neither has a build.
     */
    async judgedBuild(agentId: string): Promise<LastBuild | undefined> {
      const { items } = await evaluations.page({
        pk: [agentId],
        // Those of models by name say nothing of a training, and must not fill the page.
        where: [
          { field: "status", op: "eq", value: "finished" },
          { field: "run_id", op: "defined", value: true },
        ],
        orderBy: { field: "created_at", direction: "desc" },
        limit: JUDGEMENTS,
      });
      let latest: LastBuild | undefined;
      for (const { run_id, result } of items) {
        const isJudged = result !== undefined && (result.verdict !== "inconclusive" || result.missing === 0);
        if (run_id === undefined || !isJudged) continue;
        const run = await runs.read(agentId, run_id);
        const dataset = run === undefined ? undefined : await datasets.read(agentId, run.dataset_id);
        if (dataset?.status !== "ready" || dataset.recipe.kind !== "episodes") continue;
        if (latest === undefined || (await isLater(ledger, dataset, latest))) latest = dataset;
      }
      return latest;
    },

    /**
     * Episodes that got a reward since a build; all rewarded ones without it. By the build's place in the feed of
     * rewards; by the time of its newest reward where it noted none. `rewardsTtlDays`: after so many days rewards are gone.
     */
    async countRewarded(
      agentId: string,
      since: LastBuild | undefined,
      { rewardsTtlDays }: Pick<Settings, "rewardsTtlDays">,
    ) {
      const { rewards: place, reward_count } = since?.awaited_places ?? {};
      if (place !== undefined) {
        // Most agents had none: then the feed, which is of all agents, is not read. Where rewards expire, as many as came
        // may have gone, and the number says nothing.
        const isKept = rewardsTtlDays === undefined;
        if (isKept && reward_count === (await ledger.count("rewards", { pk: [agentId] }))) return 0;
        const ids = await rewardedBehind(ledger, agentId, place, since?.watermark.rewards ?? "");
        if (ids !== undefined) return countOf(ledger, agentId, ids);
      }
      const at = since?.watermark.rewards;
      return ledger.count("episodes", {
        pk: [agentId],
        where: [IS_REWARDED, ...(at ? [{ field: "rewards_at", op: "gt", value: at } as const] : [])],
      });
    },
  };
}

/** By their places in the feed of rewards; by times where a build of an earlier version noted none. */
async function isLater(ledger: Ledger, a: LastBuild, b: LastBuild): Promise<boolean> {
  const [one, other] = [a.awaited_places?.rewards, b.awaited_places?.rewards];
  const byTime = a.watermark.rewards > b.watermark.rewards;
  if (one === undefined || other === undefined || one === other) return byTime;
  const passed = await unlessForeign(() => ledger.hasPassed("rewards", one, other));
  return passed ?? byTime;
}

/** Undefined where a place is another store's. */
async function unlessForeign<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (thrown) {
    if (isLightningError(thrown) && thrown.code === "bad_continuation") return undefined;
    throw thrown;
  }
}

const IS_REWARDED = { field: "reward_count", op: "gte", value: 1 } as const;

/**
 * Whose rewards stand behind a place in the feed; undefined where the place is another store's. What a re-scan changed
 * stands behind every place: of those only what was given since the build is new.
 */
const rewardedBehind = (
  ledger: Ledger,
  agentId: string,
  place: string,
  newest: string,
): Promise<string[] | undefined> =>
  unlessForeign(async () => {
    const ids = new Set<string>();
    for (let after = place, drained = false; !drained; ) {
      const page = await ledger.changes<Reward>("rewards", { after, limit: PAGE });
      for (const { agent_id, episode_id, rescan, created_at } of page.items)
        if (agent_id === agentId && (rescan === undefined || created_at > newest)) ids.add(episode_id);
      ({ continuation: after, drained } = page);
      await letOthersRun();
    }
    return [...ids];
  });

/** Those that have a judgement that stands. */
async function countOf(ledger: Ledger, agentId: string, ids: readonly string[]): Promise<number> {
  let total = 0;
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const value = ids.slice(from, from + IDS_AT_ONCE);
    total += await ledger.count("episodes", {
      pk: [agentId],
      where: [{ field: "id", op: "in", value }, IS_REWARDED],
    });
  }
  return total;
}
