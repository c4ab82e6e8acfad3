import type { Claim } from "../kernel/claim.ts";
import { isLightningError, messageOf } from "../kernel/errors.ts";
import type { Provider } from "../provider/provider.ts";
import type { Deployment, DeploymentActivities } from "./contract.ts";
import type { DeploymentService } from "./service.ts";

const hasEnded = (deployment: Deployment) => deployment.state === "active" || deployment.state === "failed";

export function createDeploymentActivities(deps: {
  readonly service: DeploymentService;
  readonly provider: Provider;
}): DeploymentActivities {
  const { service, provider } = deps;
  const { store } = service;

  const setState = (agentId: string, id: string, state: "probing" | "ready") =>
    store.changeDeployment(agentId, id, (one) =>
      hasEnded(one) || one.state === state ? undefined : { ...one, state },
    );

  return {
    async claimDeployment({ agent_id, id, instance_id }): Promise<Claim> {
      const deployment = await store.changeDeployment(agent_id, id, (one) =>
        hasEnded(one) || one.claimed_by !== undefined ? undefined : { ...one, claimed_by: instance_id },
      );
      if (deployment === undefined) throw new Error(`There is no deployment ${id} to work on.`);
      if (hasEnded(deployment)) return { kind: "finished" };
      return { kind: deployment.claimed_by === instance_id ? "claimed" : "elsewhere" };
    },

    async readDeploymentStatus({ agent_id, id }) {
      const { state, error } = await service.get(agent_id, id);
      return error === undefined ? { state } : { state, error };
    },

    async probeDeployment({ agent_id, id }) {
      const deployment = await service.get(agent_id, id);
      if (hasEnded(deployment)) return { kind: "ready" };
      await setState(agent_id, id, "probing");
      try {
        await provider.chat({
          model: deployment.deployment_name,
          messages: [{ role: "user", content: "ping" }],
          max_tokens: 16, // some models refuse a smaller limit than this
        });
      } catch (thrown) {
        return judgeProbe(thrown);
      }
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
        if (!isLightningError(thrown) || thrown.kind !== "conflict") throw thrown;
        return { kind: "refused", code: thrown.code, message: thrown.message };
      }
      return { kind: "switched", deployment_name: deployment.deployment_name };
    },

    async failDeployment({ agent_id, id, code, message }) {
      await store.changeDeployment(agent_id, id, (one) =>
        hasEnded(one) ? undefined : { ...one, state: "failed", error: `${code}: ${message}` },
      );
      return null;
    },
  };
}

/**
 * A deployment that was just made answers 404 `DeploymentNotReady` or `DeploymentNotFound` for a while, and an
 * overloaded one 429 or 503: ask again later. Any other refusal will not pass by waiting.
 */
function judgeProbe(
  thrown: unknown,
): { kind: "not_ready" } | { kind: "failed"; code: string; message: string } {
  if (!isLightningError(thrown)) throw thrown;
  const said = JSON.stringify(thrown.details ?? "") + thrown.message;
  // A 404 is what a deployment in the making answers too, unless it says that there is no such model at all.
  const missing = thrown.kind === "not_found" && !said.includes("model_not_found");
  if (thrown.kind === "unavailable" || missing) return { kind: "not_ready" };
  if (/DeploymentNot(Ready|Found)|NotReady/i.test(said)) return { kind: "not_ready" };
  return { kind: "failed", code: thrown.code, message: messageOf(thrown).slice(0, 1000) };
}
