import { missing } from "../doors/claim.ts";
import type { Clock } from "../kernel/clock.ts";
import { fatal, isLightningError, messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Provider } from "../provider/provider.ts";
import type { DeploymentActivities } from "./contract.ts";
import { cameTo, claimed, failed as promotionFailed } from "./moves.ts";
import { probe } from "./probe.ts";
import type { DeploymentService } from "./service.ts";
import { isEndedDeployment } from "./status.ts";
import { createDeploymentStore } from "./store.ts";

export function createDeploymentActivities(deps: {
  readonly service: Pick<DeploymentService, "get" | "activate" | "models">;
  readonly ledger: Ledger;
  readonly provider: Pick<Provider, "chat">;
  readonly clock: Clock;
  readonly logger: Logger;
}): DeploymentActivities {
  const { service, provider, logger } = deps;
  const store = createDeploymentStore(deps);
  const models = () => {
    if (service.models === undefined)
      throw fatal("hosting_not_set", "The settings name no Azure OpenAI account to make deployments in.");
    return service.models;
  };

  const setState = (agentId: string, id: string, state: "probing" | "ready") =>
    store.changeDeployment(agentId, id, (one) => cameTo(one, state));

  return {
    async claimDeployment(input) {
      const claim = await store.claimDeployment(input, isEndedDeployment, (one) =>
        claimed(one, input.instance_id),
      );
      if (claim.kind === "missing") return missing("deployment", input);
      if (claim.kind !== "claimed") return { kind: claim.kind };
      const { hosted_id } = claim.record;
      return { kind: "claimed", ...(hosted_id === undefined ? {} : { hosted_id }) };
    },

    provisionHosted: (input) => models().provision(input),
    probeHosted: (input) => models().probe(input),
    remakeHosted: (input) => models().remake(input),

    async readDeploymentStatus({ agent_id, id }) {
      const { state, error } = await service.get(agent_id, id);
      return error === undefined ? { state } : { state, error };
    },

    async probeDeployment({ agent_id, id }) {
      const deployment = await service.get(agent_id, id);
      if (isEndedDeployment(deployment)) return { kind: "ready" };
      await setState(agent_id, id, "probing");
      const answer = await probe(provider, deployment.deployment_name);
      if (answer.kind === "failed") return answer;
      if (answer.kind !== "ready") return { kind: "not_ready" };
      await setState(agent_id, id, "ready");
      return { kind: "ready" };
    },

    async switchPointer({ agent_id, id }) {
      const deployment = await service.get(agent_id, id);
      if (deployment.state === "failed")
        return { kind: "refused", code: "deployment_failed", message: deployment.error };
      try {
        await service.activate(deployment);
      } catch (thrown) {
        if (!isLightningError(thrown)) throw thrown;
        // Somebody has decided otherwise since the return of this model was asked for.
        const overtaken = thrown.code === "pointer_moved" && deployment.restores !== undefined;
        if (thrown.kind !== "conflict" && !overtaken) throw thrown;
        return { kind: "refused", code: thrown.code, message: thrown.message };
      }
      return { kind: "switched", deployment_name: deployment.deployment_name };
    },

    async failDeployment({ agent_id, id, code, message }) {
      const failed = await store.changeDeployment(agent_id, id, (one) => promotionFailed(one, code, message));
      if (failed?.state === "failed" && service.models !== undefined) {
        try {
          await service.models.release(failed);
        } catch (thrown) {
          // The next clean-up finds it.
          logger.warn("what a failed promotion made could not be removed", {
            error: messageOf(thrown),
          });
        }
      }
      return null;
    },
  };
}
