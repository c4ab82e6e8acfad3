import { bare, type Stored } from "../ledger/ledger.ts";
import type { TrainingRun } from "../training/contract.ts";
import type { Deployment } from "./contract.ts";
import { createLineage, rollbackInfo, showDeployment } from "./lineage.ts";
import { applyRollback, NEVER_MOVED, type PointerState } from "./rules.ts";
import type { DeploymentStore } from "./store.ts";

/** What can be read of an agent's registry: its deployments, which of them serves, and where a model came from. */
export function createRegistryReads(store: DeploymentStore) {
  const lineage = createLineage(store);

  /** The pointer's state; an agent without one has never moved. */
  const pointer = async (agentId: string): Promise<PointerState> =>
    (await store.readPointer(agentId)) ?? NEVER_MOVED;

  return {
    lineage,
    pointer,

    /** The name of the model behind a deployment; undefined when its record is gone. */
    async tunedModelOf(agentId: string, deploymentId: string): Promise<string | undefined> {
      return (await store.readDeployment(agentId, deploymentId))?.tuned_model_name;
    },

    /** A page of deployments as they are shown, newest first. */
    async page(agentId: string, limit: number, continuation?: string) {
      const [page, state, events, hosted] = await Promise.all([
        store.listDeployments(agentId, limit, continuation),
        pointer(agentId),
        store.events(agentId),
        store.hosted.ofAgent(agentId),
      ]);
      const deployments = page.items.map((one) => ({
        ...showDeployment(bare(one), state.deployment_id, hosted.get(one.deployment_name)),
        ...rollbackInfo(one.id, events),
      }));
      return { deployments, continuation: page.continuation };
    },

    /** Every deployment of an agent that has been active at some time, newest first. */
    async *everActive(agentId: string): AsyncGenerator<Stored<Deployment>> {
      let after: string | undefined;
      do {
        const page = await store.listDeployments(agentId, 200, after);
        yield* page.items.filter((one) => one.promoted_at !== undefined);
        after = page.continuation;
      } while (after !== undefined);
    },

    /** The active deployment as it is shown, and what a rollback would return to (null: the base model). */
    async active(agentId: string, active: { deployment_id: string; deployment_name: string }) {
      const [deployment, state, hosted] = await Promise.all([
        store.readDeployment(agentId, active.deployment_id),
        pointer(agentId),
        store.hosted.ofAgent(agentId),
      ]);
      const back = applyRollback({ ...state, ...active });
      const { deployment_id: backId = null, deployment_name: backName = null } =
        back.kind === "moved" ? back.pointer : {};
      // The pointer alone decides; a record that is gone is named, not hidden.
      const shown =
        deployment === undefined
          ? { tuned_model_name: active.deployment_name, tuned_model: active.deployment_name, missing: true }
          : showDeployment(bare(deployment), active.deployment_id, hosted.get(active.deployment_name));
      return {
        shown,
        rollback_to:
          backId === null || backName === null ? null : { deployment_id: backId, deployment_name: backName },
      };
    },

    /** The training runs of a dataset, each with the deployments made of its model. */
    async runsOfDataset(
      agentId: string,
      datasetId: string,
    ): Promise<{ run: Stored<TrainingRun>; deployments: Stored<Deployment>[] }[]> {
      const runs: { run: Stored<TrainingRun>; deployments: Stored<Deployment>[] }[] = [];
      for await (const run of store.runsOfDataset(agentId, datasetId)) {
        const deployments: Stored<Deployment>[] = [];
        for await (const one of store.deploymentsOfRun(agentId, run.id)) deployments.push(one);
        runs.push({ run, deployments });
      }
      return runs;
    },
  };
}
