import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { commasIn, hasMoreValues, MOST_VALUES, MOST_VALUES_TOGETHER } from "../../src/kernel/width.ts";
import { openWorld, type World } from "../scenarios/world.ts";

const ROWS = operationRows(readSettings({}));
const HERE = "@here@";
const pathOf = (path: string) => path.replaceAll(/\{(\w+)\??\}/g, "some-$1");
const items = (count: number, item: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => item(i));

/** Shapes that hold so many values and one. */
const SHAPES: Readonly<Record<string, (values: number) => string>> = {
  "numbers in a list": (values) => `[${items(values, () => "1").join(",")}]`,
  "empty objects in a list": (values) => `[${items(values, () => "{}").join(" , ")}]`,
  "keys of an object": (values) => `{${items(values, (i) => `"k\\"${i},":1`).join(",")}}`,
  "lists in lists": (values) => `[${items(values / 2, () => "[1]").join(",")}]`,
};
const WIDE = SHAPES["numbers in a list"]?.(MOST_VALUES) ?? "";
const holding = (value: unknown, text: string) => JSON.stringify(value).replaceAll(`"${HERE}"`, () => text);
const EPISODE = { user_input: "q", assistant_output: "a" };
const REFUSAL = { status: 422, body: { error: { code: "too_many_values" } } };

describe("a value of any width", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: "desk" });
  });
  afterAll(() => world.close());

  it("is refused alike in every field of every operation, in few words", async () => {
    const odd: string[] = [];
    for (const row of ROWS) {
      if (row.rest.method !== "POST") continue;
      for (const field of [...Object.keys(row.input.shape), "unknown"]) {
        if (field === row.rest.manyAs || row.rest.path.includes(`{${field}`)) continue;
        const given = Object.entries(row.example).filter(([name]) => !row.rest.path.includes(`{${name}`));
        const body = holding({ ...Object.fromEntries(given), [field]: HERE }, WIDE);
        const reply = await world.call("POST", pathOf(row.rest.path), body);
        if (reply.body.error?.code !== "too_many_values" || JSON.stringify(reply.body).length > 400)
          odd.push(`${row.name} ${field}: ${reply.status} ${JSON.stringify(reply.body).slice(0, 200)}`);
      }
    }
    expect(odd).toEqual([]);
  });

  it.each(Object.keys(SHAPES))("is taken up to its limit and refused from there on: %s", async (name) => {
    const text = (values: number) =>
      holding({ ...EPISODE, metadata: { a: HERE } }, SHAPES[name]?.(values) ?? "");
    // The episode, its three members and the one of metadata.
    expect(await world.call("POST", "/episodes", text(MOST_VALUES - 6))).toMatchObject({ status: 201 });
    expect(await world.call("POST", "/episodes", text(MOST_VALUES))).toMatchObject(REFUSAL);
  });

  it.each(["an array", "lines", "a member"])("spoils no other item of many as %s", async (as) => {
    const wide = holding({ ...EPISODE, metadata: { a: HERE } }, WIDE);
    const good = JSON.stringify(EPISODE);
    const all = [good, wide, WIDE].join(as === "lines" ? "\n" : ",");
    const body = as === "lines" ? all : as === "an array" ? `[${all}]` : `{"episodes":[${all}]}`;
    const type = as === "lines" ? "application/x-ndjson" : "application/json";
    const error = { code: "too_many_values", status: 422 };
    expect(await world.call("POST", "/episodes", body, { "content-type": type })).toMatchObject({
      status: 207,
      body: { recorded: 1, failed: 2, results: [{ status: "recorded" }, { error }, { error }] },
    });
  });

  it("is refused also where many are too wide together only", async () => {
    const one = holding({ metadata: HERE }, SHAPES["keys of an object"]?.(MOST_VALUES / 2) ?? "");
    const many = items((2 * MOST_VALUES_TOGETHER) / MOST_VALUES + 1, () => one);
    expect(await world.call("POST", "/episodes", `[${many.join(",")}]`)).toMatchObject(REFUSAL);
    const lines = { "content-type": "application/x-ndjson" };
    expect(await world.call("POST", "/episodes", many.join("\n"), lines)).toMatchObject(REFUSAL);
    const empty = items(MOST_VALUES + 1, () => "1").join("\n");
    expect(await world.call("POST", "/episodes", empty, lines)).toMatchObject(REFUSAL);
  });

  it("is refused in a message to the tools", async () => {
    const call = { name: "lightning_record_episode", arguments: { ...EPISODE, metadata: { a: HERE } } };
    const response = await world.fetch("/api/mcp", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: holding({ jsonrpc: "2.0", id: 1, method: "tools/call", params: call }, WIDE),
    });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("too_many_values");
  });

  it("in a line of a file is one fault of that line, whatever the line is", async () => {
    for (const shape of Object.values(SHAPES))
      for (const line of [holding({ messages: HERE }, shape(MOST_VALUES)), `{"a":${shape(MOST_VALUES)}}`])
        for (const content of [line, `${line}\n${line}`, `[1,${line}]`])
          for (const address of ["/datasets/golden", "/datasets/golden/parts"]) {
            if (content.startsWith("[") && address.endsWith("parts")) continue;
            const reply = await world.call("POST", address, { name: "golden", content });
            expect([address, reply.status]).toEqual([address, 422]);
            expect(JSON.stringify(reply.body)).toMatch(/too_many_values/);
            expect(JSON.stringify(reply.body).length).toBeLessThan(4000);
          }
  });

  it("below its limit gives a fault of the line, however many faults it has", async () => {
    for (const [message, values] of [
      ["{}", 1],
      ["1", 1],
      ['{"role":{},"a":{}}', 3],
    ] as const) {
      const count = Math.floor(MOST_VALUES / values) - 5;
      const content = `{"messages":[${items(count, () => message).join(",")}]}`;
      const reply = await world.call("POST", "/datasets/golden", { name: "golden", content });
      expect(reply).toMatchObject({ status: 422, body: { error: { code: "golden_invalid" } } });
    }
  });
});

describe("values", () => {
  it.each([
    ["1", 1, 0],
    ['"a,b[{"', 1, 0],
    ["[]", 1, 0],
    ["[[],[ ],{}]", 4, 2],
    ["[[1]]", 3, 0],
    ['{"a":[1,2,{"b":"\\\\\\",[\\\\"}],"c":{"d":null}}', 8, 3],
    [' [ "\\"", "," , [ [ ] ] ] ', 5, 2],
  ])("of %s are %i, and the commas between them %i", (text, values, commas) => {
    expect(hasMoreValues(JSON.parse(text), values)).toBe(false);
    expect(hasMoreValues(JSON.parse(text), values - 1)).toBe(true);
    expect(commasIn(text, 1000)).toBe(commas);
    expect(commasIn(text, 1)).toBe(Math.min(commas, 1));
  });

  it("are told of cycles, too", () => {
    const cycle: unknown[] = [];
    cycle.push(cycle, cycle);
    expect(hasMoreValues(cycle, 1000)).toBe(true);
  });
});
