import type { OrchestrationContext } from "durable-functions";
import type { PromotionResult } from "../deployments/contract.ts";
import { NEVER_READY, PROBES, probeAgainMs } from "../deployments/probing.ts";
import { isEndedDeployment } from "../deployments/status.ts";
import type { RecordRef } from "../doors/claim.ts";
import { makeCallable } from "./make-callable.ts";
import { faultText, lastWord, pause, type Steps, step, waitUntil } from "./steps.ts";

/** The model is made callable, where that is this app's affair, and probed until it answers; then one atomic switch. */
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
    if (claim.kind === "missing") return { status: "failed", error: claim.message };
    if (claim.kind !== "claimed") {
      const end = yield* waitUntil(
        context,
        () => step(context, "readDeploymentStatus", deployment),
        isEndedDeployment,
      );
      return endOfOther(end);
    }
    const answer =
      claim.hosted_id === undefined
        ? yield* probe(context, deployment)
        : yield* makeCallable(context, { agent_id, id: claim.hosted_id, wanted_by: id });
    if (answer.kind === "failed") {
      yield* fail(answer.code, answer.message);
      return { status: "failed" };
    }
    const switched = yield* step(context, "switchPointer", deployment);
    if (switched.kind === "refused") {
      yield* fail(switched.code, switched.message);
      const error = `${switched.code}: ${switched.message}`;
      return { status: "failed", error, ...(switched.code === "gate_stale" ? { code: switched.code } : {}) };
    }
    context.df.setCustomStatus({ step: "active", deployment_name: switched.deployment_name });
    return { status: "active", deployment_name: switched.deployment_name };
  } catch (fault) {
    yield* fail("promotion_fault", faultText(fault));
    return { status: "failed" };
  }
}

/** How a promotion ended that another instance works on: as that one tells it. */
function endOfOther({ state, error }: { state: string; error?: string | undefined }): PromotionResult {
  if (state !== "failed") return { status: "active" };
  return {
    status: "failed",
    ...(error?.startsWith("gate_stale:") === true ? { code: "gate_stale" as const } : {}),
    ...(error === undefined ? {} : { error }),
  };
}

/** What an operator deployed, or what needs no deployment, only has to answer. */
function* probe(
  context: OrchestrationContext,
  deployment: RecordRef,
): Steps<{ kind: "ready" } | { kind: "failed"; code: string; message: string }> {
  for (let probes = 1; ; probes++) {
    const answer = yield* step(context, "probeDeployment", deployment);
    if (answer.kind !== "not_ready") return answer;
    if (probes >= PROBES) return NEVER_READY;
    context.df.setCustomStatus({ step: "probing", probe: probes });
    yield* pause(context, probeAgainMs(probes));
  }
}
