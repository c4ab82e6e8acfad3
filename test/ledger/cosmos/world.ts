import { CosmosClient } from "@azure/cosmos";
import { readSettings } from "../../../src/config/settings.ts";
import { CONTAINER_KEYS, containerNames } from "../../../src/ledger/containers.ts";
import { wantedContainer } from "../../../src/ledger/cosmos/definitions.ts";

/** Settings that reach an account by its key, and nothing else of the environment. */
export const settingsFor = (endpoint: string, key: string, more: Record<string, string> = {}) =>
  readSettings({ COSMOS_ACCOUNT_URI: endpoint, COSMOS_AUTH_MODE: "key", COSMOS_ACCOUNT_KEY: key, ...more });

export type TestSettings = ReturnType<typeof settingsFor>;

/** The Entra token that the emulated account takes for a data contributor's. */
export const TOKEN = "a-token-of-a-data-contributor";

/** Shows that token. The SDK's own credentials refuse to be sent without TLS. */
export const AS_CONTRIBUTOR = { tokenProvider: async () => `type=aad&ver=1.0&sig=${TOKEN}` };
export const contributor = (endpoint: string) => new CosmosClient({ endpoint, ...AS_CONTRIBUTOR });

/** The ledger's containers with their hierarchical keys, or all with the plain key of older deployments. */
export async function makeContainers(
  endpoint: string,
  key: string,
  settings: TestSettings,
  { plain = false }: { readonly plain?: boolean } = {},
): Promise<void> {
  const client = new CosmosClient({ endpoint, key });
  const { database } = await client.databases.createIfNotExists({ id: settings.cosmosDatabaseName });
  const names = containerNames(settings);
  for (const c of CONTAINER_KEYS) {
    const wanted = wantedContainer(c, names[c], settings.partitionKeyField);
    const partitionKey = { paths: [`/${settings.partitionKeyField}`] };
    await database.containers.create(plain ? { ...wanted, partitionKey } : wanted);
  }
  client.dispose();
}
