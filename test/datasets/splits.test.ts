import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { systemClock } from "../../src/kernel/clock.ts";
import { openCosmosLedger } from "../../src/ledger/cosmos/open.ts";
import { type FakeCosmos, startFakeCosmos } from "../fakes/cosmos/server.ts";
import { makeContainers, settingsFor } from "../ledger/cosmos/world.ts";
import { episode, examplesIn, makeWorld, type World } from "./world.ts";

jest.setTimeout(120_000);

const EPISODES = 400;
let cosmos: FakeCosmos;
let world: World;

beforeEach(async () => {
  cosmos = await startFakeCosmos();
  const settings = settingsFor(cosmos.endpoint, cosmos.key);
  await makeContainers(cosmos.endpoint, cosmos.key, settings);
  world = await makeWorld({}, undefined, openCosmosLedger({ settings, clock: systemClock }));
  await world.store(...Array.from({ length: EPISODES }, (_, n) => episode(n)));
});
afterEach(async () => {
  await world.close();
  await cosmos.close();
});

/** A build, with the partitions splitting or merging at every so many of its requests. */
async function buildWhile(name: string, moves: readonly (() => void)[], every: number) {
  const from = cosmos.requests.length;
  let moved = 0;
  cosmos.knobs.onRequest = () => {
    if ((cosmos.requests.length - from) % every === 0) moves[moved++]?.();
  };
  const dataset = await world.build({ name });
  cosmos.knobs.onRequest = undefined;
  return { dataset, moved: Math.min(moved, moves.length), requests: cosmos.requests.length - from };
}

test("a dataset in the middle of whose build the partitions split and merge is the same, in at most twice the requests", async () => {
  const split = () => cosmos.split();
  const quiet = await buildWhile("quiet", [], 1);
  expect(examplesIn(quiet.dataset)).toBe(EPISODES);
  const every = Math.floor(quiet.requests / 5);
  const moving = await buildWhile("moving", [split, split, () => cosmos.merge(), split], every);
  expect(moving.moved).toBe(4);
  expect(moving.dataset).toMatchObject({
    status: "ready",
    content_hash: quiet.dataset.content_hash,
  });
  expect(examplesIn(moving.dataset)).toBe(EPISODES);
  expect(moving.requests).toBeLessThanOrEqual(2 * quiet.requests + 40);
});
