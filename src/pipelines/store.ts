import { DATASETS, type ReadyDataset } from "../datasets/contract.ts";
import type { Ledger, Page } from "../ledger/ledger.ts";
import { bare, each } from "../ledger/ledger.ts";
import { recordsOf } from "../ledger/records.ts";
import { PIPELINES, type Pipeline } from "./contract.ts";
import { OPEN_PIPELINE_STATUSES } from "./status.ts";

export type PipelineStore = ReturnType<typeof createPipelineStore>;

/** What pipelines ask of the ledger. */
export function createPipelineStore(ledger: Ledger) {
  const pipelines = recordsOf(ledger, PIPELINES);
  const datasets = recordsOf(ledger, DATASETS);
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

    /** The agent's newest dataset that was built of episodes and is ready. */
    async lastBuild(agentId: string): Promise<Pick<ReadyDataset, "watermark"> | undefined> {
      const page = datasets.each({
        pk: [agentId],
        where: [{ field: "status", op: "eq", value: "ready" }],
        orderBy: { field: "created_at", direction: "desc" },
        limit: 20,
      });
      for await (const one of page) if (one.recipe.kind === "episodes") return one;
      return undefined;
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
