import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from "openai";
import {
  invalid,
  isLightningError,
  type LightningError,
  messageOf,
  notFound,
  unavailable,
} from "../kernel/errors.ts";

/** Never reached the server, so nothing can have been carried out there. */
const NOT_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/**
 * What the `openai` package threw, as the port's errors. `creates` is true for requests that make something: when such
 * a one was sent and its outcome is not known, the error is `ambiguous`.
 */
export function toProviderError(
  thrown: unknown,
  what: string,
  creates: boolean,
  now: number,
): LightningError {
  if (isLightningError(thrown)) return thrown;
  if (thrown instanceof APIUserAbortError)
    return unavailable("provider_aborted", `${what}: the call was given up.`, {
      cause: thrown,
      ambiguous: creates,
    });
  if (thrown instanceof APIConnectionTimeoutError) return timedOut(what, creates, thrown);
  if (thrown instanceof APIConnectionError) {
    const code = systemCode(thrown);
    return unavailable(
      "provider_unreachable",
      `${what}: no connection to the provider${code === undefined ? "" : ` (${code})`}.`,
      { cause: thrown, ambiguous: creates && !(code !== undefined && NOT_SENT.has(code)) },
    );
  }
  if (!(thrown instanceof APIError))
    // A reply that is not what the contract says, or a token that could not be had: reported as it is.
    return unavailable("provider_unreachable", `${what}: ${messageOf(thrown)}`, {
      cause: thrown,
      ambiguous: creates,
    });
  const status: number = thrown.status ?? 0;
  const text = detail(thrown);
  // A base model that is not there is an answer to whoever wants it trained; whatever else is missing may come.
  if (status === 404 && !(creates && thrown.code === "model_not_found"))
    return notFound("provider_missing", `${what}: ${text}`, { cause: thrown, details: facts(thrown) });
  if (status === 408 || status === 429 || status >= 500)
    return unavailable(
      status === 429 ? "provider_busy" : "provider_unavailable",
      `${what}: the provider answered ${status}. ${text}`,
      {
        cause: thrown,
        retryAfterMs: retryAfterMs(thrown.headers, now),
        // 429 is decided before anything is done; after 408 and 5xx it may have been done.
        ambiguous: creates && status !== 429,
      },
    );
  return invalid("provider_rejected", `${what}: ${text}`, {
    cause: thrown,
    details: facts(thrown),
    ...(status === 401 || status === 403
      ? {
          remedy:
            "Check AZURE_OPENAI_API_KEY, or that the identity has a role on the resource that allows this (Cognitive Services OpenAI Contributor for training).",
        }
      : {}),
  });
}

/** The provider took longer than it may. */
export const timedOut = (what: string, creates: boolean, cause?: unknown): LightningError =>
  unavailable("provider_timeout", `${what}: the provider did not answer in time.`, {
    cause,
    ambiguous: creates,
  });

function systemCode(error: Error): string | undefined {
  for (let at: unknown = error, depth = 0; at !== undefined && at !== null && depth < 6; depth++) {
    const { code, cause } = at as { code?: unknown; cause?: unknown };
    if (typeof code === "string") return code;
    at = cause;
  }
  return undefined;
}

function detail(error: APIError): string {
  const inner: { message?: unknown } | undefined = error.error;
  return typeof inner?.message === "string" && inner.message !== "" ? inner.message : error.message;
}

function facts(error: APIError) {
  return {
    status: error.status,
    ...(error.code ? { code: error.code } : {}),
    ...(error.param ? { param: error.param } : {}),
    ...(error.requestID ? { request_id: error.requestID } : {}),
  };
}

/** `retry-after-ms`, else `retry-after` in seconds or as a date. */
function retryAfterMs(headers: Headers | undefined, now: number): number | undefined {
  const exact = Number(headers?.get("retry-after-ms") || Number.NaN);
  if (Number.isFinite(exact)) return Math.max(0, exact);
  const text = headers?.get("retry-after");
  if (!text) return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
