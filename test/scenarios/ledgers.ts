import { provisionCosmos } from "../../src/ledger/cosmos/provision.ts";
import { startFakeCosmos } from "../fakes/cosmos/server.ts";
import { settingsFor } from "../ledger/cosmos/world.ts";
import { openWorld, type World, type WorldOptions } from "./world.ts";

type OpenWorld = (env?: Record<string, string>, options?: WorldOptions) => Promise<World>;

/** The same app on the emulated account: nothing but the environment says that its ledger is elsewhere. */
const onCosmos: OpenWorld = async (env = {}, options = {}) => {
  const cosmos = await startFakeCosmos();
  await provisionCosmos(settingsFor(cosmos.endpoint, cosmos.key));
  const world = await openWorld(
    {
      ...env,
      COSMOS_ACCOUNT_URI: cosmos.endpoint,
      COSMOS_AUTH_MODE: "key",
      COSMOS_ACCOUNT_KEY: cosmos.key,
    },
    options,
  );
  const close = async () => {
    await world.close();
    await cosmos.close();
  };
  // The world's host and app are other ones after a restart: they are asked for each time.
  return new Proxy(world, {
    get: (target, name) => (name === "close" ? close : (Reflect.get(target, name) as unknown)),
  });
};

/** Both ledgers, for stories that must end the same on each. */
export const LEDGERS: readonly (readonly [string, OpenWorld])[] = [
  ["SQLite", openWorld],
  ["Cosmos DB, emulated", onCosmos],
];
