import type { CosmosClient, CosmosClientOptions } from "@azure/cosmos";
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
  | "ledgerTimeoutSeconds"
>;

/** How a client shows who it is, in place of what the settings say. */
export type SignIn = Pick<CosmosClientOptions, "tokenProvider">;

/** The account, reached by one client at a time. */
export interface Connection {
  /**
   * The client of this moment; to be asked for anew at every send. When the partitions of a container have moved, the
   * former client's map of them is wrong for good (docs/facts.md#cosmos-splits) and another takes its place. What is
   * under way on the former one still ends there.
   */
  readonly client: CosmosClient;
  close(): void;
}

/**
 * The SDK waits out a few 429s itself; its own budget of 30 s is too long for a request, so the rest goes to the caller
 * as back-pressure. The packages are loaded here, so that a laptop without Cosmos never is.
 */
export async function connect(settings: CosmosSettings, signIn?: SignIn): Promise<Connection> {
  const endpoint = settings.cosmosAccountUri;
  if (endpoint === undefined)
    throw fatal("cosmos_not_configured", "COSMOS_ACCOUNT_URI is not set.", {
      remedy: "Set it to the account's endpoint, https://<account>.documents.azure.com:443/.",
    });
  const [{ CosmosClient: Client }, { createTransport }] = await Promise.all([
    import("@azure/cosmos"),
    import("./transport.ts"),
  ]);
  const shown = signIn ?? (await credential(settings));
  let current: CosmosClient | undefined;

  const open = (): CosmosClient => {
    const client: CosmosClient = new Client({
      endpoint,
      ...shown,
      httpClient: createTransport(() => {
        // Of many queries that find the same move out, the first alone replaces the client.
        if (current !== client) return;
        current = undefined;
        client.dispose();
      }),
      connectionPolicy: {
        requestTimeout: Math.min(15_000, settings.ledgerTimeoutSeconds * 1000),
        retryOptions: {
          maxRetryAttemptCount: 4,
          fixedRetryIntervalInMilliseconds: 0,
          maxWaitTimeInSeconds: 5,
        },
      },
    });
    return client;
  };

  return {
    get client() {
      current ??= open();
      return current;
    },
    close: () => current?.dispose(),
  };
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
