import type { Catalog } from "../catalog/catalog.ts";
import type { Settings } from "../config/settings.ts";
import type { Hosting } from "../hosting/hosting.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Provider } from "../provider/provider.ts";
import { createDeploymentCleanUp } from "./clean-up.ts";
import { createReconciler } from "./reconcile.ts";
import { createRetirements } from "./retirements.ts";
import type { DeploymentService } from "./service.ts";

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
  cleanUp: createDeploymentCleanUp(deps),
  retirements: createRetirements(deps),
});
export type DeploymentUpkeep = ReturnType<typeof createDeploymentUpkeep>;
