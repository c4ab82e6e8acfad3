import { toIso } from "../kernel/clock.ts";
import type { Pipeline } from "./contract.ts";
import { isEndedPipeline } from "./status.ts";

/** Why a decision comes too late, too early or twice; undefined when it may be stored. */
export function decisionFault(
  pipeline: Pipeline,
  now: number,
): { code: string; message: string } | undefined {
  const { id, decision, approval_until: until } = pipeline;
  if (decision !== undefined)
    return {
      code: "already_decided",
      message: `Pipeline ${id} was ${decision.approved ? "approved" : "rejected"} at ${decision.at}.`,
    };
  if (pipeline.outcome === "approval_timeout" || (until !== undefined && toIso(now) >= until))
    return {
      code: "approval_closed",
      message: `Pipeline ${id} waited for a decision until ${until ?? "its end"}.`,
    };
  if (pipeline.status !== "waiting_for_approval")
    return { code: "not_waiting_for_approval", message: `Pipeline ${id} does not wait for a decision.` };
  return undefined;
}

/** Whether a run was there before the pipeline that came to it: an equal request met it, nothing was trained. */
export const metBefore = (pipeline: Pipeline, run: { readonly created_at: string }): boolean =>
  run.created_at < pipeline.created_at;

/**
 * A record that nobody took up within this time was left behind by a process that died before it could start the
 * orchestration: it does not keep an agent from being retrained.
 */
const ABANDONED_AFTER_MS = 3_600_000;

export function isUnderWay(pipeline: Pipeline, now: number): boolean {
  if (isEndedPipeline(pipeline)) return false;
  return pipeline.claimed_by !== undefined || now - Date.parse(pipeline.created_at) < ABANDONED_AFTER_MS;
}
