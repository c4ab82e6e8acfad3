import type { Settings } from "../config/settings.ts";
import type { Clock } from "../kernel/clock.ts";
import { fatal, messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { createProvider } from "./openai-provider.ts";
import type { Provider } from "./provider.ts";

type ProviderSettings = Pick<
  Settings,
  "openaiEndpoint" | "foundryProjectEndpoint" | "openaiApiKey" | "openaiAudience" | "providerTimeoutSeconds"
>;

/** Azure's provider as the settings name it; undefined when they name none (then the local provider answers). */
export function providerFromSettings(
  settings: ProviderSettings,
  { logger, clock }: { readonly logger: Logger; readonly clock?: Pick<Clock, "now"> },
  fetch?: typeof globalThis.fetch,
): Provider | undefined {
  const endpoint = settings.openaiEndpoint ?? settings.foundryProjectEndpoint;
  if (endpoint === undefined) return undefined;
  return createProvider({
    kind: "azure",
    baseURL: v1BaseUrl(endpoint),
    apiKey: settings.openaiApiKey ?? entraToken(settings.openaiAudience),
    logger,
    clock,
    timeoutMs: settings.providerTimeoutSeconds * 1000,
    ...(fetch === undefined ? {} : { fetch }),
  });
}

/**
 * `https://x.openai.azure.com`, a Foundry project endpoint (`…/api/projects/p`: the text before it is the base) and
 * either with `/openai` or `/openai/v1` already there all come out as `…/openai/v1/`.
 */
export function v1BaseUrl(endpoint: string): string {
  const url = new URL(endpoint);
  const base = url.pathname.replace(/\/api\/projects(\/.*)?$/, "").replace(/\/openai(\/v1)?\/*$/, "");
  return `${url.origin}${base.replace(/\/*$/, "")}/openai/v1/`;
}

/** A token for every request; @azure/identity keeps and renews it. Loaded only when there is no key. */
function entraToken(audience: string): () => Promise<string> {
  let provider: Promise<() => Promise<string>> | undefined;
  return async () => {
    provider ??= import("@azure/identity").then(({ DefaultAzureCredential, getBearerTokenProvider }) =>
      getBearerTokenProvider(new DefaultAzureCredential(), audience),
    );
    try {
      return await (await provider)();
    } catch (error) {
      throw fatal("no_credential", `No Microsoft Entra token for ${audience}: ${messageOf(error)}`, {
        cause: error,
        remedy: "Sign in (az login), give the app an identity, or set AZURE_OPENAI_API_KEY.",
      });
    }
  };
}
