import type { DeploymentOperationsDeps } from "./operation-deps.ts";
import { policyOperations } from "./policy-operations.ts";
import { promoteOperation } from "./promote-operation.ts";
import { deploymentReads } from "./read-operations.ts";
import { rollbackOperations } from "./rollback-operations.ts";
import { upkeepOperations } from "./upkeep-operations.ts";

/** The rows of promotion, rollback, selection and lineage. */
export function deploymentOperations(deps: DeploymentOperationsDeps) {
  const { service, settings, upkeep } = deps;
  return [
    promoteOperation(deps),
    ...rollbackOperations(deps),
    ...deploymentReads(deps),
    ...policyOperations({ policies: service.policies, settings }),
    ...(upkeep === undefined ? [] : upkeepOperations({ upkeep, settings })),
  ];
}
