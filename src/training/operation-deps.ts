import type { Settings } from "../config/settings.ts";
import type { RecordRef } from "../doors/claim.ts";
import { agentOr, idSchema } from "../doors/schemas.ts";
import type { Clock } from "../kernel/clock.ts";
import type { TrainingRun } from "./contract.ts";
import type { TrainingService } from "./service.ts";

export interface TrainingOperationDeps {
  readonly service: TrainingService;
  readonly settings: Pick<Settings, "agentId"> & Partial<Pick<Settings, "cleanUpAfterDays">>;
  readonly clock: Clock;
}

/** The fields that name one run. */
export const oneRun = ({ agentId }: TrainingOperationDeps["settings"]) => ({
  agent_id: agentOr(agentId),
  run_id: idSchema.meta({ description: "A training run's id." }),
});
/** What else callers call a run's id. */
export const RUN_ALIASES = { training_run_id: "run_id", id: "run_id" };

export const refOf = ({ agent_id, id }: TrainingRun): RecordRef => ({ agent_id, id });
