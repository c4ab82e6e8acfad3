import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { systemClock } from "../../src/kernel/clock.ts";
import { openCosmosLedger } from "../../src/ledger/cosmos/open.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { createOverviewService } from "../../src/overview/service.ts";
import { RUN_STATUSES } from "../../src/training/contract.ts";
import { episode, reward, run, second } from "../contracts/ledger/samples.ts";
import { type FakeCosmos, startFakeCosmos } from "../fakes/cosmos/server.ts";
import { makeContainers, settingsFor } from "../ledger/cosmos/world.ts";

let cosmos: FakeCosmos;
let ledger: Ledger;
let settings: ReturnType<typeof settingsFor>;

beforeEach(async () => {
  cosmos = await startFakeCosmos();
  settings = settingsFor(cosmos.endpoint, cosmos.key);
  await makeContainers(cosmos.endpoint, cosmos.key, settings);
  ledger = openCosmosLedger({ settings, clock: systemClock });
  const judged = { reward_count: 1, reward_avg: 0.5 };
  await ledger.bulk(
    "episodes",
    "create",
    Array.from({ length: 40 }, (_, n) => episode("a", `e${n}`, { created_at: second(n), ...judged })),
  );
  await ledger.bulk(
    "rewards",
    "create",
    Array.from({ length: 40 }, (_, n) => reward("a", `e${n}`, `r${n}`)),
  );
  await ledger.bulk(
    "runs",
    "create",
    RUN_STATUSES.map((status, n) => run("a", `run${n}`, { type: "run", status })),
  );
});
afterEach(async () => {
  await ledger.close();
  await cosmos.close();
});

const overview = () =>
  createOverviewService({
    ledger,
    provider: { kind: "local", ping: async () => {} },
    settings,
    clock: systemClock,
    workOf: async () => ({ at_work: 0, waiting: 0, at_work_at_most: 2 }),
    selector: { selectModel: async () => ({ model: "base-1", source: "base", stale: false }) },
    deployments: { readActive: async () => null, baseModel: () => "base-1" },
  });
/** Without what a clock says. */
const factsOf = ({ statistics }: Awaited<ReturnType<ReturnType<typeof overview>["stats"]>>) => statistics;

test("the statistics of an agent cost a fixed number of requests, however many statuses its runs have", async () => {
  await overview().stats("a");
  const from = cosmos.requests.length;
  const { statistics } = await overview().stats("a");
  expect(statistics).toMatchObject({ total_training_runs: RUN_STATUSES.length, total_episodes: 40 });
  expect(Object.values(statistics.training_run_status)).toEqual(RUN_STATUSES.map(() => 1));
  expect(cosmos.requests.slice(from)).toHaveLength(25);
});

test("an overview in the middle of which the partitions split is complete", async () => {
  const wanted = factsOf(await overview().stats("a"));
  const trend = await overview().trend("a");
  let asked = 0;
  cosmos.knobs.onRequest = () => {
    if (++asked % 6 === 0 && asked <= 18) cosmos.split();
  };
  expect(factsOf(await overview().stats("a"))).toEqual(wanted);
  expect(await overview().trend("a")).toEqual(trend);
  expect(asked).toBeGreaterThan(18);
});
