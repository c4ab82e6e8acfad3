import { CosmosClient } from "@azure/cosmos";
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { type Clock, systemClock, VirtualClock } from "../../../src/kernel/clock.ts";
import { createLogger } from "../../../src/kernel/logger.ts";
import { openCosmosLedger } from "../../../src/ledger/cosmos/open.ts";
import { bare, type Ledger } from "../../../src/ledger/ledger.ts";
import { episode, reward, run, type Sample, someAgent } from "../../contracts/ledger/samples.ts";
import type { Fault } from "../../fakes/cosmos/faults.ts";
import { type FakeCosmos, startFakeCosmos } from "../../fakes/cosmos/server.ts";
import { AS_CONTRIBUTOR, makeContainers, settingsFor, type TestSettings, TOKEN } from "./world.ts";

jest.setTimeout(60_000);

let cosmos: FakeCosmos;
let settings: TestSettings;
let ledger: Ledger;
let waits: number[] = [];
let lines: string[] = [];
/** Runs once while the adapter waits before it sends again. */
let meanwhile: (() => Promise<unknown>) | undefined;

/** Waits for nothing, and notes how long it would have. */
const impatient: Clock = {
  now: () => systemClock.now(),
  after(ms, callback) {
    waits.push(ms);
    const work = meanwhile?.() ?? Promise.resolve();
    meanwhile = undefined;
    void work.then(() => setImmediate(callback));
    return () => {};
  },
};
const logger = createLogger((line) => lines.push(line), "debug");

beforeAll(async () => {
  cosmos = await startFakeCosmos({ token: TOKEN });
  settings = settingsFor(cosmos.endpoint, cosmos.key);
  await makeContainers(cosmos.endpoint, cosmos.key, settings);
  ledger = openCosmosLedger({ settings, clock: impatient, logger });
  // What the adapter reads once is read before the first fault.
  for (const c of ["runs", "episodes", "rewards"] as const) await ledger.count(c, { pk: ["nobody"] });
});
afterEach(() => {
  const left = cosmos.faults.left();
  cosmos.faults.clear();
  [waits, lines] = [[], []];
  if (left > 0) throw new Error(`${left} faults of the test were never met`);
});
afterAll(async () => {
  await ledger.close();
  await cosmos.close();
});

const POST = /^POST .*\/docs/;
/** Each write of the port, on a document that stands for it: what it should leave behind. */
const WRITES: Record<
  string,
  { on: RegExp; write: (agent: string, etag: string) => Promise<unknown>; left?: object }
> = {
  "a create": {
    on: POST,
    write: (agent) => ledger.create("runs", run(agent, "new", { n: 1 })),
    left: { id: "new", n: 1 },
  },
  "an upsert": {
    on: POST,
    write: (agent) => ledger.upsert("runs", run(agent, "r1", { n: 2 })),
    left: { n: 2 },
  },
  "an upsert of a named version": {
    on: /^PUT/,
    write: (agent, ifMatch) => ledger.upsert("runs", run(agent, "r1", { n: 2 }), { ifMatch }),
    left: { n: 2 },
  },
  "a replace": {
    on: /^PUT/,
    write: (agent) => ledger.replace("runs", run(agent, "r1", { n: 3 })),
    left: { n: 3 },
  },
  "a replace of a named version": {
    on: /^PUT/,
    write: (agent, ifMatch) => ledger.replace("runs", run(agent, "r1", { n: 3 }), { ifMatch }),
    left: { n: 3 },
  },
  "a patch": {
    on: /^PATCH/,
    write: (agent) => ledger.patch("runs", [agent], "r1", [{ op: "set", field: "n", value: { deep: 4 } }]),
    left: { n: { deep: 4 } },
  },
  "a patch of a named version": {
    on: /^PATCH/,
    write: (agent, ifMatch) =>
      ledger.patch("runs", [agent], "r1", [{ op: "set", field: "n", value: 4 }], { ifMatch }),
    left: { n: 4 },
  },
  "a patch that removes": {
    on: /^PUT/,
    write: (agent) => ledger.patch("runs", [agent], "r1", [{ op: "remove", field: "n" }]),
    left: { type: "training_run" },
  },
  "a delete": { on: /^DELETE/, write: (agent) => ledger.delete("runs", [agent], "r1") },
  "a delete of a named version": {
    on: /^DELETE/,
    write: (agent, ifMatch) => ledger.delete("runs", [agent], "r1", { ifMatch }),
  },
  "a batch": {
    on: POST,
    write: (agent, ifMatch) =>
      ledger.batch(
        "runs",
        [agent],
        [
          { op: "create", document: run(agent, "event") },
          { op: "replace", document: run(agent, "r1", { n: 5 }), ifMatch },
        ],
      ),
    left: { n: 5 },
  },
  "a batch of deletions": {
    on: POST,
    write: (agent, ifMatch) => ledger.batch("runs", [agent], [{ op: "delete", id: "r1", ifMatch }]),
  },
};
const FAULTS: Record<string, Omit<Fault, "on">> = {
  "is answered 408": { with: 408 },
  "is answered 449": { with: 449 },
  "is answered 503": { with: 503 },
  "loses its connection": { with: "drop" },
  "is carried out and answered 408": { with: 408, applied: true },
  "is carried out and answered 503": { with: 503, applied: true },
  "is carried out and loses its connection": { with: "drop", applied: true },
};
const table = Object.keys(WRITES).flatMap((write) =>
  Object.keys(FAULTS).map((fault) => [write, fault] as const),
);

