import { fatal, isLightningError, messageOf } from "../kernel/errors.ts";
import type { Provider } from "../provider/provider.ts";
import type { Deployment, DeploymentActivities } from "./contract.ts";
import { probe } from "./probe.ts";
import type { DeploymentService } from "./service.ts";

const hasEnded = (deployment: Deployment) => deployment.state === "active" || deployment.state === "failed";

export function createDeploymentActivities(deps: {
  readonly service: DeploymentService;
  readonly provider: Provider;
}): DeploymentActivities {
  const { service, provider } = deps;
  const { store } = service;
  const models = () => {
    if (service.models === undefined)
      throw fatal("hosting_not_set", "The settings name no Azure OpenAI account to make deployments in.");
    return service.models;
  };

  const setState = (agentId: string, id: string, state: "probing" | "ready") =>
    store.changeDeployment(agentId, id, (one) =>
      hasEnded(one) || one.state === state ? undefined : { ...one, state },
    );

  return {
    async claimDeployment({ agent_id, id, instance_id }) {
      const deployment = await store.changeDeployment(agent_id, id, (one) =>
        hasEnded(one) || one.claimed_by !== undefined ? undefined : { ...one, claimed_by: instance_id },
      );
      if (deployment === undefined) throw new Error(`There is no deployment ${id} to work on.`);
      if (hasEnded(deployment)) return { kind: "finished" };
      if (deployment.claimed_by !== instance_id) return { kind: "elsewhere" };
      return {
        kind: "claimed",
        ...(deployment.hosted_id === undefined ? {} : { hosted_id: deployment.hosted_id }),
      };
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
      if (hasEnded(deployment)) return { kind: "ready" };
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
        return { kind: "refused", code: "deployment_failed", message: deployment.error ?? "It has failed." };
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
      const failed = await store.changeDeployment(agent_id, id, (one) =>
        hasEnded(one)
          ? undefined
          : {
              ...one,
              state: "failed",
              error: `${code}: ${message}`,
              failure: { ...(one.failure?.code === code ? one.failure : {}), code, message },
            },
      );
      if (failed?.state === "failed" && service.models !== undefined) {
        try {
          await service.models.release(failed);
        } catch (thrown) {
          // The next clean-up finds it.
          service.logger.warn("what a failed promotion made could not be removed", {
            error: messageOf(thrown),
          });
        }
      }
      return null;
    },
  };
}
