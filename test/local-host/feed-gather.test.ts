import { describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { startFeed } from "../../src/local-host/change-feed/feed.ts";
import type { Invoker } from "../../src/local-host/core-api/invoker.ts";
import type { RegisteredFunction } from "../../src/local-host/core-api/types.ts";
import { openStateFile } from "../../src/local-host/state-file.ts";
import { Tracker } from "../../src/local-host/tracker.ts";
import { scratch } from "./support.ts";

/** A feed over a list that grows, and the pages that its function was called with. */
async function gatheringFeed() {
  const clock = new VirtualClock();
  const tracker = new Tracker();
  const items: number[] = [];
  const pages: number[][] = [];
  let ring = () => {};
  const invoker = {
    call: (_fn: unknown, { trigger }: { trigger: { json: string } }) => {
      pages.push(JSON.parse(trigger.json) as number[]);
      return Promise.resolve({ ok: true });
    },
  } as unknown as Invoker;
  const feed = await startFeed(
    {
      invoker,
      clock,
      tracker,
      logger: silentLogger,
      state: openStateFile(`${await scratch()}/state.json`),
      source: {
        has: () => true,
        page: (_container, after = "0", limit) => {
          const page = items.slice(Number(after), Number(after) + limit);
          const next = Number(after) + page.length;
          return Promise.resolve({
            items: page,
            continuation: String(next),
            drained: next === items.length,
          });
        },
        subscribe: (_container, listener) => {
          ring = listener;
          return () => {};
        },
      },
    },
    { metadata: { name: "consumer", options: {} } } as unknown as RegisteredFunction,
    {
      container: "c",
      leasePrefix: "",
      pollDelayMs: 5_000,
      maxItems: 100,
      startFromBeginning: true,
      gatherMs: 25,
    },
  );
  /** Lets what runs end, without time passing. */
  const turns = async () => {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  await turns();
  const change = async (...changed: number[]) => {
    for (const item of changed) {
      items.push(item);
      ring();
    }
    await turns();
  };
  return { clock, tracker, pages, feed, change, turns };
}

describe("a feed that is rung for all the time", () => {
  test("takes a change after a rest at once", async () => {
    const { clock, pages, feed, change } = await gatheringFeed();
    clock.advance(25);
    await change(1);
    expect(pages).toEqual([[1]]);
    feed.stop();
  });

  test("takes what comes soon after in one page, in order, a moment later and without a poll", async () => {
    const { clock, tracker, pages, feed, change, turns } = await gatheringFeed();
    clock.advance(25);
    await change(1);
    await change(2);
    clock.advance(10);
    await change(3, 4);
    expect(pages).toEqual([[1]]);
    expect(tracker.running).toBe(1);
    clock.advance(15);
    await turns();
    expect(pages).toEqual([[1], [2, 3, 4]]);
    expect(tracker.running).toBe(0);
    feed.stop();
  });

  test("lets a stop not wait for the moment", async () => {
    const { clock, tracker, pages, feed, change, turns } = await gatheringFeed();
    clock.advance(25);
    await change(1);
    await change(2);
    feed.stop();
    expect(tracker.running).toBe(0);
    clock.advance(10_000);
    await turns();
    expect(pages).toEqual([[1]]);
  });
});
