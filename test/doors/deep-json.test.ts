import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { isSameCall } from "../../src/evaluation/tool-calls.ts";
import { DEEPEST_JSON, placeDeeperThan } from "../../src/kernel/depth.ts";
import { openWorld, type World } from "../scenarios/world.ts";
import { cliAgainst } from "../surfaces/cli-harness.ts";

const ROWS = operationRows(readSettings({}));
const TOO_DEEP = [150, 400, 1000, 2500, 10_000, 100_000];
const ENOUGH = [1, 50, 90];
const HERE = "@here@";

type Form = (levels: number) => string;
/** As text: what is so deep can be written by hand alone. */
const lists: Form = (levels) => `${"[".repeat(levels)}1${"]".repeat(levels)}`;
const objects: Form = (levels) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
const FORMS = [lists, objects];

/** A JSON text with so many levels in the place of the mark. */
const holding = (value: unknown, deep: string) => JSON.stringify(value).replaceAll(`"${HERE}"`, () => deep);
const pathOf = (path: string) => path.replaceAll(/\{(\w+)\??\}/g, "some-$1");

const EPISODE = { user_input: "q", assistant_output: "a" };
const FREE_PLACES: readonly (readonly [string, string, object])[] = [
  ["a tool's result", "/episodes", { ...EPISODE, tool_calls: [{ tool_name: "t", result: HERE }] }],
  [
    "a tool's arguments",
    "/episodes",
    { ...EPISODE, tool_calls: [{ tool_name: "t", arguments: { a: HERE } }] },
  ],
  ["metadata of an episode", "/episodes", { ...EPISODE, metadata: { a: HERE } }],
  [
    "a tool's schema",
    "/episodes",
    { ...EPISODE, tools: [{ type: "function", function: { name: "t", parameters: { a: HERE } } }] },
  ],
  ["metadata of a reward", "/rewards", { episode_id: "ep-1", value: 1, metadata: { a: HERE } }],
  ["an answer to be verified", "/lineage/verify", { answer: { manifest: {}, a: HERE } }],
];

