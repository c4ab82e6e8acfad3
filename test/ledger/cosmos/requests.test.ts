import { afterEach, expect, test } from "@jest/globals";
import { systemClock } from "../../../src/kernel/clock.ts";
import { openCosmosLedger } from "../../../src/ledger/cosmos/open.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { episode, reward, run } from "../../contracts/ledger/samples.ts";
import { type FakeCosmos, startFakeCosmos } from "../../fakes/cosmos/server.ts";
import { makeContainers, settingsFor } from "./world.ts";

let cosmos: FakeCosmos;
let ledger: Ledger;
afterEach(async () => {
  await ledger.close();
  await cosmos.close();
});

/**
 * Requests of each read once the account, the container and its map are known. A prefix of a hierarchical key is asked of
 * the one partition that holds it, after the plan.
 */
const READS: Record<string, readonly [requests: number, read: () => Promise<unknown>]> = {
  "a read": [1, () => ledger.read("runs", ["a"], "r1")],
  "a query within one partition": [1, () => ledger.query("runs", { pk: ["a"], limit: 10 })],
  "a count within one partition": [1, () => ledger.count("runs", { pk: ["a"] })],
  "a query within one level of two": [2, () => ledger.query("episodes", { pk: ["a"], limit: 10 })],
  "a count within one level of two": [2, () => ledger.count("rewards", { pk: ["a"] })],
  "a query within both levels": [1, () => ledger.query("rewards", { pk: ["a", "e1"], limit: 10 })],
  "a count of a container with four partitions": [5, () => ledger.count("episodes", {})],
};

test.each(
  ["agent_id", "tenant_id"].flatMap((field) => Object.keys(READS).map((what) => [what, field] as const)),
)("%s costs as few requests as it can, with %s as the key's first field", async (what, field) => {
  cosmos = await startFakeCosmos({ partitions: 4 });
  const settings = settingsFor(cosmos.endpoint, cosmos.key, { COSMOS_PARTITION_KEY_FIELD: field });
  await makeContainers(cosmos.endpoint, cosmos.key, settings);
  ledger = openCosmosLedger({ settings, clock: systemClock });
  await ledger.create("runs", run("a", "r1"));
  await ledger.create("episodes", episode("a", "e1"));
  await ledger.create("rewards", reward("a", "e1", "r1"));
  const [requests, read] = READS[what] ?? [0, () => Promise.resolve()];
  await read();
  const from = cosmos.requests.length;
  await read();
  expect(cosmos.requests.slice(from)).toHaveLength(requests);
});
