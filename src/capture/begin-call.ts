import { OpenCall, type OpenCallOptions } from "./calls/open-call.ts";
import type { Belonging, CaptureHook } from "./capture.ts";
import { snapshot } from "./snapshot.ts";

/** Told for each call: who and where it belongs to. */
export type CallContext = () => Belonging;

/**
 * A call begins, of which a client or framework tells in objects of its own; it becomes one episode when it ends.
 * What was asked is copied now and read where nobody waits.
 */
export function beginCall(
  hook: CaptureHook,
  context: CallContext,
  told: Pick<OpenCallOptions, "provider" | "form" | "body" | "request">,
): { readonly call: OpenCall; readonly now: () => number; readonly remember: (answer: unknown) => void } {
  const opened = hook.openModelCall(context);
  const body = snapshot(told.body);
  const call = new OpenCall({
    ...told,
    body: body.value,
    now: opened.now,
    onResponseId: opened.remember,
    done: (make, bytes) => opened.end(make, body.bytes + bytes),
  });
  opened.onClose(() => call.abandoned());
  return { call, now: opened.now, remember: opened.remember };
}

/** A fault of capture's is never the agent's. */
export function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
