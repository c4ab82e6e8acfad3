import { randomUUID } from "node:crypto";
import { CosmosClient } from "@azure/cosmos";
import { jest, test } from "@jest/globals";
import { systemClock, VirtualClock } from "../../../src/kernel/clock.ts";
import { openCosmosLedger } from "../../../src/ledger/cosmos/open.ts";
import { provisionCosmos } from "../../../src/ledger/cosmos/provision.ts";
import { describeLedger } from "../../contracts/ledger.ts";
import { settingsFor } from "./world.ts";

/**
 * The same contract against a real account or Microsoft's emulator, for whoever has one: set LIGHTNING_TEST_COSMOS_URI
 * and LIGHTNING_TEST_COSMOS_KEY. It makes a database of its own and deletes it.
 */
const endpoint = process.env.LIGHTNING_TEST_COSMOS_URI;
/** The key that every emulator has (https://learn.microsoft.com/azure/cosmos-db/emulator). */
const EMULATOR_KEY =
  "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==";
const key = process.env.LIGHTNING_TEST_COSMOS_KEY ?? EMULATOR_KEY;

jest.setTimeout(600_000);

// oxlint-disable jest/expect-expect, jest/no-disabled-tests -- skipped with its reason, for want of an account
if (endpoint === undefined)
  test.skip("the ledger port on an account (LIGHTNING_TEST_COSMOS_URI is not set)", () => {});
else
  describeLedger(
    `Cosmos DB at ${new URL(endpoint).host}`,
    async () => {
      const settings = settingsFor(endpoint, key, {
        COSMOS_DATABASE_NAME: `lightning_test_${randomUUID().slice(0, 8)}`,
      });
      await provisionCosmos(settings);
      const ledger = openCosmosLedger({ settings, clock: systemClock });
      const close = async () => {
        await ledger.close();
        const client = new CosmosClient({ endpoint, key });
        await client.database(settings.cosmosDatabaseName).delete();
        client.dispose();
      };
      return { ledger, clock: new VirtualClock(), close };
    },
    {
      oracleRuns: 10,
      skip: [
        {
          reason: "an account's time cannot be moved",
          tests: [
            "answers what was created, with an etag and the second of the write",
            "sets its own fields itself, whatever a document read before carries",
            "hides a document everywhere once its seconds are over",
            "lets an id be used again after its document has expired",
            "counts the seconds from the last write",
          ],
        },
        {
          reason: "what the service adds counts against the 2 MB",
          tests: ["takes a document of 2 MB and refuses one byte more"],
        },
      ],
    },
  );
