import { describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { raiseWatermark, readWatermark } from "../../src/ledger/feed-watermarks.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { second } from "../contracts/ledger/samples.ts";

const open = () => openSqliteLedger({ file: ":memory:", clock: new VirtualClock() });

describe("a feed's watermark", () => {
  test("is empty until the feed has handled something, and each feed has its own", async () => {
    const ledger = open();
    expect(await readWatermark(ledger, "episodes")).toBe("");
    await raiseWatermark(ledger, "episodes", second(5));
    expect(await readWatermark(ledger, "episodes")).toBe(second(5));
    expect(await readWatermark(ledger, "rewards")).toBe("");
    await ledger.close();
  });

  test("never falls", async () => {
    const ledger = open();
    for (const n of [5, 3, 5, 9, 1]) await raiseWatermark(ledger, "rewards", second(n));
    expect(await readWatermark(ledger, "rewards")).toBe(second(9));
    await ledger.close();
  });

  test("ends at the highest of many that are raised at once", async () => {
    const ledger = open();
    await Promise.all(
      Array.from({ length: 12 }, (_, n) => raiseWatermark(ledger, "rewards", second((n * 7) % 12))),
    );
    expect(await readWatermark(ledger, "rewards")).toBe(second(11));
    await ledger.close();
  });

  test("is not written when the time is none", async () => {
    const ledger = open();
    await expect(raiseWatermark(ledger, "rewards", "yesterday")).rejects.toMatchObject({
      code: "bad_document",
    });
    expect(await readWatermark(ledger, "rewards")).toBe("");
    await ledger.close();
  });
});
