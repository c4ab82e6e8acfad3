import type { Settings } from "../config/settings.ts";
import { agentOr, idSchema } from "../doors/schemas.ts";
import type { Clock } from "../kernel/clock.ts";
import type { DatasetService } from "./service.ts";

export interface DatasetOperationDeps {
  readonly service: DatasetService;
  readonly settings: Pick<Settings, "agentId">;
  readonly clock: Clock;
}

/** The field that names the agent; absent, the settings' own. */
export const ofAgent = ({ agentId }: DatasetOperationDeps["settings"]) => ({
  agent_id: agentOr(agentId),
});
/** The fields that name one dataset. */
export const oneDataset = (settings: DatasetOperationDeps["settings"]) => ({
  ...ofAgent(settings),
  dataset_id: idSchema.meta({ description: "A dataset's id." }),
});
