import type { CognitiveServicesManagementClient } from "@azure/arm-cognitiveservices";
import type { Settings } from "../../config/settings.ts";
import { fatal, messageOf } from "../../kernel/errors.ts";

/** What of `@azure/core-auth`'s TokenCredential is used. */
export interface Credential {
  getToken(scope: string): Promise<{ token: string; expiresOnTimestamp: number } | null>;
}

export type ArmSettings = Pick<
  Settings,
  | "azureSubscriptionId"
  | "azureResourceGroup"
  | "openaiAccount"
  | "armEndpoint"
  | "armAudience"
  | "armTimeoutSeconds"
>;

/** Where the account is. */
export interface Account {
  readonly subscription: string;
  readonly group: string;
  readonly name: string;
}

/** The account that the settings name; undefined when they name none. */
export function accountOf(settings: ArmSettings): Account | undefined {
  const { azureSubscriptionId: subscription, azureResourceGroup: group, openaiAccount: name } = settings;
  if (subscription === undefined || group === undefined || name === undefined) return undefined;
  return { subscription, group, name };
}

/** The management client, without retries: the orchestration retries by durable timers, which survive a crash. */
export async function openClient(
  settings: ArmSettings,
  account: Account,
  credential: Credential,
): Promise<CognitiveServicesManagementClient> {
  const { CognitiveServicesManagementClient: Client } = await import("@azure/arm-cognitiveservices");
  const endpoint = settings.armEndpoint.replace(/\/+$/, "");
  const client = new Client(credential, account.subscription, {
    endpoint,
    credentialScopes: settings.armAudience,
    retryOptions: { maxRetries: 0 },
    allowInsecureConnection: isLoopback(endpoint),
  });
  if (isLoopback(endpoint)) {
    // The package's own policy sends no token over plain http; to this machine itself it may go.
    client.pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });
    client.pipeline.addPolicy({
      name: "loopbackToken",
      async sendRequest(request, next) {
        if (!isLoopback(request.url))
          throw fatal("foreign_address", "An operation leads away from this machine.");
        const token = (await credential.getToken(settings.armAudience))?.token;
        request.headers.set("authorization", `Bearer ${token ?? ""}`);
        return next(request);
      },
    });
  }
  return client;
}

const isLoopback = (url: string) => /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/|$)/.test(url);

/** The identity of the app or of who is signed in; loaded at the first token. */
export function defaultCredential(): Credential {
  let made: Promise<Credential> | undefined;
  return {
    async getToken(scope) {
      made ??= import("@azure/identity").then(
        ({ DefaultAzureCredential }) => new DefaultAzureCredential() as Credential,
      );
      try {
        return await (await made).getToken(scope);
      } catch (error) {
        throw fatal("no_credential", `No Microsoft Entra token for ${scope}: ${messageOf(error)}`, {
          cause: error,
          remedy: "Sign in (az login), or give the app an identity.",
        });
      }
    },
  };
}
