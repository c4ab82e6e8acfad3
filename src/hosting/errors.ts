import {
  conflict,
  forbidden,
  invalid,
  isLightningError,
  type LightningError,
  messageOf,
  notFound,
  unavailable,
} from "../kernel/errors.ts";

/** Who may make and remove deployments (docs/facts.md#roles). */
const ROLE =
  "Give the app's identity the role Cognitive Services Contributor (25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68) on the Azure OpenAI account, or a custom role with Microsoft.CognitiveServices/accounts/deployments/read, write and delete; or make the deployment yourself and promote with deployment_name.";

interface ArmFault {
  readonly statusCode?: number | undefined;
  readonly code?: string | undefined;
  readonly response?: { readonly headers?: { get(name: string): string | undefined } } | undefined;
  readonly details?: { readonly error?: { readonly code?: string; readonly message?: string } } | undefined;
}

/** What Azure Resource Manager said, as the port's errors. */
export function toHostingError(thrown: unknown, what: string, now: number): LightningError {
  if (isLightningError(thrown)) return thrown;
  const fault = thrown as ArmFault;
  const code = fault.details?.error?.code ?? fault.code ?? "";
  const text = `${what}: ${(fault.details?.error?.message ?? messageOf(thrown)).slice(0, 1000)}`;
  const status = fault.statusCode;
  const facts = {
    cause: thrown,
    details: { ...(status === undefined ? {} : { status }), ...(code === "" ? {} : { code }) },
  };
  if (status === undefined) return unavailable("hosting_unreachable", text, { cause: thrown });
  if (status === 401 || status === 403)
    return forbidden("permission_missing", text, { ...facts, remedy: ROLE });
  if (isQuota(code, text) && status < 500)
    return conflict("deployment_quota", text, {
      ...facts,
      remedy:
        'Remove a deployment that no longer serves (promote with prune: "oldest_inactive" does it), lower LIGHTNING_DEPLOYMENT_CAPACITY, or ask Azure for more.',
    });
  if (status === 404)
    return notFound("hosting_account_missing", text, {
      ...facts,
      remedy: "Check AZURE_SUBSCRIPTION_ID, AZURE_RESOURCE_GROUP and AZURE_OPENAI_ACCOUNT.",
    });
  // 409: another operation on the account is under way; it ends by itself.
  if (status === 409 || status === 429)
    return unavailable("hosting_busy", text, { ...facts, retryAfterMs: retryAfterMs(fault, now) });
  if (status === 408 || status === 412 || status >= 500)
    return unavailable("hosting_unavailable", text, { ...facts, retryAfterMs: retryAfterMs(fault, now) });
  return invalid("hosting_rejected", text, facts);
}

/**
 * `InsufficientQuota` is what a lack of tokens a minute is called; the code for an eleventh fine-tuned deployment is
 * not documented, so the words are looked at too. Too many requests are no quota.
 */
export function isQuota(code: string, message: string): boolean {
  if (/TooManyRequests/i.test(code)) return false;
  return (
    /quota/i.test(code) ||
    /\bquota\b/i.test(message) ||
    /(maximum|limit|too many)[^.]*\bdeployments?\b|\bdeployments?\b[^.]*\b(limit|maximum)\b/i.test(message)
  );
}

/** `retry-after`, in seconds or as a date. */
function retryAfterMs(fault: ArmFault, now: number): number | undefined {
  const text = fault.response?.headers?.get("retry-after");
  if (!text) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
