import type { CosmosClient } from "@azure/cosmos";
import type { Settings } from "../../config/settings.ts";
import { fatal } from "../../kernel/errors.ts";

export type CosmosSettings = Pick<
  Settings,
  | "cosmosAccountUri"
  | "cosmosDatabaseName"
  | "cosmosAuthMode"
  | "cosmosAccountKey"
  | "containerEpisodes"
  | "containerRewards"
  | "containerDatasets"
  | "containerRuns"
  | "containerDeployments"
  | "partitionKeyField"
>;

/**
 * One client for the process. The SDK waits out a few 429s itself; its own budget of 30 s is too long for a request, so
 * the rest goes to the caller as back-pressure. The packages are loaded here, so that a laptop without Cosmos never is.
 */
export async function openClient(settings: CosmosSettings): Promise<CosmosClient> {
  const endpoint = settings.cosmosAccountUri;
  if (endpoint === undefined)
    throw fatal("cosmos_not_configured", "COSMOS_ACCOUNT_URI is not set.", {
      remedy: "Set it to the account's endpoint, https://<account>.documents.azure.com:443/.",
    });
  const { CosmosClient: Client } = await import("@azure/cosmos");
  return new Client({
    endpoint,
    ...(await credential(settings)),
    connectionPolicy: {
      requestTimeout: 15_000,
      retryOptions: { maxRetryAttemptCount: 4, fixedRetryIntervalInMilliseconds: 0, maxWaitTimeInSeconds: 5 },
    },
  });
}

async function credential({ cosmosAuthMode, cosmosAccountKey }: CosmosSettings) {
  if (cosmosAuthMode === "key") {
    if (cosmosAccountKey === undefined)
      throw fatal("cosmos_not_configured", "COSMOS_ACCOUNT_KEY is needed when COSMOS_AUTH_MODE is key.");
    return { key: cosmosAccountKey };
  }
  const { DefaultAzureCredential } = await import("@azure/identity");
  return { aadCredentials: new DefaultAzureCredential() };
}
