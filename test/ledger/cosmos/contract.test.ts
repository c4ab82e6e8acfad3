import { VirtualClock } from "../../../src/kernel/clock.ts";
import { openCosmosLedger } from "../../../src/ledger/cosmos/open.ts";
import { describeLedger, type Skip } from "../../contracts/ledger.ts";
import { startFakeCosmos } from "../../fakes/cosmos/server.ts";
import { makeContainers, settingsFor } from "./world.ts";

interface Variant {
  readonly plain?: boolean;
  readonly field?: string;
  readonly partitions?: 1 | 4;
}

function variant(name: string, { field, ...options }: Variant, skip: readonly Skip[] = []): void {
  const make = async () => {
    const clock = new VirtualClock();
    const cosmos = await startFakeCosmos({ clock, ...options });
    const more = {
      // The emulated account computes in this process, however slow the machine.
      LIGHTNING_LEDGER_TIMEOUT_SECONDS: "80",
      ...(field === undefined ? {} : { COSMOS_PARTITION_KEY_FIELD: field }),
    };
    const settings = settingsFor(cosmos.endpoint, cosmos.key, more);
    await makeContainers(cosmos.endpoint, cosmos.key, settings, options);
    const ledger = openCosmosLedger({ settings, clock });
    const close = async () => {
      await ledger.close();
      await cosmos.close();
    };
    return { ledger, clock, close };
  };
  describeLedger(`Cosmos DB, emulated: ${name}`, make, { oracleRuns: 15, skip });
}

variant("its own containers, two physical partitions", {});
variant("containers with the plain key of older deployments", { plain: true }, [
  {
    reason: "an id is unique in the whole plain partition",
    tests: [
      "pages through ids that repeat across partition keys",
      "keeps the documents of one hierarchical key apart from another's",
    ],
  },
]);
variant("a first key field of another name, four physical partitions", { field: "tenant_id", partitions: 4 });
