import { afterAll, beforeAll } from "@jest/globals";
import { provisionCosmos } from "../../src/ledger/cosmos/provision.ts";
import { type FakeCosmos, startFakeCosmos } from "../fakes/cosmos/server.ts";
import { settingsFor } from "../ledger/cosmos/world.ts";
import { idempotentPosts } from "./idempotent-posts.ts";
import { openWorld } from "./world.ts";

let cosmos: FakeCosmos;
beforeAll(async () => {
  cosmos = await startFakeCosmos();
  await provisionCosmos(settingsFor(cosmos.endpoint, cosmos.key));
});
afterAll(() => cosmos.close());

idempotentPosts(
  "Cosmos DB, emulated",
  () =>
    openWorld({
      LIGHTNING_AGENT_ID: "storm-desk",
      USE_TUNED_MODEL: "true",
      COSMOS_ACCOUNT_URI: cosmos.endpoint,
      COSMOS_AUTH_MODE: "key",
      COSMOS_ACCOUNT_KEY: cosmos.key,
    }),
  "after a kill",
);
