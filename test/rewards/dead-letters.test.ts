import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import { type CallContext, type Operation, parseInput } from "../../src/doors/operation.ts";
import type { Episode } from "../../src/episodes/contract.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openCosmosLedger } from "../../src/ledger/cosmos/open.ts";
import { provisionCosmos } from "../../src/ledger/cosmos/provision.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { deadLetterOperations } from "../../src/rewards/dead-letter-operations.ts";
import { createDeadLetterService } from "../../src/rewards/dead-letter-service.ts";
import { createRewardFeed, type RewardFeed } from "../../src/rewards/feed.ts";
import { startFakeCosmos } from "../fakes/cosmos/server.ts";
import { settingsFor } from "../ledger/cosmos/world.ts";

const settings = readSettings({});
let ledger: Ledger;
let clock: VirtualClock;
let feeds: RewardFeed;
let rows: Operation[];

/** Each ledger opened anew, and the way to close it. */
const LEDGERS: Record<string, () => Promise<{ opened: Ledger; close: () => Promise<void> }>> = {
  SQLite: async () => {
    const opened = openSqliteLedger({ file: ":memory:", clock });
    return { opened, close: () => opened.close() };
  },
  "Cosmos DB, emulated": async () => {
    const cosmos = await startFakeCosmos({ clock });
    const account = settingsFor(cosmos.endpoint, cosmos.key);
    await provisionCosmos(account);
    const opened = openCosmosLedger({ settings: account, clock });
    return { opened, close: () => opened.close().then(cosmos.close) };
  },
};
let close: () => Promise<void>;

async function open(name: string): Promise<void> {
  clock = new VirtualClock();
  const made = await LEDGERS[name]?.();
  if (made === undefined) throw new Error(`no ledger ${name}`);
  ({ opened: ledger, close } = made);
  feeds = createRewardFeed({ ledger, settings, clock, logger: silentLogger });
  rows = deadLetterOperations({ service: createDeadLetterService({ ledger, feeds, clock }), settings });
}

interface Body {
  readonly dead_letters: { id: string; document_id: string; error: string; attempts: number }[];
  readonly results: { id: string; document_id: string; outcome: string; error?: string }[];
  readonly [field: string]: unknown;
}
async function call(name: string, input: Record<string, unknown> = {}): Promise<Body> {
  const row = rows.find((one) => one.name === name);
  if (row === undefined) throw new Error(`no operation ${name}`);
  const { body } = await row.run(parseInput(row, input), {} as CallContext);
  return row.output.parse(body) as Body;
}

/** An episode of another tool, with something in it that scoring cannot read. */
const store = (id: string, more: object = {}) =>
  ledger.upsert("episodes", {
    id,
    agent_id: "mcp-agents",
    created_at: "2026-01-01T00:00:00.000Z",
    recorded_at: "2026-01-01T00:00:00.000Z",
    metadata: {},
    tool_calls: "none",
    request_latency_ms: 20_000,
    ...more,
  } as never);
const deliver = async () =>
  feeds.handleEpisodeChanges((await ledger.changes("episodes", { limit: 100 })).items);

