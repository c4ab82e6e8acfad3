import { CosmosClient } from "@azure/cosmos";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { openCosmosLedger } from "../../src/ledger/cosmos/open.ts";
import { provisionCosmos } from "../../src/ledger/cosmos/provision.ts";
import { createFeedPositions, createFeedProgress } from "../../src/ledger/feed-progress.ts";
import type { NotifyingLedger, TriggeredLedger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { episode } from "../contracts/ledger/samples.ts";
import { type FakeCosmos, startFakeCosmos } from "../fakes/cosmos/server.ts";
import { settingsFor } from "./cosmos/world.ts";

const clock = new VirtualClock();
const seconds = () => Math.floor(clock.now() / 1000);
let cosmos: FakeCosmos;
let client: CosmosClient;
let ledger: NotifyingLedger & TriggeredLedger;
let database: string;
let databases = 0;
beforeAll(async () => {
  cosmos = await startFakeCosmos({ clock, partitions: 4 });
  client = new CosmosClient({ endpoint: cosmos.endpoint, key: cosmos.key });
});
afterAll(async () => {
  await ledger.close();
  client.dispose();
  await cosmos.close();
});
beforeEach(async () => {
  await ledger?.close();
  database = `db-${databases++}`;
  const settings = settingsFor(cosmos.endpoint, cosmos.key, { COSMOS_DATABASE_NAME: database });
  await provisionCosmos(settings);
  ledger = openCosmosLedger({ settings, clock });
});

/** Episodes of so many agents, a second apart: they spread over the physical partitions. */
async function record(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await ledger.upsert(
      "episodes",
      episode(`agent-${n}`, "e1", { recorded_at: new Date(clock.now()).toISOString() }),
    );
    clock.advance(1000);
  }
}

describe("the local host's consumer", () => {
  test("on several physical partitions is as far as its slowest: what it handled last says nothing of the others", async () => {
    const positions = createFeedPositions();
    const progress = createFeedProgress(ledger, positions);
    expect(await progress.oldestPending("episodes")).toBe("unknown");
    const began = seconds();
    await record(12);
    positions.note("episodes", undefined);
    expect(await progress.oldestPending("episodes")).toBe(began);
    const left = new Set(Array.from({ length: 12 }, (_, n) => began + n));
    let newest = 0;
    let wasBehindNewest = false;
    for (let after: string | undefined; left.size > 0; ) {
      const page = await ledger.changes("episodes", { after, limit: 1 });
      for (const { _ts } of page.items) {
        left.delete(_ts);
        newest = Math.max(newest, _ts);
      }
      after = page.continuation;
      positions.note("episodes", after);
      const oldest = await progress.oldestPending("episodes");
      expect(oldest).toBe(left.size === 0 ? "none" : Math.min(...left));
      wasBehindNewest ||= typeof oldest === "number" && oldest < newest;
    }
    expect(wasBehindNewest).toBe(true);
  });

  test("has an unknown place after its store was replaced, until it begins anew", async () => {
    const other = openSqliteLedger({ file: ":memory:", clock });
    const positions = createFeedPositions();
    positions.note("episodes", (await other.changes("episodes", { limit: 1 })).continuation);
    expect(await createFeedProgress(ledger, positions).oldestPending("episodes")).toBe("unknown");
    await other.close();
  });
});

interface Range {
  readonly id: string;
  readonly minInclusive: string;
  readonly maxExclusive: string;
}

describe("the Functions triggers' leases", () => {
  /** What the change feed processor keeps; `etag` as the service gives it at the end of a page. */
  async function lease(range: Range, etag: string | null, more: object = {}, prefix = "scoreEpisodes-") {
    const rid = (await client.database(database).container("rl_episodes").read()).resource?._rid ?? "";
    await client
      .database(database)
      .container("leases")
      .items.upsert({
        id: `${prefix}account.documents.azure.com_abc==_${rid}..${range.id}`,
        version: 1,
        LeaseToken: range.id,
        FeedRange: { Range: { min: range.minInclusive, max: range.maxExclusive } },
        Owner: "an-instance",
        ContinuationToken: etag,
        properties: {},
        ...more,
      });
  }
  const ranges = async (): Promise<Range[]> =>
    (await client.database(database).container("rl_episodes").readPartitionKeyRanges().fetchAll()).resources;
  /** Where each range's feed ends now, as its last page's etag tells. */
  async function ends(): Promise<Map<string, string>> {
    let after: string | undefined;
    for (;;) {
      const page = await ledger.changes("episodes", { after, limit: 1000 });
      after = page.continuation;
      if (!page.drained) continue;
      const [, token] = JSON.parse(Buffer.from(after, "base64url").toString()) as [string, string];
      const { Continuation } = JSON.parse(token) as {
        Continuation: { minInclusive: string; continuationToken: string }[];
      };
      return new Map(Continuation.map((part) => [part.minInclusive, part.continuationToken]));
    }
  }
  const oldest = () => createFeedProgress(ledger, createFeedPositions()).oldestPending("episodes");

  test("say nothing before there are any, nor while a part of the container has none", async () => {
    await record(8);
    expect(await oldest()).toBe("unknown");
    const [first, ...others] = await ranges();
    for (const range of others) await lease(range, null);
    expect(await oldest()).toBe("unknown");
    await lease(first as Range, null);
    expect(await oldest()).toEqual(expect.any(Number));
  });

  test("are all done when each has checked in the end of its range, and only then", async () => {
    const began = seconds();
    await record(12);
    const done = await ends();
    const all = await ranges();
    for (const range of all) await lease(range, null);
    expect(await oldest()).toBe(began);
    for (const [n, range] of all.entries()) {
      expect(await oldest()).not.toBe("none");
      await lease(range, done.get(range.minInclusive) ?? null);
      if (n === all.length - 1) expect(await oldest()).toBe("none");
    }
    clock.advance(5000);
    const late = seconds();
    await record(1);
    expect(await oldest()).toBe(late);
  });

  test("count by the partition that they name where they are older than ranges; foreign documents do not", async () => {
    await record(6);
    const done = await ends();
    for (const range of await ranges()) {
      await lease(range, done.get(range.minInclusive) ?? null, { FeedRange: undefined });
      // Another function's, and a former container's of the same name.
      await lease(range, null, {}, "aggregateRewards-");
      await lease(range, null, { id: `scoreEpisodes-account.documents.azure.com_abc==_gone..${range.id}` });
    }
    const leases = client.database(database).container("leases").items;
    await leases.upsert({ id: "scoreEpisodes-account.documents.azure.com.info" });
    expect(await oldest()).toBe("none");
  });
});
