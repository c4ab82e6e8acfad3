import { datasetBuilds } from "./build-operations.ts";
import { datasetLineageOperations } from "./lineage-operations.ts";
import type { DatasetOperationDeps } from "./operation-deps.ts";
import { datasetReads } from "./read-operations.ts";
import { validateOperation } from "./validate/operation.ts";

/** The rows of datasets in the operations table. */
export function datasetOperations(deps: DatasetOperationDeps) {
  return [
    ...datasetBuilds(deps),
    ...datasetReads(deps),
    validateOperation(),
    ...datasetLineageOperations(deps),
  ];
}
