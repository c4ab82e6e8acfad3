import { bare, type Stored } from "../ledger/ledger.ts";
import type { TrainingRun } from "../training/contract.ts";
import type { Deployment } from "./contract.ts";
import type { Hosted } from "./hosted/contract.ts";
import { createLineage } from "./lineage.ts";
import { NEVER_MOVED, type PointerState } from "./rules.ts";
import type { DeploymentStore } from "./store.ts";

/** What is asked about deployments and changes nothing. */
export function createDeploymentReads(store: DeploymentStore) {
  return {
    /** The deployment's record, or undefined. */
    async find(agentId: string, id: string): Promise<Deployment | undefined> {
      const found = await store.readDeployment(agentId, id);
      return found === undefined ? undefined : bare(found);
    },

    /** What serves now and what served before it. */
    pointerOf: async (agentId: string): Promise<PointerState> =>
      (await store.readPointer(agentId)) ?? NEVER_MOVED,

    /** Newest first. */
    list: (agentId: string, limit: number, after?: string) => store.listDeployments(agentId, limit, after),

    /** The whole history of the agent's pointer, oldest first. */
    historyOf: (agentId: string) => store.events(agentId),

    /** What is hosted for an agent, by deployment name. */
    hostedOf: (agentId: string): Promise<Map<string, Hosted>> => store.hosted.ofAgent(agentId),

    /** Where a model comes from, and what came of a dataset, a run or an evaluation. */
    lineage: createLineage(store),

    /** The runs that trained on a dataset, each with the promotions of its model. */
    async runsOfDataset(
      agentId: string,
      datasetId: string,
    ): Promise<{ run: TrainingRun; deployments: Deployment[] }[]> {
      const found: { run: TrainingRun; deployments: Deployment[] }[] = [];
      for await (const run of store.runsOfDataset(agentId, datasetId)) {
        const deployments: Stored<Deployment>[] = [];
        for await (const one of store.deploymentsOfRun(agentId, run.id)) deployments.push(one);
        found.push({ run: bare(run), deployments: deployments.map((one) => bare(one)) });
      }
      return found;
    },
  };
}
