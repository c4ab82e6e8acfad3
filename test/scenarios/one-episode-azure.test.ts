import { BlobServiceClient } from "@azure/storage-blob";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { provisionCosmos } from "../../src/ledger/cosmos/provision.ts";
import { type Azurite, startAzurite } from "../fakes/azurite.ts";
import { type FakeCosmos, startFakeCosmos } from "../fakes/cosmos/server.ts";
import { settingsFor } from "../ledger/cosmos/world.ts";
import { oneEpisode } from "./one-episode.ts";
import { openWorld } from "./world.ts";

let cosmos: FakeCosmos;
let azurite: Azurite;
beforeAll(async () => {
  [cosmos, azurite] = await Promise.all([startFakeCosmos(), startAzurite()]);
  await provisionCosmos(settingsFor(cosmos.endpoint, cosmos.key));
});
afterAll(async () => {
  await cosmos.close();
  azurite.close();
});

/** The same app: nothing but the environment says that its ledger and its files are elsewhere. */
oneEpisode(" on Cosmos DB and Blob Storage, both emulated,", (env) =>
  openWorld({
    ...env,
    COSMOS_ACCOUNT_URI: cosmos.endpoint,
    COSMOS_AUTH_MODE: "key",
    COSMOS_ACCOUNT_KEY: cosmos.key,
    LIGHTNING_FILES_CONNECTION_STRING: azurite.connectionString,
  }),
);

it("left its records in the account and its files in the blob container", async () => {
  expect(cosmos.requests.some((line) => /^POST .*\/colls\/rl_episodes\/docs/.test(line))).toBe(true);
  const client = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const names: string[] = [];
  for await (const { name } of client.getContainerClient("lightning-datasets").listBlobsFlat())
    names.push(name);
  expect(names).toContainEqual(expect.stringMatching(/^dataset-.*\/v1_train_\d+\.jsonl$/));
});