test.each(table)("%s that %s is done once and told as done", async (name, what) => {
  const { on, write, left } = WRITES[name] ?? {};
  if (on === undefined || write === undefined) throw new Error("no such write");
  const agent = someAgent();
  const { _etag: etag } = await ledger.create("runs", run(agent, "r1", { n: 0 }));
  cosmos.faults.add({ ...(FAULTS[what] as Fault), on });
  const answer = (await write(agent, etag)) as Sample | undefined;
  expect(waits).toHaveLength(1);
  const { items } = await ledger.query<Sample>("runs", { pk: [agent], limit: 10 });
  if (left === undefined) expect(items).toEqual([]);
  else expect(items).toContainEqual(expect.objectContaining(left));
  // What it answered is the version that stands.
  if (answer !== undefined) expect(items).toContainEqual(answer);
  for (const item of items) expect(Object.keys(item)).not.toContain("_op");
});

describe("a write whose answer was lost", () => {
  test("is not taken for done when another has created the same document meanwhile", async () => {
    const agent = someAgent();
    const document = run(agent, "claim", { owner: "same" });
    const other = openCosmosLedger({ settings, clock: systemClock });
    cosmos.faults.add({ on: POST, with: "drop" });
    meanwhile = () => other.create("runs", document);
    await expect(ledger.create("runs", document)).rejects.toMatchObject({
      kind: "conflict",
      code: "document_exists",
    });
    await other.close();
  });

  test("is not taken for done when another has replaced the named version meanwhile", async () => {
    const agent = someAgent();
    const { _etag: ifMatch } = await ledger.create("runs", run(agent, "r1"));
    cosmos.faults.add({ on: /^PUT/, with: 503 });
    meanwhile = () => ledger.replace("runs", run(agent, "r1", { n: 1 }), { ifMatch });
    await expect(ledger.replace("runs", run(agent, "r1", { n: 1 }), { ifMatch })).rejects.toMatchObject({
      kind: "precondition",
    });
  });

  test.each([
    ["the same value", 1],
    ["another value", 2],
  ])(
    "a patch of a named version is not taken for done when another has set %s meanwhile",
    async (_what, n) => {
      const agent = someAgent();
      const { _etag: ifMatch } = await ledger.create("runs", run(agent, "r1"));
      cosmos.faults.add({ on: /^PATCH/, with: 503 });
      meanwhile = () => ledger.replace("runs", run(agent, "r1", { n, by: "another" }), { ifMatch });
      const patch = ledger.patch("runs", [agent], "r1", [{ op: "set", field: "n", value: 1 }], { ifMatch });
      await expect(patch).rejects.toMatchObject({ kind: "precondition", code: "etag_mismatch" });
      expect(await ledger.read("runs", [agent], "r1")).toMatchObject({ by: "another" });
    },
  );

  test("a patch of the most fields there may be is known by its mark, too", async () => {
    const agent = someAgent();
    const { _etag: ifMatch } = await ledger.create("runs", run(agent, "r1"));
    const sets = Array.from({ length: 10 }, (_, n) => ({ op: "set" as const, field: `f${n}`, value: n }));
    cosmos.faults.add({ on: /^PUT/, with: "drop", applied: true });
    expect(await ledger.patch("runs", [agent], "r1", sets, { ifMatch })).toMatchObject({ f0: 0, f9: 9 });
  });

  test.each(["the first", "the second"])(
    "a batch that was carried out is told as done, also when %s of its documents was changed since",
    async (which) => {
      const agent = someAgent();
      const { _etag: ifMatch } = await ledger.create("runs", run(agent, "r1"));
      cosmos.faults.add({ on: POST, with: "drop", applied: true });
      meanwhile = () =>
        ledger.replace("runs", run(agent, which === "the first" ? "event" : "r1", { by: "another" }));
      await ledger.batch(
        "runs",
        [agent],
        [
          { op: "create", document: run(agent, "event") },
          { op: "replace", document: run(agent, "r1", { n: 5 }), ifMatch },
        ],
      );
      const { items } = await ledger.query<Sample>("runs", { pk: [agent], limit: 10 });
      expect(items).toContainEqual(expect.objectContaining({ by: "another" }));
      expect(items).toHaveLength(2);
    },
  );

  test("a batch that was not carried out is told so when others made the same documents meanwhile", async () => {
    const agent = someAgent();
    cosmos.faults.add({ on: POST, with: "drop" });
    meanwhile = () => ledger.create("runs", run(agent, "event"));
    const batch = ledger.batch("runs", [agent], [{ op: "create", document: run(agent, "event") }]);
    await expect(batch).rejects.toMatchObject({ kind: "conflict" });
  });

  test("a delete that was not carried out is told as not found when another has deleted meanwhile", async () => {
    const agent = someAgent();
    await ledger.create("runs", run(agent, "r1"));
    cosmos.faults.add({ on: /^DELETE/, with: 503 });
    meanwhile = () => ledger.delete("runs", [agent], "r1");
    await expect(ledger.delete("runs", [agent], "r1")).rejects.toMatchObject({
      kind: "not_found",
      code: "document_missing",
    });
  });

  test("is told as ambiguous when no answer comes at all", async () => {
    const agent = someAgent();
    cosmos.faults.add({ on: POST, with: 503, times: 5 });
    await expect(ledger.create("runs", run(agent, "r1"))).rejects.toMatchObject({
      kind: "unavailable",
      code: "ledger_unavailable",
      ambiguous: true,
      retryAfterMs: expect.any(Number),
    });
    expect(waits).toHaveLength(4);
    expect(Math.max(...waits)).toBeLessThanOrEqual(2_000);
    expect(await ledger.read("runs", [agent], "r1")).toBeUndefined();
  });

  test("is told as not done when the service asked each time to send it again", async () => {
    cosmos.faults.add({ on: POST, with: 449, times: 5 });
    await expect(ledger.create("runs", run(someAgent(), "r1"))).rejects.toMatchObject({
      code: "ledger_unavailable",
      ambiguous: false,
    });
  });
});

