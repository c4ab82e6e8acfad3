import { DATASETS } from "../datasets/contract.ts";
import { EVALUATIONS } from "../evaluation/contract.ts";
import type { Ledger, Page } from "../ledger/ledger.ts";
import { bare, each } from "../ledger/ledger.ts";
import { recordsOf } from "../ledger/records.ts";
import { RUNS } from "../training/contract.ts";
import { PIPELINES, type Pipeline } from "./contract.ts";
import { OPEN_PIPELINE_STATUSES } from "./status.ts";

/** Newest evaluations looked at: each training has one or two. */
const JUDGEMENTS = 20;

export type PipelineStore = ReturnType<typeof createPipelineStore>;

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
     * Up to which reward the agent's episodes have been in a training that was judged: the newest watermark of those
     * datasets. A training that failed, or whose answers were missing, has used none up, and neither has a build.
     */
    async judgedUpTo(agentId: string): Promise<string | undefined> {
      const { items } = await evaluations.page({
        pk: [agentId],
        where: [{ field: "status", op: "eq", value: "finished" }],
        orderBy: { field: "created_at", direction: "desc" },
        limit: JUDGEMENTS,
      });
      let newest: string | undefined;
      for (const { run_id, result } of items) {
        const isJudged = result !== undefined && (result.verdict !== "inconclusive" || result.missing === 0);
        if (run_id === undefined || !isJudged) continue;
        const run = await runs.read(agentId, run_id);
        const dataset = run === undefined ? undefined : await datasets.read(agentId, run.dataset_id);
        if (dataset?.status !== "ready" || dataset.recipe.kind !== "episodes") continue;
        const { rewards } = dataset.watermark;
        if (newest === undefined || rewards > newest) newest = rewards;
      }
      return newest;
    },

    /** Episodes with a reward newer than a time; all rewarded ones without it. */
    countRewarded: (agentId: string, since?: string): Promise<number> =>
      ledger.count("episodes", {
        pk: [agentId],
        where: [
          { field: "reward_count", op: "gte", value: 1 },
          ...(since ? [{ field: "rewards_at", op: "gt", value: since } as const] : []),
        ],
      }),
  };
}
