import { type Catalog, UNKNOWN } from "../../catalog/catalog.ts";
import type { Settings } from "../../config/settings.ts";
import type { Hosting } from "../../hosting/hosting.ts";
import { type Clock, toIso } from "../../kernel/clock.ts";
import { invalid } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import type { Provider } from "../../provider/provider.ts";
import type { TrainingRun } from "../../training/contract.ts";
import { probe } from "../probe.ts";
import type { DeploymentStore } from "../store.ts";
import type { Hosted, HostedRef } from "./contract.ts";
import { ready, remade } from "./moves.ts";
import { createProvision } from "./provision.ts";
import { createHostingRoom } from "./quota.ts";
import { createHostedRecord, type Probed } from "./record.ts";
import { hostedId, hostedName } from "./rules.ts";
import type { HostedStore } from "./store.ts";

export interface HostedDeps {
  readonly hosted: HostedStore;
  readonly store: DeploymentStore;
  readonly hosting: Hosting;
  readonly catalog: Pick<Catalog, "facts">;
  readonly provider: Pick<Provider, "chat">;
  readonly settings: Pick<
    Settings,
    | "deploymentSku"
    | "deploymentCapacity"
    | "baseModelDeployment"
    | "tunedModelDeploymentName"
    | "removeCandidatesAfterHours"
  >;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type HostedModels = ReturnType<typeof createHostedModels>;

/** Makes tuned models callable and takes them away again, one step at a time; every step can run again. */
export function createHostedModels(deps: HostedDeps) {
  const { hosted, hosting, provider, settings, clock, logger } = deps;
  const now = () => toIso(clock.now());
  const record = createHostedRecord(deps);
  const settled = [settings.baseModelDeployment, settings.tunedModelDeploymentName];
  const { removeCandidatesAfterHours } = settings;
  const { idle, rejected, remove, release, noRoom } = createHostingRoom({
    ...deps,
    record,
    settled,
    removeCandidatesAfterHours,
  });

  return {
    idle,
    rejected,
    remove,
    release,
    provision: createProvision({ ...deps, record, noRoom }),

    /** What a call names once the run's model is hosted. */
    nameOf: (run: Pick<TrainingRun, "agent_id" | "id">): string => hostedName(run.agent_id, run.id),

    /** The model that a deployment of the account calls; undefined: there is no such deployment. */
    modelBehind: async (name: string): Promise<string | undefined> => (await hosting.read(name))?.model,

    /** The record of a run's model as something hosted; nothing is asked of the provider. @throws invalid `model_format_unknown` */
    async ensure(
      run: Pick<TrainingRun, "agent_id" | "id" | "base_model"> & { readonly model: string },
    ): Promise<Hosted> {
      const { format } = await deps.catalog.facts(run.base_model);
      if (format === UNKNOWN)
        throw invalid(
          "model_format_unknown",
          `No dated source says how Azure Resource Manager spells the maker of ${run.base_model}.`,
          { field: "run_id", remedy: "Make the deployment yourself and promote with deployment_name." },
        );
      const name = hostedName(run.agent_id, run.id);
      const at = now();
      return hosted.ensure({
        id: hostedId(name),
        type: "hosted",
        agent_id: run.agent_id,
        deployment_name: name,
        training_run_id: run.id,
        tuned_model_name: run.model,
        format,
        sku: settings.deploymentSku,
        capacity: settings.deploymentCapacity,
        state: "requested",
        requested_at: at,
        created_at: at,
      });
    },

    async probe(ref: HostedRef): Promise<Probed> {
      const one = await record.get(ref);
      const answer = await probe(provider, one.deployment_name);
      if (answer.kind === "failed") return { ...answer, remake: true };
      if (answer.kind !== "ready") return { kind: "not_ready" };
      await record.set(ref, (seen) => ready(seen, now()));
      await record.tell(ref, "ready");
      return { kind: "ready" };
    },

    /** Once for each who wants it: a step that runs again finds it done. */
    async remake(ref: HostedRef): Promise<null> {
      const one = await record.get(ref);
      if (one.remade_for === ref.wanted_by) return null;
      await hosting.remove(one.deployment_name);
      logger.warn("a deployment that does not answer is made anew", { deployment_name: one.deployment_name });
      await record.set(ref, (seen) => remade(seen, ref.wanted_by));
      return null;
    },
  };
}
