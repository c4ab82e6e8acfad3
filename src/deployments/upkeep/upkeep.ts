import type { Catalog } from "../../catalog/catalog.ts";
import type { Settings } from "../../config/settings.ts";
import type { Orchestrations } from "../../doors/operation.ts";
import type { Hosting } from "../../hosting/hosting.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Logger } from "../../kernel/logger.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Provider } from "../../provider/provider.ts";
import { PROMOTE_MODEL } from "../contract.ts";
import type { DeploymentService } from "../service.ts";
import { createDeploymentCleanUp } from "./clean-up.ts";
import { createReconciler } from "./reconcile.ts";
import { createRetirements } from "./retirements.ts";

export interface UpkeepServiceDeps {
  readonly service: DeploymentService;
  readonly ledger: Ledger;
  readonly provider: Pick<Provider, "chat">;
  readonly hosting?: Hosting | undefined;
  readonly catalog: Catalog;
  readonly settings: Pick<
    Settings,
    "baseModel" | "trainingType" | "baseModelDeployment" | "tunedModelDeploymentName"
  >;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is done by the day rather than on demand: comparing with the provider, removing, and the calendar. */
export const createDeploymentUpkeep = (deps: UpkeepServiceDeps) => ({
  reconciler: createReconciler(deps),
  ...createDeploymentCleanUp(deps),
  retirements: createRetirements(deps),
});
export type DeploymentUpkeep = ReturnType<typeof createDeploymentUpkeep>;

interface Upkeepers {
  readonly upkeep: DeploymentUpkeep;
  /** Removes what training left at the provider for longer than so many days. */
  readonly training: {
    cleanUp(
      days: number,
      dryRun: boolean,
    ): Promise<{ readonly files: readonly unknown[]; readonly jobs: readonly unknown[] }>;
  };
  readonly settings: Pick<Settings, "cleanUpAfterDays">;
  readonly logger: Logger;
}

/** What the daily timer does: registry and provider are compared, what serves is brought back, leftovers go. */
export async function keepInOrder(
  { upkeep, training, settings, logger }: Upkeepers,
  orchestrations: Orchestrations,
): Promise<void> {
  const { lost, returning, not_answering, unknown } = await upkeep.reconciler.reconcile();
  for (const { agent_id, id } of returning) await orchestrations.start(PROMOTE_MODEL, { agent_id, id });
  logger.info("registry and provider were compared", {
    lost: lost.join(", "),
    returning: returning.map((one) => one.deployment_name).join(", "),
    not_answering: not_answering.join(", "),
    unknown: unknown.join(", "),
  });
  const days = settings.cleanUpAfterDays;
  if (days === undefined) return;
  const deployed = await upkeep.cleanUp(days, false);
  const trained = await training.cleanUp(days, false);
  logger.info("leftovers at the provider were removed", {
    deployments: deployed.removed.length,
    files: trained.files.length,
    jobs: trained.jobs.length,
  });
}

/** What the hourly timer does: candidates that did not pass cost by the hour, so they go when their time is over. */
export async function removeRejected({
  upkeep,
  logger,
}: Pick<Upkeepers, "upkeep" | "logger">): Promise<void> {
  const { removed } = await upkeep.removeRejected();
  if (removed.length === 0) return;
  logger.info("candidates that did not pass were removed", {
    deployments: removed.map((one) => one.deployment_name).join(", "),
  });
}
