import { describe, expect, test } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { ledgerChangeSource } from "../../src/ledger/change-source.ts";
import { containerNames } from "../../src/ledger/containers.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { run } from "../contracts/ledger/samples.ts";

const names = containerNames(readSettings({ COSMOS_CONTAINER_RUNS: "my_runs" }));
const openSource = () => {
  const ledger = openSqliteLedger({ file: ":memory:", clock: new VirtualClock() });
  return { ledger, source: ledgerChangeSource(ledger, names) };
};
/** A page with its documents as values. */
const opened = ({ json, ...page }: Awaited<ReturnType<ReturnType<typeof openSource>["source"]["page"]>>) => ({
  items: JSON.parse(json) as unknown[],
  ...page,
});

describe("the ledger's change feeds for the local host", () => {
  test("are found by the container's name in the database", async () => {
    const { ledger, source } = openSource();
    expect(source.has("my_runs")).toBe(true);
    expect(source.has("rl_training_runs")).toBe(false);
    expect(source.has("runs")).toBe(false);
    await expect(source.page("runs", undefined, 10)).rejects.toThrow(/no container named "runs"/);
    await ledger.close();
  });

  test("go on after the continuation and wake who waits", async () => {
    const { ledger, source } = openSource();
    const before = opened(await source.page("my_runs", undefined, 10));
    expect(before).toMatchObject({ items: [], drained: true });
    let woken = 0;
    const stop = source.subscribe("my_runs", () => woken++);
    await ledger.create("runs", run("a", "r1"));
    await ledger.create("datasets", run("a", "d1"));
    stop();
    await ledger.create("runs", run("a", "r2"));
    expect(woken).toBe(1);
    const first = opened(await source.page("my_runs", before.continuation, 1));
    expect(first).toMatchObject({ items: [{ id: "r1" }], drained: false });
    expect(opened(await source.page("my_runs", first.continuation, 1))).toMatchObject({
      items: [{ id: "r2" }],
      drained: true,
    });
    await ledger.close();
  });

  test("give the very documents that the ledger reads, as text", async () => {
    const { ledger, source } = openSource();
    await ledger.create("runs", { ...run("a", "r1"), note: "a } at \u2028 its end: }" });
    await ledger.create("runs", run("b", "r2"));
    const { items } = await ledger.changes("runs", { limit: 10 });
    expect(opened(await source.page("my_runs", undefined, 10))).toEqual({
      items,
      count: 2,
      continuation: expect.any(String),
      drained: true,
    });
    await ledger.close();
  });

  test("hand on less than asked for rather than one long text, and a long document alone", async () => {
    const { ledger, source } = openSource();
    const lengths = [60_000, 30_000, 60_000, 300_000, 10];
    for (const [n, length] of lengths.entries())
      await ledger.create("runs", run("a", `r${n}`, { note: "x".repeat(length) }));
    const pages: string[][] = [];
    for (let after: string | undefined, drained = false; !drained; ) {
      const page = opened(await source.page("my_runs", after, 10));
      pages.push(page.items.map((item) => (item as { id: string }).id));
      ({ continuation: after, drained } = page);
    }
    expect(pages).toEqual([["r0", "r1"], ["r2"], ["r3"], ["r4"]]);
    await ledger.close();
  });

  test("begin again when the place belongs to a ledger that was replaced", async () => {
    const [old, fresh] = [openSource(), openSource()];
    await old.ledger.create("runs", run("a", "old"));
    const { continuation } = await old.source.page("my_runs", undefined, 10);
    await fresh.ledger.create("runs", run("a", "new"));
    expect(opened(await fresh.source.page("my_runs", continuation, 10))).toMatchObject({
      items: [{ id: "new" }],
    });
    await Promise.all([old.ledger.close(), fresh.ledger.close()]);
  });
});
