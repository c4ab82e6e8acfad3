import type { Settings } from "../../config/settings.ts";
import type { CallContext } from "../../doors/operation.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { ModelSelector } from "../selection.ts";
import type { DeploymentService } from "../service.ts";
import type { DeploymentUpkeep } from "../upkeep/upkeep.ts";

export interface DeploymentOperationsDeps {
  readonly service: DeploymentService;
  readonly selector: ModelSelector;
  readonly settings: Pick<Settings, "agentId" | "useTunedModel"> &
    Partial<Pick<Settings, "cleanUpAfterDays">>;
  readonly clock: Clock;
  /** Absent: without the rows that keep the provider's side in order. */
  readonly upkeep?: DeploymentUpkeep | undefined;
}

/** What the rows that move the pointer pass on of who asks. */
export const caller = (context: CallContext) => ({
  principal: context.principal,
  idempotencyKey: context.idempotencyKey,
});