describe.each(Object.keys(LEDGERS))("dead letters on %s", (name) => {
  beforeEach(() => open(name));
  afterEach(() => close());

  test("shows what a feed could not handle, with the reason and without the content", async () => {
    await store("ep-1", { user_input: "a secret text" });
    await deliver();
    await deliver();
    const { dead_letters: letters, dead_letters_found: found } = await call("listDeadLetters");
    expect(found).toBe(1);
    expect(letters[0]).toMatchObject({ feed: "episodes", document_id: "ep-1", attempts: 2 });
    expect(letters[0]?.error).toMatch(/tool_calls/);
    expect(JSON.stringify(letters)).not.toContain("secret");
    expect((await call("listDeadLetters", { feed: "rewards" })).dead_letters).toEqual([]);
    expect((await call("listDeadLetters", { agent_id: "another" })).dead_letters).toEqual([]);
  });

  test("handles a letter again once its document is mended, and forgets it", async () => {
    await store("ep-1");
    await deliver();
    expect(await call("retryDeadLetters")).toMatchObject({ success: false, handled: 0, failed: 1 });
    expect((await call("listDeadLetters")).dead_letters[0]).toMatchObject({ attempts: 2 });
    await store("ep-1", { tool_calls: [] });
    expect(await call("retryDeadLetters")).toMatchObject({ success: true, handled: 1, failed: 0, gone: 0 });
    expect((await call("listDeadLetters")).dead_letters).toEqual([]);
    // What it should have caused has been caused: the penalty for its latency.
    expect(await ledger.count("rewards", { pk: ["mcp-agents", "ep-1"] })).toBe(1);
    expect(await call("retryDeadLetters")).toMatchObject({ success: true, results: [] });
  });

  test("holds a document whose stored text is damaged; the others behind it are handled", async () => {
    await store("ep-2", { tool_calls: [] });
    const { items } = await ledger.changes<Episode>("episodes", { limit: 100 });
    // As the feed of the embedded ledger delivers it: its key alone.
    await feeds.handleEpisodeChanges([{ agent_id: "mcp-agents", id: "ep-1", damaged: true }, ...items]);
    expect((await call("listDeadLetters")).dead_letters).toMatchObject([
      { document_id: "ep-1", error: expect.stringContaining("damaged") },
    ]);
    expect(await ledger.count("rewards", { pk: ["mcp-agents", "ep-2"] })).toBe(1);
  });

  test("drops a letter whose document is gone", async () => {
    await store("ep-1");
    await deliver();
    await ledger.delete("episodes", ["mcp-agents", "ep-1"], "ep-1");
    expect(await call("retryDeadLetters")).toMatchObject({ success: true, gone: 1 });
    expect((await call("listDeadLetters")).dead_letters).toEqual([]);
  });

  test("drops a letter of a document that nothing could find", async () => {
    await feeds.handleEpisodeChanges([{ id: "bad/id" }, "no document at all"]);
    const { dead_letters: letters } = await call("listDeadLetters", { agent_id: "unknown" });
    expect(letters.map(({ document_id }) => document_id).toSorted()).toEqual(["bad/id", "unknown"]);
    expect(await call("retryDeadLetters", { agent_id: "unknown" })).toMatchObject({ gone: 2 });
  });

  test("retries those that are named, and no others", async () => {
    for (const id of ["ep-1", "ep-2", "ep-3"]) await store(id);
    await deliver();
    for (const id of ["ep-1", "ep-2"]) await store(id, { tool_calls: [] });
    const { dead_letters: letters } = await call("listDeadLetters");
    const second = letters.find(({ document_id }) => document_id === "ep-2");
    const { results } = await call("retryDeadLetters", { ids: [second?.id, "dl-never"] });
    expect(results).toEqual([{ id: second?.id, feed: "episodes", document_id: "ep-2", outcome: "handled" }]);
    expect((await call("listDeadLetters")).dead_letters).toHaveLength(2);
  });

  test("retries a reward's letter by its episode's aggregate", async () => {
    await store("ep-1", { tool_calls: [] });
    await ledger.create("rewards", {
      id: "rew-1",
      agent_id: "mcp-agents",
      episode_id: "ep-1",
      created_at: "2026-01-01T00:00:00.000Z",
      source: "human_approval",
      evaluator: "somebody",
      value: 1,
      metadata: {},
    } as never);
    await feeds.handleRewardChanges([
      { id: "rew-1", agent_id: "mcp-agents", episode_id: "ep-1", created_at: 5 },
    ]);
    expect(await call("retryDeadLetters", { feed: "rewards" })).toMatchObject({ handled: 1 });
    expect(await ledger.read<Episode>("episodes", ["mcp-agents", "ep-1"], "ep-1")).toMatchObject({
      reward_count: 1,
    });
  });

  test.each([0, 1000])(
    "walks on over those that fail for ever, %i ms a call, and says how many are left and how many it did not get to",
    async (passes) => {
      for (let n = 0; n < 7; n++) await store(`ep-bad-${n}`);
      await deliver();
      clock.advance(1000);
      for (let n = 0; n < 3; n++) await store(`ep-mended-${n}`);
      // One of the bad was noted by a machine whose clock was ahead.
      await deliver();
      const { dead_letters: letters } = await call("listDeadLetters");
      const ahead = letters.find(({ document_id }) => document_id === "ep-bad-3");
      await ledger.patch("deadLetters", ["mcp-agents"], ahead?.id ?? "", [
        { op: "set", field: "last_at", value: "2099-01-01T00:00:00.000Z" },
      ]);
      for (let n = 0; n < 3; n++) await store(`ep-mended-${n}`, { tool_calls: [] });
      const tried = new Set<string>();
      const counts: unknown[] = [];
      for (let turn = 0; turn < 4; turn++) {
        const { results, handled, failed, left, not_tried } = await call("retryDeadLetters", { limit: 3 });
        for (const { document_id } of results) tried.add(document_id);
        counts.push([Number(handled) + Number(failed), left, not_tried === Number(left) - Number(failed)]);
        clock.advance(passes);
      }
      expect(tried.size).toBe(10);
      expect(counts.at(-1)).toEqual([3, 7, true]);
      expect((await call("listDeadLetters")).dead_letters).toHaveLength(7);
    },
  );

  test("a letter is closed when the feed itself has handled its document since", async () => {
    for (const id of ["ep-1", "ep-2"]) await store(id);
    await deliver();
    await store("ep-1", { tool_calls: [] });
    await deliver();
    const { dead_letters: letters } = await call("listDeadLetters");
    expect(letters.map(({ document_id }) => document_id)).toEqual(["ep-2"]);
  });

  test("leaves every letter as it is while the ledger is unavailable", async () => {
    await store("ep-1");
    await deliver();
    await store("ep-1", { tool_calls: [] });
    const down = {
      handleOne: () => Promise.reject(unavailable("ledger_throttled", "busy", { retryAfterMs: 1 })),
    };
    rows = deadLetterOperations({
      service: createDeadLetterService({ ledger, feeds: down, clock }),
      settings,
    });
    await expect(call("retryDeadLetters")).rejects.toMatchObject({ code: "ledger_throttled" });
    expect((await call("listDeadLetters")).dead_letters[0]).toMatchObject({ attempts: 1 });
  });
});
