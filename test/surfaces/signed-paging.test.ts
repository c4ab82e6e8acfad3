import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type App, createApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import { parseInput } from "../../src/doors/operation.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { createSigningKey } from "../../src/ledger/signing-key.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { noOrchestrations } from "./fake-operations.ts";

/** A call as every door makes it: checked against the row's schema, then run. */
// biome-ignore lint/suspicious/noExplicitAny: replies of every shape
async function callTable(app: App, name: string, raw: Record<string, unknown>): Promise<any> {
  const row = app.operations.find((operation) => operation.name === name);
  if (row === undefined) throw new Error(`no operation ${name}`);
  const context = { orchestrations: noOrchestrations, waitMs: 0, door: "rest" } as const;
  return (await row.run(parseInput(row, raw), context)).body;
}

const clock = new VirtualClock();
let ledger: Ledger;
let one: App;
/** Another instance of the app on the same ledger. */
let two: App;
beforeEach(async () => {
  ledger = openSqliteLedger({ file: ":memory:", clock });
  const options = { settings: readSettings({}), clock, logger: silentLogger, ledger };
  [one, two] = [createApp(options), createApp(options)];
  await callTable(one, "recordEpisodes", {
    episodes: Array.from({ length: 5 }, (_, n) => ({
      id: `ep-${n}`,
      user_input: "x",
      assistant_output: "y",
    })),
  });
});
afterEach(() => Promise.all([one.close(), two.close()]));

const list = (app: App, more: object = {}) => callTable(app, "listEpisodes", { limit: 2, ...more });
const idsOf = (body: { episodes: { id: string }[] }) => body.episodes.map(({ id }) => id);
const REFUSED = { kind: "bad_request", status: 400, code: "bad_continuation", field: "continuation" };

describe("a continuation that left through a door", () => {
  test("goes on where the page ended, on every instance of the app", async () => {
    const first = await list(one);
    const second = await list(two, { continuation: first.continuation });
    const third = await list(one, { continuation: second.continuation });
    expect([first, second, third].flatMap(idsOf).toSorted()).toEqual([
      "ep-0",
      "ep-1",
      "ep-2",
      "ep-3",
      "ep-4",
    ]);
    expect(third).not.toHaveProperty("continuation");
  });

  test("is refused when a single character of it was changed, added or lost", async () => {
    const { continuation } = (await list(one)) as { continuation: string };
    await fc.assert(
      fc.asyncProperty(
        fc.nat(continuation.length - 1),
        fc.constantFrom("a", "Z", "0", "9", "-", "_", ".", " ", '"', "é", ""),
        fc.boolean(),
        async (at, character, replace) => {
          const altered = continuation.slice(0, at) + character + continuation.slice(replace ? at + 1 : at);
          fc.pre(altered !== continuation);
          await expect(list(one, { continuation: altered })).rejects.toMatchObject(REFUSED);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("is refused when somebody made it who knows its form and not the key", async () => {
    const { continuation } = (await list(one)) as { continuation: string };
    const [token] = continuation.split(".") as [string];
    for (const forged of [token, `${token}.`, `${token}.${"0".repeat(32)}`, ""])
      await expect(list(one, { continuation: forged })).rejects.toMatchObject(REFUSED);
  });

  test("serves neither another list nor another agent, and no other query of its own list", async () => {
    const { continuation } = await list(one);
    await expect(callTable(one, "listRewards", { continuation })).rejects.toMatchObject(REFUSED);
    await expect(list(one, { continuation, agent_id: "other" })).rejects.toMatchObject(REFUSED);
    await expect(list(one, { continuation, tag: "x", session_id: "s" })).rejects.toBeDefined();
    await expect(list(one, { continuation, session_id: "s" })).rejects.toMatchObject({
      status: 422,
      code: "bad_continuation",
    });
  });
});

test("every list that gives a continuation signs it", () => {
  const lists = one.operations.filter(({ input, effect }) => "limit" in input.shape && effect === "read");
  expect(lists.length).toBeGreaterThan(8);
  for (const { input, name } of lists) expect([name, "continuation" in input.shape]).toEqual([name, true]);
});

describe("the key", () => {
  test("is made once, however many instances ask at once, and stays", async () => {
    const fresh = openSqliteLedger({ file: ":memory:", clock });
    const keys = await Promise.all(Array.from({ length: 8 }, () => createSigningKey(fresh, clock).stored()));
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toHaveLength(43);
    expect(await createSigningKey(fresh, clock).stored()).toBe(keys[0]);
    await fresh.close();
  });

  test("is asked for again after the ledger was away", async () => {
    let away = true;
    const key = createSigningKey(
      {
        ...ledger,
        read: (...of) => (away ? Promise.reject(new Error("away")) : ledger.read(...of)),
      },
      clock,
    );
    await expect(key.stored()).rejects.toThrow("away");
    away = false;
    expect(await key.stored()).toHaveLength(43);
  });

  test("is not needed in the ledger by a list while no write is possible, but by evidence that must last", async () => {
    const full = openSqliteLedger({ file: ":memory:", clock });
    let isFull = true;
    const key = createSigningKey(
      {
        ...full,
        create: (...of) =>
          isFull ? Promise.reject(unavailable("ledger_disk_full", "The disk is full.")) : full.create(...of),
      },
      clock,
    );
    const meanwhile = await key.atHand();
    expect(await key.atHand()).toBe(meanwhile);
    await expect(key.stored()).rejects.toMatchObject({ code: "ledger_disk_full" });
    isFull = false;
    expect(await key.atHand()).toBe(meanwhile);
    expect(await createSigningKey(full, clock).stored()).toBe(meanwhile);
    await full.close();
  });

  test("is shown by no door", async () => {
    const { continuation } = await list(one);
    const key = await createSigningKey(ledger, clock).stored();
    for (const { name } of one.operations.filter(({ input }) => "continuation" in input.shape)) {
      const body = await callTable(one, name, { agent_id: "signing" }).catch(
        (thrown: Error) => thrown.message,
      );
      expect(JSON.stringify(body)).not.toContain(key);
    }
    expect(continuation).not.toContain(key);
  });
});
