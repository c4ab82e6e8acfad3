import type { Dataset } from "../datasets/contract.ts";
import { isLightningError } from "../kernel/errors.ts";
import { changeRecord } from "../ledger/change-record.ts";
import { bare, type Condition, each, type Ledger, type Page } from "../ledger/ledger.ts";
import type { Pipeline } from "./contract.ts";

const typed = (type: string): Condition => ({ field: "type", op: "eq", value: type });
const UNFINISHED = ["pending", "running", "waiting_for_approval"] as const;

/** What pipelines ask of the ledger. */
export function createPipelineStore(ledger: Ledger) {
  async function read(agentId: string, id: string): Promise<Pipeline | undefined> {
    const stored = await ledger.read<Pipeline>("pipelines", [agentId], id);
    return stored?.type === "pipeline" ? bare(stored) : undefined;
  }

  return {
    read,

    /** Creates the record unless it exists; answers the one that is there. */
    async create(pipeline: Pipeline): Promise<{ record: Pipeline; existed: boolean }> {
      try {
        return { record: bare(await ledger.create("pipelines", pipeline)), existed: false };
      } catch (thrown) {
        if (!isLightningError(thrown) || thrown.kind !== "conflict") throw thrown;
        const record = await read(pipeline.agent_id, pipeline.id);
        if (record === undefined) throw thrown;
        return { record, existed: true };
      }
    },

    change: (agentId: string, id: string, change: (pipeline: Pipeline) => Pipeline | undefined) =>
      changeRecord<Pipeline>(ledger, "pipelines", { type: "pipeline", agent_id: agentId, id }, change),

    /** Newest first. */
    list: (agentId: string, limit: number, after?: string): Promise<Page<Pipeline>> =>
      ledger.query<Pipeline>("pipelines", {
        pk: [agentId],
        where: [typed("pipeline")],
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      }),

    async unfinished(agentId: string): Promise<Pipeline[]> {
      const found: Pipeline[] = [];
      const query = {
        pk: [agentId],
        where: [typed("pipeline"), { field: "status", op: "in", value: UNFINISHED } as const],
      };
      for await (const one of each<Pipeline>(ledger, "pipelines", query)) found.push(bare(one));
      return found;
    },

    /**
     * Agents that have built a dataset. The query goes over all agents, but only over manifests, some dozens an agent;
     * the episodes are never looked through.
     */
    async agentsWithDatasets(): Promise<string[]> {
      const agents = new Set<string>();
      const query = { where: [typed("dataset")], select: ["agent_id"] };
      for await (const { agent_id } of each<Dataset>(ledger, "datasets", query)) agents.add(agent_id);
      return [...agents];
    },

    /** The agent's newest dataset that was built of episodes and is ready. */
    async lastBuild(agentId: string): Promise<Dataset | undefined> {
      const query = {
        pk: [agentId],
        where: [typed("dataset"), { field: "status", op: "eq", value: "ready" } as const],
        orderBy: { field: "created_at", direction: "desc" } as const,
        limit: 20,
      };
      for await (const one of each<Dataset>(ledger, "datasets", query))
        if (one.recipe.kind === "episodes") return bare(one);
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
