import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { withKeyField } from "../../src/doors/idempotency-key.ts";
import { type CallContext, defineOperation, type Operation, type Reply } from "../../src/doors/operation.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { conflict, invalid, unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { KEPT_DAYS } from "../../src/requests/contract.ts";
import { onceUnderKey } from "../../src/requests/once.ts";
import { realWork } from "../support/real-work.ts";
import { noOrchestrations } from "../surfaces/fake-operations.ts";
import { loopback } from "../surfaces/loopback.ts";

let clock: VirtualClock;
let ledger: Ledger;
/** What was carried out, by what was asked. */
let done: unknown[];
let answer: (input: unknown, context: CallContext) => Reply<unknown> | Promise<Reply<unknown>>;

beforeEach(() => {
  clock = new VirtualClock();
  ledger = openSqliteLedger({ file: ":memory:", clock });
  done = [];
  answer = () => ({ status: 201, body: { n: done.length } });
});
afterEach(() => ledger.close());

/** One process of the app: rows that wrap the same effect, over the same ledger. */
function appProcess(more: Partial<Operation> = {}): Operation {
  const once = onceUnderKey({ ledger, clock, logger: silentLogger, settings: { agentId: "desk" } });
  const row = defineOperation({
    name: "assignReward",
    summary: "Does something once.",
    input: z.strictObject({
      agent_id: z.string().default("desk"),
      what: z.string(),
      often: z.number().default(1),
    }),
    output: z.any(),
    role: "labeller",
    effect: "write",
    idempotent: false,
    rest: { method: "POST", path: "/things" },
    mcp: ["lightning_do"],
    example: { what: "a" },
    async run(input, context) {
      done.push(input);
      return (await answer(input, context)) as Reply<never>;
    },
  });
  return once(withKeyField({ ...row, ...more }));
}
const context = (more: Partial<CallContext> = {}): CallContext => ({
  door: "rest",
  waitMs: 0,
  orchestrations: noOrchestrations,
  ...more,
});
const ask = (row: Operation, given: object, key?: string, more: Partial<CallContext> = {}) =>
  row.run(
    row.input.parse(given),
    context({ ...more, ...(key === undefined ? {} : { idempotencyKey: key }) }),
  );
const person = (name: string, may = true): Partial<CallContext> => ({
  caller: { kind: "person", person: name, roles: [], may: () => may, mayAnywhere: () => may },
});
/** Lets time pass while the work waits. */
async function passing<T>(work: Promise<T>): Promise<T> {
  const state = { isOver: false };
  const over = () => {
    state.isOver = true;
  };
  work.then(over, over);
  while (!state.isOver) {
    await realWork(20);
    if (!state.isOver) clock.fireNext();
  }
  return work;
}

