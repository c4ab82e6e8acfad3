import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { provisionCosmos } from "../../src/ledger/cosmos/provision.ts";
import { type FakeCosmos, startFakeCosmos } from "../fakes/cosmos/server.ts";
import { settingsFor } from "../ledger/cosmos/world.ts";
import { oneEpisode } from "./one-episode.ts";
import { openWorld, type World } from "./world.ts";

let cosmos: FakeCosmos;
beforeAll(async () => {
  cosmos = await startFakeCosmos({ chaos: { seed: 20_260_101, share: 0.05 } });
  await provisionCosmos(settingsFor(cosmos.endpoint, cosmos.key));
});
afterAll(() => cosmos.close());

/** Timeouts, throttling, lost answers and broken connections on the way change nothing of what comes out. */
oneEpisode(" on a Cosmos DB of which every twentieth request fails,", async (env) => {
  const world = await openWorld({
    ...env,
    COSMOS_ACCOUNT_URI: cosmos.endpoint,
    COSMOS_AUTH_MODE: "key",
    COSMOS_ACCOUNT_KEY: cosmos.key,
  });
  const close = async () => {
    // Who waits to send again waits for virtual time, which stands still once the host stops.
    cosmos.faults.calm();
    await world.settle();
    await world.close();
  };
  return Object.assign(Object.create(world) as World, { close });
});

it("met many faults on that way", () => {
  expect(cosmos.faults.struck()).toBeGreaterThan(30);
});
