import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Operation } from "../../src/doors/operation.ts";
import { ROWS } from "../scenarios/idempotent-posts.ts";
import { openWorld, type World } from "../scenarios/world.ts";

const AGENT = "storm-desk";
/** Each another than the one before: what changes nothing is no change. */
const POLICIES = [true, false].flatMap((four_eyes) =>
  ["warn", "require"].map((gate) => ({ four_eyes, gate })),
);
let calls = 0;

describe("what changes is asked for by its state", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: AGENT });
  });
  afterAll(() => world.close());

  const at = "/api/lightning/deployments/policy";
  const read = (headers: Record<string, string> = {}, method = "GET") => world.fetch(at, { headers, method });
  const etagNow = async () => (await read()).headers.get("etag") ?? "";
  const set = (reason: string, headers: Record<string, string> = {}) =>
    world.call("POST", "/deployments/policy", { ...POLICIES[calls++ % POLICIES.length], reason }, headers);

  it("an answer's ETag is the same as long as it is, and another after a change", async () => {
    const first = await etagNow();
    expect(first).toMatch(/^"[0-9a-f]{32}"$/);
    expect(await etagNow()).toBe(first);
    const known = await read({ "if-none-match": first });
    expect([known.status, await known.text(), known.headers.get("etag")]).toEqual([304, "", first]);
    const head = await read({}, "HEAD");
    expect([head.status, head.headers.get("etag")]).toEqual([200, first]);
    expect((await set("a")).status).toBe(200);
    expect((await read({ "if-none-match": first })).status).toBe(200);
    expect((await read({ "if-match": first })).status).toBe(412);
  });

  it("a change under If-Match is made in that state alone", async () => {
    const before = await etagNow();
    expect((await set("b", { "if-match": before })).status).toBe(200);
    const after = await etagNow();
    expect(await set("c", { "if-match": before })).toMatchObject({
      status: 412,
      body: { error: { code: "content_changed", field: "If-Match" } },
    });
    expect(await etagNow()).toBe(after);
    expect((await set("d", { "if-match": `"x", ${after}` })).status).toBe(200);
    expect((await set("e", { "if-match": "*" })).status).toBe(200);
  });

  it("of several at once one is made", async () => {
    const before = await etagNow();
    const all = await Promise.all(["f", "g", "h"].map((reason) => set(reason, { "if-match": before })));
    expect(all.map(({ status }) => String(status)).toSorted()).toEqual(["200", "412", "412"]);
  });

  it("one that comes between the look and the write is seen", async () => {
    await set("as it is now");
    const before = await etagNow();
    const { ledger } = world.app as unknown as {
      ledger: { replace: (...args: unknown[]) => Promise<unknown> };
    };
    const real = ledger.replace;
    let isFirst = true;
    // Somebody else is faster, after this request has looked.
    ledger.replace = async (...args) => {
      if (args[0] !== "audit" && args[0] !== "requests" && isFirst) {
        isFirst = false;
        ledger.replace = real;
        expect((await set("from elsewhere")).status).toBe(200);
      }
      return real.apply(ledger, args);
    };
    const late = await set("too late", { "if-match": before });
    ledger.replace = real;
    expect(isFirst).toBe(false);
    expect(late).toMatchObject({ status: 412, body: { error: { code: "content_changed" } } });
  });

  it("under a key that was answered the answer comes again, whatever changed since", async () => {
    const headers = { "if-match": await etagNow(), "idempotency-key": "once" };
    const first = await set("j", headers);
    expect(first.status).toBe(200);
    calls--;
    expect(await set("j", headers)).toEqual(first);
  });
});

describe("a condition that a row cannot keep", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: AGENT });
  });
  afterAll(() => world.close());
  const POSTS = ROWS.filter(({ rest }) => rest.method !== "GET");

  it.each(POSTS.map((row) => [row.name, row] as const))("is refused by name: %s", async (_name, row) => {
    const path = row.rest.path.replaceAll(/\{\w+\}/g, "x");
    const keeps = row.answers?.changes !== undefined;
    for (const [header, isKept] of [
      ["if-match", keeps],
      ["if-none-match", false],
    ] as const) {
      // Nothing is done by it whether the header is kept or not: no such field.
      const { status, body } = await world.call("POST", path, { no_such_field: 1 }, { [header]: '"x"' });
      expect([header, status, body.error.code]).toEqual(
        isKept ? [header, 422, "invalid_input"] : [header, 400, "precondition_not_kept"],
      );
      if (!isKept) expect(body.error.field?.toLowerCase()).toBe(header);
    }
  });
});

it("every row that changes something names what shows it", () => {
  const changing = ROWS.filter(({ answers }) => answers?.changes !== undefined);
  expect(changing.length).toBeGreaterThan(5);
  for (const { answers, input } of changing) {
    const shown = ROWS.find(
      ({ rest }) => rest.method === "GET" && rest.path === answers?.changes,
    ) as Operation;
    for (const [, field = ""] of (answers?.changes ?? "").matchAll(/\{(\w+)\}/g))
      expect([shown.name, field in input.shape, field in shown.input.shape]).toEqual([
        shown.name,
        true,
        true,
      ]);
  }
});