describe("a request under a key", () => {
  test("is known by the plain hash that an earlier version kept of it, and by its fingerprint from then on", async () => {
    const row = appProcess();
    const first = await ask(row, { what: "a" }, "k");
    const as = (inputFingerprint: string) => ({ inputFingerprint });
    expect((await ask(row, { what: "a" }, "k", as("f".repeat(64)))).body).toEqual(first.body);
    await ask(row, { what: "[REDACTED:x]" }, "k2", as("f".repeat(64)));
    await ask(row, { what: "[REDACTED:y]" }, "k2", as("f".repeat(64)));
    expect(done).toHaveLength(2);
    await expect(ask(row, { what: "[REDACTED:y]" }, "k2", as("e".repeat(64)))).rejects.toMatchObject({
      code: "idempotency_conflict",
    });
  });

  test("means the same however it is spelt: defaults said or not, fields in any order", async () => {
    const row = appProcess();
    const first = await ask(row, { what: "a" }, "k");
    const again = await ask(row, { often: 1, what: "a", agent_id: "desk" }, "k");
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    expect(again.headers).toEqual({ "idempotent-replayed": "true" });
    expect(done).toHaveLength(1);
  });

  test("is another one for another operation, agent or person", async () => {
    const [row, other] = [appProcess(), appProcess({ name: "promote" })];
    await ask(row, { what: "a" }, "k");
    await ask(other, { what: "b" }, "k");
    await ask(row, { what: "c", agent_id: "other" }, "k");
    await ask(row, { what: "d" }, "k", person("ann"));
    await ask(row, { what: "e" }, "k", person("bob"));
    expect(done).toHaveLength(5);
    await expect(ask(row, { what: "e" }, "k", person("ann"))).rejects.toMatchObject({
      code: "idempotency_conflict",
    });
  });

  test("hands to services a key that is the caller's own, and no two persons' alike", async () => {
    const keys: unknown[] = [];
    answer = (_input, { idempotencyKey }) => {
      keys.push(idempotencyKey);
      return { body: {} };
    };
    const row = appProcess();
    await ask(row, { what: "a" }, "k");
    for (const name of ["ann", "bob"]) await ask(row, { what: "a" }, "k", person(name));
    expect(keys[0]).toBe("k");
    expect(new Set(keys).size).toBe(3);
  });

  test("shows no answer to somebody who may not ask", async () => {
    const row = appProcess();
    answer = (_input, { request }) => ({ body: { keyed: request !== undefined } });
    await ask(row, { what: "a" }, "k", person("ann"));
    // The guard inside refuses; here stands what it would be asked.
    expect((await ask(row, { what: "a" }, "k", person("ann", false))).body).toEqual({ keyed: false });
  });

  test("that was refused leaves the key free, for other input too", async () => {
    const row = appProcess();
    answer = () => {
      throw invalid("no", "Not that.");
    };
    await expect(ask(row, { what: "a" }, "k")).rejects.toMatchObject({ code: "no" });
    answer = () => ({ body: { fine: true } });
    expect((await ask(row, { what: "b" }, "k")).body).toEqual({ fine: true });
  });

  test("that failed on our side is tried again, told that it may have been done, and for the same input alone", async () => {
    const row = appProcess();
    const tries: unknown[] = [];
    answer = async (_input, { request }) => {
      tries.push([request?.isAgain, request?.noted]);
      await request?.note({ seen: tries.length });
      if (tries.length === 1) throw unavailable("busy", "Busy.");
      if (tries.length === 2) throw conflict("no", "Not now.");
      return { body: { fine: true } };
    };
    await expect(ask(row, { what: "a" }, "k")).rejects.toMatchObject({ code: "busy" });
    await expect(ask(row, { what: "b" }, "k")).rejects.toMatchObject({ code: "idempotency_conflict" });
    await expect(ask(row, { what: "a" }, "k")).rejects.toMatchObject({ code: "no" });
    // What a second try is refused may be what the first one has done: the key still stands for this request.
    await expect(ask(row, { what: "b" }, "k")).rejects.toMatchObject({ code: "idempotency_conflict" });
    expect((await ask(row, { what: "a" }, "k")).body).toEqual({ fine: true });
    expect(tries).toEqual([
      [false, {}],
      [true, { seen: 1 }],
      [true, { seen: 2 }],
    ]);
  });

  test("whose work is under way (202) is asked for it again, until the answer is final", async () => {
    const row = appProcess();
    answer = () =>
      done.length < 3 ? { status: 202, body: { done: done.length } } : { body: { is: "ready" } };
    for (const status of [202, 202, undefined, undefined])
      expect((await ask(row, { what: "a" }, "k")).status).toBe(status);
    expect(done).toHaveLength(3);
  });

  test("of which an item met a passing fault is carried out again, one that was refused is not", async () => {
    const row = appProcess();
    const failed = (status: number) => ({ status: 207, body: { results: [{ error: { status } }] } });
    answer = () => failed(done.length === 1 ? 503 : 422);
    for (let i = 0; i < 3; i++) await ask(row, { what: "a" }, "k");
    expect(done).toHaveLength(2);
  });

  test("has its whole answer again, also one that no single document could hold", async () => {
    const row = appProcess();
    const long = Array.from({ length: 900 }, (_one, i) => `${i} "'\u0001ü😀`.repeat(300));
    answer = () => ({ status: 207, headers: { "x-one": "1" }, body: { long, results: [] } });
    await ask(row, { what: "a" }, "k");
    const again = await ask(row, { what: "a" }, "k");
    expect(again).toEqual({
      status: 207,
      headers: { "x-one": "1", "idempotent-replayed": "true" },
      body: { long, results: [] },
    });
  });

  test(`is remembered for ${KEPT_DAYS} days, and for ever where ids are made of the key`, async () => {
    const [row, forEver] = [appProcess(), appProcess({ name: "promote", idempotency: { kept: "for ever" } })];
    for (const one of [row, forEver]) await ask(one, { what: "a" }, "k");
    clock.advance(KEPT_DAYS * 86_400_000 - 2000);
    for (const one of [row, forEver]) await ask(one, { what: "a" }, "k");
    expect(done).toHaveLength(2);
    clock.advance(4000);
    await ask(row, { what: "other" }, "k");
    expect(done).toHaveLength(3);
    await expect(ask(forEver, { what: "other" }, "k")).rejects.toMatchObject({ status: 409 });
  });

  test("stores neither the key nor what was asked", async () => {
    await ask(appProcess(), { what: "the secret" }, "the key");
    const { items } = await ledger.query("requests", { limit: 10 });
    expect(items).toHaveLength(1);
    expect(JSON.stringify(items)).not.toMatch(/the secret|the key/);
  });
});

