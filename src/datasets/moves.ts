import { without } from "../kernel/defined.ts";
import type { Dataset, DatasetFacts, FailedDataset, OpenDataset } from "./contract.ts";

/** The moves of a dataset's manifest but the last one, which `assemble` makes; pure functions from record to record. */

/** What a manifest keeps whatever becomes of it. */
const factsOf = (dataset: Dataset): DatasetFacts =>
  without(dataset, "status", "error", "error_code", "files", "training_count", "completed_at");

/** Taken up by an orchestration instance. */
export const building = (dataset: Dataset, instanceId: string): OpenDataset => ({
  ...factsOf(dataset),
  status: "building",
  claimed_by: instanceId,
});

export const failed = (
  dataset: Dataset,
  end: { readonly error: string; readonly error_code: string; readonly at: string },
): FailedDataset => ({
  ...factsOf(dataset),
  status: "failed",
  error: end.error,
  error_code: end.error_code,
  completed_at: end.at,
});

/** Asked for again after it failed: nothing of the failed build is left on the record. */
export const afresh = (dataset: FailedDataset): OpenDataset => ({
  ...without(
    factsOf(dataset),
    "claimed_by",
    "taken_up",
    "cancel_requested",
    "awaited_rewards",
    "awaited_places",
  ),
  status: "pending",
});
