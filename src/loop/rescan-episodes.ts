import type { OrchestrationContext } from "durable-functions";
import type { RecordRef } from "../doors/claim.ts";
import type { RescanResult } from "../rescans/contract.ts";
import { isEndedRescan } from "../rescans/status.ts";
import { faultText, lastWord, pause, type Steps, step, waitUntil } from "./steps.ts";

/** How long the feeds may take to score what had been recorded when the re-scan was asked for. */
const FEED_PATIENCE_MS = 10 * 60_000;
/** Steps of one life; how far it came stands in the record, so that the next life goes on there. */
const STEPS_A_LIFE = 200;

/** Holds all that is stored of an agent to the rules of today, some pages a step. */
export function* rescanEpisodes(context: OrchestrationContext): Steps<RescanResult | undefined> {
  const ref = context.df.getInput() as RecordRef;
  const { agent_id, id } = ref;
  const status = () => step(context, "readRescanStatus", { agent_id, id });
  try {
    const claim = yield* step(context, "claimRescan", { agent_id, id, instance_id: context.df.instanceId });
    if (claim.kind === "missing") return { status: "failed", error: claim.message };
    if (claim.kind !== "claimed") return yield* waitUntil(context, status, isEndedRescan);
    let isWaiting = true;
    for (let steps = 0; steps < STEPS_A_LIFE; steps++) {
      if (isWaiting && !(yield* becomesReady(context, { agent_id, id }))) {
        const message = "The change feeds have not scored everything that was recorded before the re-scan.";
        yield* lastWord(context, "failRescan", { agent_id, id, code: "feeds_behind", message });
        return yield* status();
      }
      const { done, waits, ...progress } = yield* step(context, "rescanPages", { agent_id, id });
      isWaiting = waits === true;
      context.df.setCustomStatus(progress);
      if (!done) continue;
      // Rules that were changed meanwhile are gone by from the beginning.
      const end = yield* step(context, "finishRescan", { agent_id, id });
      if (isEndedRescan(end)) return end;
    }
    context.df.continueAsNew({ agent_id, id } satisfies RecordRef);
    return undefined;
  } catch (fault) {
    const error = faultText(fault);
    yield* lastWord(context, "failRescan", { agent_id, id, code: "rescan_failed", message: error });
    return { status: "failed", error };
  }
}

function* becomesReady(context: OrchestrationContext, ref: RecordRef): Steps<boolean> {
  const deadline = context.df.currentUtcDateTime.getTime() + FEED_PATIENCE_MS;
  for (let wait = 1000; ; wait = Math.min(wait * 2, 10_000)) {
    const { ready } = yield* step(context, "isRescanReady", ref);
    if (ready) return true;
    if (context.df.currentUtcDateTime.getTime() >= deadline) return false;
    context.df.setCustomStatus({ scanning: "nothing yet: waiting for the feeds" });
    yield* pause(context, wait);
  }
}
