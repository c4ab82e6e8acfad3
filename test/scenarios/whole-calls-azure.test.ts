import { afterAll, beforeAll } from "@jest/globals";
import { provisionCosmos } from "../../src/ledger/cosmos/provision.ts";
import { type Azurite, startAzurite } from "../fakes/azurite.ts";
import { type FakeCosmos, startFakeCosmos } from "../fakes/cosmos/server.ts";
import { settingsFor } from "../ledger/cosmos/world.ts";
import { wholeCalls } from "./whole-calls.ts";
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

wholeCalls(" on Cosmos DB and Blob Storage, both emulated,", (env) =>
  openWorld({
    ...env,
    COSMOS_ACCOUNT_URI: cosmos.endpoint,
    COSMOS_AUTH_MODE: "key",
    COSMOS_ACCOUNT_KEY: cosmos.key,
    LIGHTNING_FILES_CONNECTION_STRING: azurite.connectionString,
  }),
);