test("reads, queries, counts and feeds survive what writes survive", async () => {
  const agent = someAgent();
  await ledger.create("rewards", reward(agent, "e1", "r1"));
  for (const status of [408, 449, 503] as const) {
    cosmos.faults.add({ with: status });
    expect(await ledger.read("rewards", [agent, "e1"], "r1")).toBeDefined();
    cosmos.faults.add({ with: status });
    expect((await ledger.query("rewards", { pk: [agent, "e1"], limit: 1 })).items).toHaveLength(1);
    cosmos.faults.add({ with: status });
    expect(await ledger.count("rewards", { pk: [agent] })).toBe(1);
    cosmos.faults.add({ with: status });
    expect((await ledger.changes("rewards", { limit: 1000 })).items.length).toBeGreaterThan(0);
    cosmos.faults.add({ with: status });
    expect((await ledger.pending("rewards", undefined)).length).toBeGreaterThan(0);
  }
});

describe("a throttled request", () => {
  test("waits as long as the service says and goes through", async () => {
    const agent = someAgent();
    cosmos.faults.add({ on: POST, with: 429, retryAfterMs: 1, times: 3 });
    await ledger.create("runs", run(agent, "r1"));
    expect(await ledger.read("runs", [agent], "r1")).toBeDefined();
  });

  test("goes back to the caller with the time to wait, soon and certainly not done", async () => {
    cosmos.faults.add({ on: POST, with: 429, retryAfterMs: 7, times: 5 });
    await expect(ledger.create("runs", run(someAgent(), "r1"))).rejects.toMatchObject({
      kind: "unavailable",
      code: "ledger_throttled",
      retryAfterMs: 7,
      ambiguous: false,
    });
  });

  test("goes back from a batch too, although the SDK hides its code in a cause", async () => {
    const agent = someAgent();
    cosmos.faults.add({ on: POST, with: 429, retryAfterMs: 7, times: 5 });
    const batch = ledger.batch("runs", [agent], [{ op: "create", document: run(agent, "r1") }]);
    await expect(batch).rejects.toMatchObject({ code: "ledger_throttled", retryAfterMs: 7 });
  });
});

