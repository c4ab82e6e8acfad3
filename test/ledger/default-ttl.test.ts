import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { lifeTimes, withLifeTimes } from "../../src/ledger/default-ttl.ts";
import type { NotifyingLedger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { episode, reward, run } from "../contracts/ledger/samples.ts";

const DAY_MS = 86_400_000;
let clock: VirtualClock;
let inner: NotifyingLedger;
let ledger: NotifyingLedger;
beforeEach(() => {
  clock = new VirtualClock();
  inner = openSqliteLedger({ file: ":memory:", clock });
  ledger = withLifeTimes(inner, lifeTimes(readSettings({ LIGHTNING_EPISODES_TTL_DAYS: "30" })), clock);
});
afterEach(() => inner.close());
const count = () => inner.count("episodes", { pk: ["a"] });

test("an episode is gone when the days of the setting are over, however it was written", async () => {
  await ledger.create("episodes", episode("a", "e1"));
  await ledger.upsert("episodes", episode("a", "e2"));
  await ledger.replace("episodes", episode("a", "e2", { n: 1 }));
  await ledger.bulk("episodes", "create", [episode("a", "e3")]);
  clock.advance(29 * DAY_MS);
  expect(await count()).toBe(3);
  clock.advance(2 * DAY_MS);
  expect(await count()).toBe(0);
});

test("a document's own word counts more", async () => {
  await ledger.create("episodes", { ...episode("a", "e1"), ttl: -1 });
  await ledger.create("episodes", { ...episode("a", "e2"), ttl: 60 });
  clock.advance(DAY_MS);
  expect(await count()).toBe(1);
  clock.advance(100 * DAY_MS);
  expect(await count()).toBe(1);
});

test("other containers keep their documents, batches too", async () => {
  await ledger.create("rewards", reward("a", "e1", "r1"));
  await ledger.batch(
    "runs",
    ["a"],
    [
      { op: "create", document: run("a", "r1") },
      { op: "create", document: run("a", "r2") },
      { op: "delete", id: "r2" },
    ],
  );
  clock.advance(10_000 * DAY_MS);
  expect(await inner.count("rewards", { pk: ["a"] })).toBe(1);
  expect(await inner.read("runs", ["a"], "r1")).not.toHaveProperty("ttl");
});

test("a change does not prolong it: rewards that were given first are not gone before it", async () => {
  await ledger.create("episodes", episode("a", "e1"));
  clock.advance(20 * DAY_MS);
  await ledger.patch("episodes", ["a", "e1"], "e1", [{ op: "set", field: "reward_count", value: 1 }]);
  clock.advance(9 * DAY_MS);
  await ledger.patch("episodes", ["a", "e1"], "e1", [{ op: "set", field: "reward_count", value: 2 }]);
  expect(await count()).toBe(1);
  clock.advance(DAY_MS + 1000);
  expect(await count()).toBe(0);
});

test("without a setting the ledger is the same", () => {
  expect(withLifeTimes(inner, lifeTimes(readSettings({})), clock)).toBe(inner);
  const settings = readSettings({
    LIGHTNING_EPISODES_TTL_DAYS: "1",
    LIGHTNING_REWARDS_TTL_DAYS: "1",
    LIGHTNING_DEAD_LETTERS_TTL_DAYS: "90",
  });
  expect(lifeTimes(settings)).toEqual({ episodes: 86_400, rewards: 86_400, deadLetters: 7_776_000 });
});

test("it still tells of its writes", async () => {
  let woken = 0;
  ledger.onChange("episodes", () => woken++);
  await ledger.create("episodes", episode("a", "e1"));
  expect(woken).toBe(1);
});