describe("JSON of any depth", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: "desk" });
    await world.call("POST", "/episodes", { ...EPISODE, id: "ep-1" });
  });
  afterAll(() => world.close());

  const refusal = { status: 422, body: { error: { code: "too_deep" } } };

  it("is refused alike in every field of every operation, however deep", async () => {
    const odd: string[] = [];
    for (const row of ROWS) {
      if (row.rest.method !== "POST") continue;
      for (const field of Object.keys(row.input.shape)) {
        if (field === row.rest.manyAs || row.rest.path.includes(`{${field}`)) continue;
        for (const levels of [150, 100_000]) {
          const given = Object.entries(row.example).filter(([name]) => !row.rest.path.includes(`{${name}`));
          const body = holding({ ...Object.fromEntries(given), [field]: HERE }, lists(levels));
          const reply = await world.call("POST", pathOf(row.rest.path), body);
          const { code } = reply.body.error ?? {};
          if (reply.status !== 422 || code !== "too_deep")
            odd.push(`${row.name} ${field} ${levels}: ${reply.status} ${code}`);
        }
      }
    }
    expect(odd).toEqual([]);
  });

  it.each(FREE_PLACES)("has one answer at every depth in %s", async (_what, address, body) => {
    for (const form of FORMS) {
      for (const levels of ENOUGH) {
        const reply = await world.call("POST", address, holding(body, form(levels)));
        expect([levels, reply.status < 500, reply.body.error?.code === "too_deep"]).toEqual([
          levels,
          true,
          false,
        ]);
        expect(JSON.stringify(reply.body)).not.toContain("WITHHELD");
      }
      for (const levels of TOO_DEEP) {
        const reply = await world.call("POST", address, holding(body, form(levels)));
        expect(reply).toMatchObject(refusal);
        expect(reply.body.error.message.length).toBeLessThan(200);
      }
    }
  });

  it("is taken up to its limit and refused from there on", async () => {
    const asked = (levels: number) =>
      world.call("POST", "/episodes", holding({ ...EPISODE, metadata: { a: HERE } }, objects(levels)));
    // The episode and its metadata are two levels.
    expect((await asked(DEEPEST_JSON - 2)).status).toBe(201);
    expect(await asked(DEEPEST_JSON - 1)).toMatchObject(refusal);
  });

  it.each(["an array", "lines", "a member"])("spoils no other item of many as %s", async (as) => {
    for (const levels of TOO_DEEP) {
      const deep = holding({ ...EPISODE, metadata: { a: HERE } }, lists(levels));
      const good = JSON.stringify(EPISODE);
      const items = [good, deep, lists(levels)].join(as === "lines" ? "\n" : ",");
      const body = as === "lines" ? items : as === "an array" ? `[${items}]` : `{"episodes":[${items}]}`;
      const type = as === "lines" ? "application/x-ndjson" : "application/json";
      const key = { "idempotency-key": `${as}-${levels}` };
      for (const headers of [{}, key, key]) {
        const reply = await world.call("POST", "/episodes", body, { "content-type": type, ...headers });
        const error = { code: "too_deep", status: 422 };
        expect(reply).toMatchObject({
          status: 207,
          body: { recorded: 1, failed: 2, results: [{ status: "recorded" }, { error }, { error }] },
        });
      }
    }
  });

  it("is refused by every tool as by its operation", async () => {
    for (const levels of TOO_DEEP) {
      for (const [name, args] of [
        ["lightning_record_episode", { ...EPISODE, metadata: { a: HERE } }],
        ["lightning_assign_reward", { episode_id: "ep-1", value: 1, metadata: { a: HERE } }],
        ["lightning_verify_answer", { answer: { manifest: {}, a: HERE } }],
      ] as const) {
        const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } };
        const response = await world.fetch("/api/mcp", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: holding(call, objects(levels)),
        });
        expect(response.status).toBe(200);
        const { result } = (await response.json()) as {
          result: { isError: boolean; content: [{ text: string }] };
        };
        expect(result).toMatchObject({ isError: true });
        expect(result.content[0].text).toContain("Code: too_deep");
      }
    }
  });

  it("anywhere else in a message to the tools is an answer, not a fault", async () => {
    for (const levels of TOO_DEEP)
      for (const body of [
        lists(levels),
        holding({ jsonrpc: "2.0", id: 1, method: "tools/call", params: HERE }, lists(levels)),
        holding(
          { jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: { a: HERE } } },
          lists(levels),
        ),
        holding({ jsonrpc: "2.0", id: HERE, method: HERE }, lists(levels)),
      ]) {
        const response = await world.fetch("/api/mcp", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body,
        });
        expect(response.status).toBeLessThan(500);
        await response.text();
      }
  });

  it("held in a text is no level: it is stored, and never withheld", async () => {
    for (const levels of TOO_DEEP) {
      const deep = `[${lists(levels)},"ghp_0123456789abcdefghijABCDEFGHIJ012345"]`;
      const reply = await world.call("POST", "/episodes", {
        ...EPISODE,
        user_input: deep,
        tool_calls: [{ tool_name: "t", arguments: { a: 1 }, result: deep }],
      });
      expect(reply).toMatchObject({ status: 201, body: { success: true } });
      const stored = await world.call("GET", `/episodes/${reply.body.episode_id}`);
      const text = JSON.stringify(stored.body);
      expect(text).not.toContain("WITHHELD");
      expect(text).not.toContain("ghp_0123");
    }
  });

  it("in the arguments of a call, which are text, is compared as text", async () => {
    const episode = (id: string, args: string) => ({
      ...EPISODE,
      id,
      tools: [{ type: "function", function: { name: "t", parameters: { type: "object" } } }],
      messages: [
        { role: "user", content: "q" },
        {
          role: "assistant",
          tool_calls: [{ id: "c", type: "function", function: { name: "t", arguments: args } }],
        },
      ],
    });
    for (const levels of TOO_DEEP) {
      const [done, right] = [`{"a":${lists(levels)}}`, `{"b":${lists(levels)}}`];
      expect(await world.call("POST", "/episodes", episode(`deep-${levels}`, done))).toMatchObject({
        status: 201,
      });
      const correction = { turn: 1, tool_calls: [{ name: "t", arguments: right }] };
      const given = await world.call("POST", "/rewards", {
        episode_id: `deep-${levels}`,
        source: "human_approval",
        value: -1,
        correction,
      });
      expect([given.status < 500, given.body.error?.code]).toEqual([true, given.body.error?.code]);
      expect(isSameCall({ name: "t", arguments: done }, { name: "t", arguments: right })).toBe(false);
      expect(isSameCall({ name: "t", arguments: done }, { name: "t", arguments: done })).toBe(true);
    }
  });

  it("by the dots of one key is as deep as by brackets", async () => {
    const line = JSON.stringify({ [`attributes${".a".repeat(100_000)}`]: 1 });
    for (const address of ["/datasets/golden", "/datasets/validate"]) {
      const reply = await world.call("POST", address, { name: "golden", content: line });
      expect([address, reply.status < 500]).toEqual([address, true]);
    }
  });

  it("in a line of a file is a fault of that line", async () => {
    for (const levels of TOO_DEEP)
      for (const form of FORMS)
        for (const line of [
          form(levels),
          holding({ messages: [{ role: "user", content: HERE }] }, form(levels)),
          holding({ messages: [{ role: "user", content: "q" }], tools: HERE }, form(levels)),
          holding({ attributes: { "llm.input_messages": HERE } }, form(levels)),
          holding({ items: HERE }, form(levels)),
        ])
          for (const content of [line, `[${line}]`, `${line}\n${line}`])
            for (const address of ["/datasets/golden", "/datasets/golden/parts", "/datasets/validate"]) {
              const reply = await world.call("POST", address, { name: "golden", content });
              expect([levels, address, reply.status < 500, reply.body.error?.code]).toEqual([
                levels,
                address,
                true,
                reply.body.error?.code,
              ]);
            }
  });

  it("is refused on the command line before anything is sent", async () => {
    for (const levels of TOO_DEEP) {
      const files = {
        "answer.json": holding({ manifest: {}, a: HERE }, objects(levels)),
        "episode.json": holding({ ...EPISODE, metadata: { a: HERE } }, objects(levels)),
      };
      const run = cliAgainst(ROWS, "http://127.0.0.1:9", { files });
      const verify = await run("verify-answer", "--file", "answer.json");
      expect(verify).toMatchObject({ connections: 0 });
      expect(verify.err).toContain("too_deep");
    }
  });

  it("reaches the durable doors as an answer, not a fault", async () => {
    for (const levels of TOO_DEEP)
      for (const address of [
        "/runtime/webhooks/durabletask/orchestrators/retrainAgents",
        "/runtime/webhooks/durabletask/instances/none/raiseEvent/go",
        "/admin/functions/retrainAgentsTimer",
      ]) {
        const response = await world.fetch(address, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: lists(levels),
        });
        expect([address, levels, response.status < 500]).toEqual([address, levels, true]);
        await response.text();
      }
  });
});

describe("the place of what is too deep", () => {
  it("is found in cycles, and only one level past the limit", () => {
    const cycle: Record<string, unknown> = {};
    cycle.a = [cycle];
    expect(placeDeeperThan(3, cycle)).toEqual(["a", 0, "a"]);
    expect(placeDeeperThan(2, { a: { b: 1 } })).toBeUndefined();
    expect(placeDeeperThan(1, { a: { b: 1 } })).toEqual(["a"]);
  });
});