const episodes = (agent: string, count: number) =>
  Array.from({ length: count }, (_, n) => episode(agent, `e${n}`));

describe("a bulk write", () => {
  test("of 600 documents writes again what was not answered, and tells of each", async () => {
    const agent = someAgent();
    await ledger.create("episodes", episode(agent, "e7"));
    cosmos.faults.add({ on: POST, with: 503 }, { on: POST, with: 408, applied: true });
    const results = await ledger.bulk("episodes", "create", episodes(agent, 600));
    expect(results.flatMap((result, n) => (result.ok ? [] : [n]))).toEqual([7]);
    expect(results[7]).toMatchObject({ ok: false, error: { code: "document_exists" } });
    expect(await ledger.count("episodes", { pk: [agent] })).toBe(600);
    const read = await ledger.read("episodes", [agent, "e9"], "e9");
    expect(results[9]).toEqual({ ok: true, etag: read?._etag });
  });
});

describe("what stands in the account", () => {
  test("a container that is missing is named, with the way to make it", async () => {
    const other = openCosmosLedger({
      settings: settingsFor(cosmos.endpoint, cosmos.key, { COSMOS_CONTAINER_EPISODES: "nowhere" }),
      clock: impatient,
    });
    await expect(other.count("episodes", {})).rejects.toMatchObject({
      kind: "fatal",
      code: "container_missing",
      message: expect.stringContaining("nowhere"),
      remedy: expect.stringContaining("provision"),
    });
    await other.close();
  });

  test("a container with a key that cannot serve is refused before anything is written", async () => {
    const other = openCosmosLedger({
      settings: settingsFor(cosmos.endpoint, cosmos.key, { COSMOS_PARTITION_KEY_FIELD: "tenant_id" }),
      clock: impatient,
    });
    await expect(other.create("runs", run(someAgent(), "r1"))).rejects.toMatchObject({
      code: "container_key_mismatch",
      message: expect.stringContaining("/agent_id instead of /tenant_id"),
    });
    await other.close();
  });

  test("a wrong key is told as such", async () => {
    const key = Buffer.from("another key").toString("base64");
    const other = openCosmosLedger({ settings: settingsFor(cosmos.endpoint, key), clock: impatient });
    await expect(other.ping()).rejects.toMatchObject({ kind: "fatal", code: "ledger_forbidden" });
    await other.close();
  });

  test("an Entra token of a data contributor is enough for everything the ledger does (defect 10: needs management rights)", async () => {
    const other = openCosmosLedger({ settings, clock: impatient, signIn: AS_CONTRIBUTOR });
    const agent = someAgent();
    const stored = await other.create("runs", run(agent, "r1"));
    expect(await other.read("runs", [agent], "r1")).toEqual(stored);
    expect(await other.count("runs", { pk: [agent] })).toBe(1);
    await other.ping();
    await other.close();
  });

  test("a place in the feed of a container that was made anew is refused", async () => {
    const agent = someAgent();
    const named = settingsFor(cosmos.endpoint, cosmos.key, { COSMOS_DATABASE_NAME: "short_lived" });
    const client = new CosmosClient({ endpoint: cosmos.endpoint, key: cosmos.key });
    await makeContainers(cosmos.endpoint, cosmos.key, named);
    const first = openCosmosLedger({ settings: named, clock: impatient });
    await first.create("runs", run(agent, "r1"));
    const { continuation: after } = await first.changes("runs", { limit: 1 });
    await first.close();
    await client.database("short_lived").delete();
    client.dispose();
    await makeContainers(cosmos.endpoint, cosmos.key, named);
    const second = openCosmosLedger({ settings: named, clock: impatient });
    await expect(second.changes("runs", { after, limit: 1 })).rejects.toMatchObject({
      kind: "invalid",
      code: "bad_continuation",
    });
    await second.close();
  });

  test("a plain container does not show one episode's reward under another", async () => {
    const named = settingsFor(cosmos.endpoint, cosmos.key, { COSMOS_DATABASE_NAME: "plain" });
    await makeContainers(cosmos.endpoint, cosmos.key, named, { plain: true });
    const other = openCosmosLedger({ settings: named, clock: impatient });
    const agent = someAgent();
    await other.create("rewards", reward(agent, "e1", "r1"));
    expect(await other.read("rewards", [agent, "e2"], "r1")).toBeUndefined();
    const patch = other.patch("rewards", [agent, "e2"], "r1", [{ op: "set", field: "value", value: 1 }]);
    await expect(patch).rejects.toMatchObject({ kind: "not_found", code: "document_missing" });
    await expect(other.delete("rewards", [agent, "e2"], "r1")).rejects.toMatchObject({ kind: "not_found" });
    await expect(other.replace("rewards", reward(agent, "e2", "r1"))).rejects.toMatchObject({
      kind: "not_found",
    });
    expect(bare((await other.read<Sample>("rewards", [agent, "e1"], "r1")) ?? {})).toEqual(
      reward(agent, "e1", "r1"),
    );
    await other.close();
  });
});

