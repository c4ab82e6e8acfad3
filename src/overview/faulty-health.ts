import { systemClock, toIso } from "../kernel/clock.ts";
import { type ErrorBody, isLightningError } from "../kernel/errors.ts";
import type { Check, Health } from "./contract.ts";

/** Health and error in one body: whoever asks for health finds it, and whoever shows errors shows the reason. */
interface FaultyHealth {
  readonly status: 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly jsonBody: Health & ErrorBody;
}

/**
 * What `health` answers in place of an app that could not be composed: 503, and a check that failed for each faulty
 * setting, under its name. Of a fault that is not our own the text is left out, for it may hold a secret.
 * @param thrown what composing the app threw
 */
export function faultyHealth(thrown: unknown): FaultyHealth {
  const error = isLightningError(thrown)
    ? thrown.toBody().error
    : {
        code: "app_not_open",
        message: `The app could not be opened: ${thrown instanceof Error ? thrown.name : typeof thrown}.`,
        remedy: "The log of the start says more; correct the cause and restart the app.",
      };
  return {
    status: 503,
    headers: { "cache-control": "no-store", "x-content-type-options": "nosniff" },
    jsonBody: {
      status: "unhealthy",
      checks: checksOf(error),
      checked_at: toIso(systemClock.now()),
      error,
    },
  };
}

/** A fault begins with the variable that it is about: `LIGHTNING_EPOCHS ("many"): must be a number`. */
function checksOf({ code, message, details }: ErrorBody["error"]): Record<string, Check> {
  const { faults } = (details ?? {}) as { readonly faults?: readonly string[] };
  if (faults === undefined) return { app: { ok: false, code, message } };
  const checks: Record<string, Check> = {};
  for (const fault of faults) {
    const name = /^\w+/.exec(fault)?.[0] ?? "settings";
    const earlier = checks[name]?.message;
    checks[name] = { ok: false, code, message: earlier === undefined ? fault : `${earlier}\n${fault}` };
  }
  return checks;
}
