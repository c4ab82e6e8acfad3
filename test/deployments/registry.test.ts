import { jest } from "@jest/globals";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { openCosmosLedger } from "../../src/ledger/cosmos/open.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { describeRegistry } from "../contracts/registry.ts";
import { startFakeCosmos } from "../fakes/cosmos/server.ts";
import { makeContainers, settingsFor } from "../ledger/cosmos/world.ts";

jest.setTimeout(60_000);

describeRegistry(
  "the embedded ledger",
  async () => {
    const clock = new VirtualClock();
    const ledger = openSqliteLedger({ file: ":memory:", clock });
    return { ledger, clock, close: () => ledger.close() };
  },
  { runs: 80 },
);

describeRegistry(
  "Cosmos DB, emulated",
  async () => {
    const clock = new VirtualClock();
    const cosmos = await startFakeCosmos({ clock });
    const settings = settingsFor(cosmos.endpoint, cosmos.key);
    await makeContainers(cosmos.endpoint, cosmos.key, settings);
    const ledger = openCosmosLedger({ settings, clock });
    const close = async () => {
      await ledger.close();
      await cosmos.close();
    };
    return { ledger, clock, close };
  },
  { runs: 25 },
);
