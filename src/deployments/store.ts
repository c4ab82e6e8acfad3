import type { Clock } from "../kernel/clock.ts";
import type { Ledger, Page, Stored } from "../ledger/ledger.ts";
import { recordsOf } from "../ledger/records.ts";
import { DEPLOYMENTS, type Deployment } from "./contract.ts";
import { createHostedStore } from "./hosted/store.ts";
import { createParentsStore } from "./parents-store.ts";
import { createPointerStore } from "./pointer-store.ts";

export type DeploymentStore = ReturnType<typeof createDeploymentStore>;

/** What deployments ask of the ledger. */
export function createDeploymentStore(deps: { readonly ledger: Ledger; readonly clock: Clock }) {
  const deployments = recordsOf(deps.ledger, DEPLOYMENTS);

  return {
    hosted: createHostedStore(deps.ledger),
    ...createPointerStore(deps),
    ...createParentsStore(deps.ledger),
    readDeployment: deployments.read,
    /** Creates the record unless it exists; answers the one that is there. */
    createDeployment: deployments.createOnce,
    changeDeployment: deployments.change,
    claimDeployment: deployments.claim,

    /** Newest first. */
    listDeployments: (agentId: string, limit: number, after?: string): Promise<Page<Deployment>> =>
      deployments.page({
        pk: [agentId],
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      }),

    /** Every agent's. */
    allDeployments: (): AsyncGenerator<Stored<Deployment>> => deployments.each({}),

    deploymentsOfRun: (agentId: string, runId: string): AsyncGenerator<Stored<Deployment>> =>
      deployments.each({
        pk: [agentId],
        where: [{ field: "training_run_id", op: "eq", value: runId }],
      }),

    /** Those that name it themselves. Deployments are few and have no index on these fields. */
    async *deploymentsNaming(
      agentId: string,
      field: "dataset_id" | "evaluation_id",
      id: string,
    ): AsyncGenerator<Stored<Deployment>> {
      for await (const one of deployments.each({ pk: [agentId] })) if (one[field] === id) yield one;
    },
  };
}
