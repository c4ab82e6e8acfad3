import type { OrchestrationContext } from "durable-functions";
import type { RecordRef } from "../kernel/claim.ts";
import { faultText, lastWord, pause, type Steps, step, waitUntil } from "./steps.ts";

export interface PromotionResult {
  status: "active" | "failed";
  deployment_name?: string | undefined;
}

/** A deployment that ARM calls ready may still answer DeploymentNotReady for some minutes. */
const PROBES = 12;

/** The deployment is probed until it answers, then one atomic switch of the pointer. */
export function* promoteModel(context: OrchestrationContext): Steps<PromotionResult> {
  const { agent_id, id } = context.df.getInput() as RecordRef;
  const deployment = { agent_id, id };
  const fail = (code: string, message: string) =>
    lastWord(context, "failDeployment", { ...deployment, code, message });
  try {
    const claim = yield* step(context, "claimDeployment", {
      ...deployment,
      instance_id: context.df.instanceId,
    });
    if (claim.kind !== "claimed") {
      const end = yield* waitUntil(
        context,
        () => step(context, "readDeploymentStatus", deployment),
        (d) => d.state === "active" || d.state === "superseded" || d.state === "failed",
      );
      return { status: end.state === "failed" ? "failed" : "active" };
    }
    for (let probe = 1; ; probe++) {
      const answer = yield* step(context, "probeDeployment", deployment);
      if (answer.kind === "ready") break;
      if (answer.kind === "failed" || probe >= PROBES) {
        yield* fail(
          answer.kind === "failed" ? answer.code : "deployment_not_ready",
          answer.kind === "failed" ? answer.message : `The deployment did not answer ${PROBES} probes.`,
        );
        return { status: "failed" };
      }
      context.df.setCustomStatus({ step: "probing", probe });
      yield* pause(context, Math.min(60_000, 2000 * 2 ** (probe - 1)));
    }
    const switched = yield* step(context, "switchPointer", deployment);
    if (switched.kind === "refused") {
      yield* fail(switched.code, switched.message);
      return { status: "failed" };
    }
    context.df.setCustomStatus({ step: "active", deployment_name: switched.deployment_name });
    return { status: "active", deployment_name: switched.deployment_name };
  } catch (fault) {
    yield* fail("promotion_fault", faultText(fault));
    return { status: "failed" };
  }
}
