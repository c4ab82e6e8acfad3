import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { snapshot } from "../../src/capture/snapshot.ts";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { parseInput } from "../../src/doors/operation.ts";
import { openWorld, type World } from "../scenarios/world.ts";

const ROWS = operationRows(readSettings({}));
const HOSTILE = '{"a":[{"b":{"__proto__":{"x":1}}}]}';
const hostile = (): unknown => JSON.parse(HOSTILE);

describe("a key __proto__", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: "desk" });
  });
  afterAll(() => world.close());

  const base = { user_input: "q", assistant_output: "a" };
  const call = { tool_name: "t" };
  it.each([
    [
      "arguments of a tool",
      { ...base, tool_calls: [{ ...call, arguments: hostile() }] },
      "tool_calls.0.arguments.a.0.b",
    ],
    [
      "a tool's result",
      { ...base, tool_calls: [{ ...call, result: [hostile()] }] },
      "tool_calls.0.result.0.a.0.b",
    ],
    ["metadata", { ...base, metadata: hostile() }, "metadata"],
    ["sampling parameters", { ...base, sampling: hostile() }, "sampling"],
    [
      "a tool's schema",
      { ...base, tools: [{ type: "function", function: { name: "t", parameters: hostile() } }] },
      "tools.0.function.parameters",
    ],
    [
      "a part of a message",
      { ...base, messages: [{ role: "user", content: [{ type: "text", text: "q", more: hostile() }] }] },
      "messages.0.content.0.more.a.0.b",
    ],
    ["the episode itself", JSON.parse('{"user_input":"q","assistant_output":"a","__proto__":{"x":1}}'), ""],
  ])(
    "in %s is refused with its place, alone and among many, and never thinned",
    async (_what, episode, place) => {
      const told = { code: "invalid_input", field: expect.stringContaining(place) };
      // JSON.stringify writes it as any other key.
      expect(await world.call("POST", "/episodes", episode)).toMatchObject({
        status: 422,
        body: { error: { ...told, message: expect.stringContaining("__proto__") } },
      });
      const many = await world.call("POST", "/episodes", [episode, base]);
      expect(many.body).toMatchObject({
        recorded: 1,
        failed: 1,
        results: [{ error: told }, { status: "recorded" }],
      });
    },
  );

  it("is refused by every row of the table, wherever it stands", () => {
    for (const row of ROWS) {
      const example = { ...row.example };
      expect(() => parseInput(row, example)).not.toThrow();
      for (const field of Object.keys(row.input.shape)) {
        const shape = row.input.shape[field];
        if (shape === undefined || field === row.rest.manyAs || !shape.safeParse({ a: [{ b: {} }] }).success)
          continue;
        expect(() => parseInput(row, { ...example, [field]: hostile() })).toThrow(/__proto__/);
      }
    }
  });

  it("that an agent's process captures is kept under a name that doors take", () => {
    expect(JSON.stringify(snapshot(hostile()).value)).toBe('{"a":[{"b":{"[__proto__]":{"x":1}}}]}');
  });
});

describe("names that every object has", () => {
  const NAMES = ["constructor", "toString", "hasOwnProperty", "__proto__", "valueOf"];

  it("count as any other, as tools, sessions, models, evaluators, rubrics and tags", async () => {
    const world = await openWorld({ LIGHTNING_AGENT_ID: "desk" });
    for (const [n, name] of NAMES.entries())
      for (const copy of [0, 1, 2]) {
        const id = `ep-${n}-${copy}`;
        const recorded = await world.call("POST", "/episodes", {
          id,
          user_input: `Question ${n} ${copy}: what is the state of order ${n * 10 + copy}?`,
          assistant_output: `It is state ${n * 7 + copy}.`,
          tool_calls: [{ tool_name: name, arguments: { order: copy }, result: "ok" }],
          model_deployment: name,
          session_id: `${name}-${copy}`,
          metadata: name === "__proto__" ? {} : { [name]: "kept" },
        });
        expect(recorded.status).toBe(201);
        const rewarded = await world.call("POST", "/rewards", {
          episode_id: id,
          value: 1,
          evaluator: name,
          rubric: name,
          metadata: { tags: [name] },
        });
        expect(rewarded.status).toBe(201);
      }
    await world.settle();
    const stored = await world.call("GET", "/episodes/ep-0-0");
    expect(stored.body).toMatchObject({ metadata: { constructor: "kept" }, reward_avg: 1 });
    const trend = await world.call("GET", "/stats/rewards");
    const models = trend.body.buckets.flatMap((one: { models: object }) => Object.keys(one.models));
    expect(models.toSorted()).toEqual(NAMES.toSorted());
    const built = await world.call("POST", "/datasets", { name: "names" }, { prefer: "wait=200" });
    expect(built.body).toMatchObject({ status: "ready" });
    const tools = JSON.stringify(built.body);
    for (const name of NAMES) expect(tools).toContain(`"${name}"`);
    for (const name of NAMES) {
      const one = await world.call("GET", `/episodes?tool_name=${name}`);
      expect(one.body.episodes).toHaveLength(3);
    }
    await world.close();
  });
});