describe("two processes that are asked the same", () => {
  test("at once carry it out once: the later one waits for the answer", async () => {
    const [one, two] = [appProcess(), appProcess()];
    let finish: (reply: Reply<unknown>) => void = () => {};
    answer = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const first = ask(one, { what: "a" }, "k");
    while (done.length === 0) await new Promise(setImmediate);
    const second = ask(two, { what: "a" }, "k");
    await expect(ask(two, { what: "b" }, "k")).rejects.toMatchObject({ code: "idempotency_conflict" });
    clock.after(700, () => finish({ body: { is: "done" } }));
    expect((await passing(second)).body).toEqual({ is: "done" });
    expect((await first).body).toEqual({ is: "done" });
    expect(done).toHaveLength(1);
  });

  test("and one that takes minutes is told of, with a time to ask again; its lease lasts while it works", async () => {
    const [one, two] = [appProcess(), appProcess()];
    let finish: (reply: Reply<unknown>) => void = () => {};
    answer = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const first = ask(one, { what: "a" }, "k");
    while (done.length === 0) await new Promise(setImmediate);
    for (let minute = 0; minute < 3; minute++) {
      await expect(passing(ask(two, { what: "a" }, "k"))).rejects.toMatchObject({
        status: 409,
        code: "idempotency_in_progress",
        retryAfterMs: expect.any(Number),
      });
      for (let i = 0; i < 12; i++) {
        clock.advance(5000);
        await realWork(20);
      }
    }
    finish({ body: { is: "done" } });
    await first;
    expect((await ask(two, { what: "a" }, "k")).body).toEqual({ is: "done" });
    expect(done).toHaveLength(1);
  });

  test("and the first one dies: the other takes it up when the lease is over, and not before", async () => {
    const [one, two] = [appProcess(), appProcess()];
    const real = ledger.replace;
    // A dead process renews nothing and keeps no answer.
    ledger = { ...ledger, replace: () => Promise.reject(unavailable("dead", "Dead.")) };
    const dying = appProcess();
    ledger = { ...ledger, replace: real };
    await ask(dying, { what: "a" }, "k");
    await expect(passing(ask(one, { what: "a" }, "k"))).rejects.toMatchObject({
      code: "idempotency_in_progress",
    });
    clock.advance(30_000);
    answer = (_input, { request }) => ({ body: { isAgain: request?.isAgain } });
    expect((await ask(two, { what: "a" }, "k")).body).toEqual({ isAgain: true });
    expect((await ask(one, { what: "a" }, "k")).body).toEqual({ isAgain: true });
  });
});

describe("every door takes the key", () => {
  const mcp = async (url: string, args: object) => {
    const rpc = await fetch(`${url}/api/mcp`, {
      method: "POST",
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "lightning_do", arguments: args },
      }),
    });
    return ((await rpc.json()) as { result: { isError?: boolean; content: { text: string }[] } }).result;
  };
  const rest = async (url: string, body: object, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/api/lightning/things`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as { error?: unknown },
    };
  };

  test("as header, as field and as tool argument it is one key; two that differ are refused", async () => {
    const door = await loopback([appProcess()]);
    try {
      const first = await rest(door.url, { what: "a" }, { "idempotency-key": "k" });
      const field = await rest(door.url, { what: "a", idempotency_key: "k" });
      expect([field.status, field.body]).toEqual([first.status, first.body]);
      expect(field.headers.get("idempotent-replayed")).toBe("true");
      expect(
        JSON.parse((await mcp(door.url, { what: "a", idempotency_key: "k" })).content[0]?.text ?? ""),
      ).toEqual(first.body);
      const other = await mcp(door.url, { what: "b", idempotency_key: "k" });
      expect(other.isError).toBe(true);
      expect(other.content[0]?.text).toContain("idempotency_conflict");
      const two = await rest(door.url, { what: "a", idempotency_key: "k" }, { "idempotency-key": "j" });
      expect(two).toMatchObject({ status: 422, body: { error: { field: "idempotency_key" } } });
      expect(done).toHaveLength(1);
    } finally {
      await door.stop();
    }
  });

  test.each(["", "k".repeat(256), "ünique", "tab\tkey"])(
    "refuses the key %j and says what one looks like",
    async (key) => {
      const door = await loopback([appProcess()]);
      try {
        const field = await rest(door.url, { what: "a", idempotency_key: key });
        expect(field).toMatchObject({ status: 422, body: { error: { field: "idempotency_key" } } });
        // A header cannot carry all of these as they are; what it carries is judged alike.
        const header = await rest(door.url, { what: "a" }, { "idempotency-key": key }).catch(() => undefined);
        if (header !== undefined)
          expect(header).toMatchObject({ status: 400, body: { error: { code: "bad_idempotency_key" } } });
        expect(done).toEqual([]);
      } finally {
        await door.stop();
      }
    },
  );
});
