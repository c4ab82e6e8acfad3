import type { TrainingOperationDeps } from "./operation-deps.ts";
import { trainingReads } from "./read-operations.ts";
import { trainingRequests } from "./request-operations.ts";
import { trainingUpkeep } from "./upkeep-operations.ts";

/** The rows of training in the operations table. */
export function trainingOperations(deps: TrainingOperationDeps) {
  return [...trainingRequests(deps), ...trainingReads(deps), ...trainingUpkeep(deps)];
}
