import type { Settings } from "../config/settings.ts";
import type { DatasetService } from "../datasets/service.ts";
import type { Clock } from "../kernel/clock.ts";
import type { ReviewService } from "./service.ts";

export interface ReviewOperationDeps {
  readonly service: ReviewService;
  readonly datasets: Pick<DatasetService, "prepareGolden" | "get" | "leftOut">;
  readonly settings: Pick<Settings, "agentId">;
  readonly clock: Clock;
}