test("the log tells each request's charge and nothing of a document", async () => {
  const agent = someAgent();
  await ledger.create("runs", run(agent, "r1", { secret: "the-secret-text" }));
  await ledger.query("runs", {
    pk: [agent],
    where: [{ field: "status", op: "eq", value: "the-secret-text" }],
    limit: 1,
  });
  expect(lines).toContain(
    'debug cosmos request request="create" container="rl_training_runs" request_units=1',
  );
  expect(lines.join("\n")).toContain('request="query"');
  expect(lines.join("\n")).not.toMatch(/the-secret-text|agent-/);
});

test("the log tells of a dear request whatever its level", async () => {
  const told: string[] = [];
  const other = openCosmosLedger({
    settings,
    clock: impatient,
    logger: createLogger((line) => told.push(line), "info"),
  });
  await other.count("runs", { pk: ["nobody"] });
  cosmos.knobs.units = 250;
  await other.count("runs", { pk: ["nobody"] });
  cosmos.knobs.units = 1;
  expect(told).toEqual([
    'info cosmos request request="count" container="rl_training_runs" request_units=250',
  ]);
  await other.close();
});

test("a closed ledger says so", async () => {
  const other = openCosmosLedger({ settings, clock: impatient });
  await other.ping();
  await other.close();
  await other.close();
  await expect(other.ping()).rejects.toMatchObject({ kind: "unavailable", code: "ledger_closed" });
  await expect(other.count("runs", {})).rejects.toMatchObject({ kind: "unavailable", code: "ledger_closed" });
});

test("a ledger that is closed ends the waits of who would send again", async () => {
  const still = new VirtualClock();
  const other = openCosmosLedger({ settings, clock: still });
  await other.count("runs", { pk: ["nobody"] });
  cosmos.faults.add({ on: POST, with: 503 });
  const writing = other.create("runs", run(someAgent(), "r1"));
  while (still.nextAt() === undefined) await new Promise((resolve) => setImmediate(resolve));
  await other.close();
  await expect(writing).rejects.toMatchObject({ code: "ledger_closed", ambiguous: true });
});

test.each([408, 410, 500, 503] as const)(
  "a map of the partitions that is answered %i once is asked for again, whoever needs it",
  async (status) => {
    for (const ask of [
      (other: Ledger) => other.changes("runs", { limit: 1 }),
      (other: Ledger) => other.pending("runs", undefined),
      (other: Ledger) => other.feedEnd("runs"),
      (other: Ledger) => other.count("rewards", { pk: ["nobody"] }),
      (other: Ledger) => other.query("episodes", { limit: 1 }),
    ]) {
      const other = openCosmosLedger({ settings, clock: impatient });
      cosmos.faults.add({ on: /pkranges/, with: status });
      await ask(other);
      expect(cosmos.faults.left()).toBe(0);
      await other.close();
    }
  },
);
