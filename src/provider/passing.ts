import { isLightningError, type LightningError } from "../kernel/errors.ts";

/** The provider's own fault, and not the ledger's: it says nothing about what was asked for. */
export const isProvidersFault = (error: unknown): error is LightningError =>
  isLightningError(error) && (error.code.startsWith("provider_") || error.code === "no_credential");

/** A key or role that is not there yet comes within minutes, and one that is wrong does not come at all. */
const ACCESS_MS = 15 * 60_000;

/**
 * How long such a fault is waited out (retry, back-off) before it is taken for an answer. `outage`: what a busy or
 * absent provider is given; `made`: what is asked was made lately, so a 404 may say that it is not ready yet; 0: it is
 * an answer.
 */
export function patienceMs(error: LightningError, outage: number, made = false): number {
  if (error.kind === "unavailable" || error.code === "no_credential") return outage;
  const isEarly = deniesAccess(error) || (made && error.code === "provider_missing");
  return isEarly ? Math.min(ACCESS_MS, outage) : 0;
}

function deniesAccess({ code, details }: LightningError): boolean {
  const status = (details as { status?: unknown } | undefined)?.status;
  return code === "provider_rejected" && (status === 401 || status === 403);
}
