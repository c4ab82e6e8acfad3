import type { Settings } from "../../config/settings.ts";
import type { PolicyOf, RedactionPolicy } from "../../redaction/policy.ts";
import { STANDARD } from "../../redaction/redact.ts";

/** What an agent's golden lines are redacted by; undefined: LIGHTNING_REDACT_SECRETS is off. */
export async function goldenPolicy(
  settings: Pick<Settings, "redactSecrets">,
  agentId: string,
  policyOf: PolicyOf | undefined,
): Promise<RedactionPolicy | undefined> {
  if (!settings.redactSecrets) return undefined;
  return (await policyOf?.(agentId)) ?? STANDARD;
}
