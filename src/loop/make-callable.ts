import type { OrchestrationContext } from "durable-functions";
import type { HostedRef } from "../deployments/hosted/contract.ts";
import { NEVER_READY, PROBES, probeAgainMs } from "../deployments/probing.ts";
import { pause, type Steps, step } from "./steps.ts";

export type Callable =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

/** Asks for a deployment, looks by durable timer until it is made, then probes it; one that does not answer is removed and created again, once. */
export function* makeCallable(context: OrchestrationContext, hosted: HostedRef): Steps<Callable> {
  for (let attempt = 1; ; attempt++) {
    const answer = yield* makeOnce(context, hosted);
    if (answer.kind === "ready") return answer;
    if (attempt === 2 || !answer.remake)
      return { kind: "failed", code: answer.code, message: answer.message };
    yield* step(context, "remakeHosted", hosted);
    yield* pause(context, 20_000);
  }
}

function* makeOnce(
  context: OrchestrationContext,
  hosted: HostedRef,
): Steps<{ kind: "ready" } | { kind: "failed"; code: string; message: string; remake: boolean }> {
  for (;;) {
    context.df.setCustomStatus({ step: "provisioning" });
    const made = yield* step(context, "provisionHosted", hosted);
    if (made.kind === "failed") return made;
    if (made.kind === "made") break;
    yield* pause(context, made.look_again_seconds * 1000);
  }
  for (let probe = 1; ; probe++) {
    context.df.setCustomStatus({ step: "probing", probe });
    const answer = yield* step(context, "probeHosted", hosted);
    if (answer.kind !== "not_ready") return answer;
    if (probe >= PROBES) return { ...NEVER_READY, remake: true };
    yield* pause(context, probeAgainMs(probe));
  }
}
