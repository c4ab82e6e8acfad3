import type { DeploymentOperationsDeps } from "./operations/deps.ts";
import { policyOperations } from "./operations/policies.ts";
import { promoteOperation } from "./operations/promote.ts";
import { deploymentReads } from "./operations/reads.ts";
import { rollbackOperations } from "./operations/rollback.ts";
import { upkeepOperations } from "./operations/upkeep.ts";

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
