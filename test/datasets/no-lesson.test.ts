import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Episode } from "../../src/episodes/contract.ts";
import { AGENT, episode, makeWorld, type World } from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.close());

/** What a wrapped tool's handler records. */
const toolAlone = (n: number, over: Partial<Episode> = {}) =>
  episode(n, {
    user_input: `Call tool 'count_stock' with arguments: {"item":"lamp ${n}"}`,
    assistant_output: `${n} in stock`,
    tool_names: ["count_stock"],
    tool_calls: [{ tool_name: "count_stock", arguments: { item: `lamp ${n}` }, result: `${n} in stock` }],
    ...over,
  });
const definition = {
  type: "function" as const,
  function: {
    name: "count_stock",
    description: "Counts.",
    parameters: { type: "object", properties: { item: { type: "string" } }, required: ["item"] },
  },
};
/** The same in a user's own words. */
const inWords = (n: number) => toolAlone(n, { user_input: `How many of lamp ${n} are there?` });

describe("a question that spells out the call", () => {
  test("is no lesson, and is counted; the same call on a question in words is one", async () => {
    await world.store(
      ...[1, 2, 3].map((n) => toolAlone(n)),
      ...[4, 5].map(inWords),
      toolAlone(6, {
        user_input: "Call tool 'now' with arguments: {}",
        tool_calls: [{ tool_name: "now", arguments: {} }],
      }),
    );
    const dataset = await world.build({ near_duplicates: 1 });
    expect(dataset.dropped).toEqual({ spelt_out: 4 });
    expect((dataset.training_count ?? 0) + (dataset.validation_count ?? 0)).toBe(2);
  });

  test("is taken where the recipe asks for it, with the definition that was captured and none made up", async () => {
    await world.store(...[1, 2, 3].map((n) => toolAlone(n, { tools: [definition] })));
    const dataset = await world.build({ near_duplicates: 1, include_spelt_out: true, train_split: 1 });
    expect(dataset.dropped ?? {}).toEqual({});
    expect(dataset.warnings ?? {}).not.toHaveProperty("derived_tool_definition");
    const lines = await world.linesOf(dataset, "train");
    expect(lines).toHaveLength(3);
    for (const line of lines) expect((JSON.parse(line) as { tools: unknown }).tools).toEqual([definition]);
  });

  test("that is all there is says so, with the way out", async () => {
    await world.store(...[1, 2, 3].map((n) => toolAlone(n)));
    const dataset = await world.build();
    expect(dataset.error).toMatch(/3 spell out in their question what to call.*include_spelt_out/);
  });

  test("an agent's recipe without the wish is the same as one that says no", async () => {
    await world.store(inWords(1));
    const ids = [];
    for (const wish of [{}, { include_spelt_out: false }]) ids.push((await world.build(wish)).id);
    expect(ids[1]).toBe(ids[0]);
  });
});

describe("a conversation that capture cut for its size", () => {
  const messages = [
    { role: "user" as const, content: "What is it?" },
    { role: "assistant" as const, content: "A picture." },
  ];
  const pointer = "lightning-bytes:image/png;5000000;abc";
  const picture = [
    { role: "user" as const, content: [{ type: "image_url", image_url: { url: pointer } }] },
    { role: "assistant" as const, content: "A picture." },
  ];
  const prompted = [{ role: "system" as const, content: "Be brief." }, ...messages];
  const results = [
    { role: "user" as const, content: "What is there?" },
    {
      role: "assistant" as const,
      tool_calls: [{ id: "k", type: "function" as const, function: { name: "look", arguments: "{}" } }],
    },
    { role: "tool" as const, tool_call_id: "k", content: "much...[TRUNCATED]" },
    { role: "assistant" as const, content: "Much." },
  ];
  test.each([
    ["whole messages", { messages, truncated: { messages: 9000 } }, false],
    ["a text of the user's", { messages, truncated: { "messages.0.content": 9000 } }, false],
    ["the answer", { messages, truncated: { "messages.1.content": 9000 } }, false],
    [
      "arguments of a call",
      { messages: results, truncated: { "messages.1.tool_calls.0.function.arguments": 9 } },
      false,
    ],
    ["a picture's bytes", { messages: picture, truncated: { "messages.0.content": 9000 } }, false],
    ["the question, where no messages say it", { truncated: { user_input: 9000 } }, false],
    ["the answer, where no messages say it", { truncated: { assistant_output: 9000 } }, false],
    ["the prompt, where no message says it", { messages, truncated: { system_prompt: 9000 } }, false],
    ["the prompt said twice", { messages: prompted, truncated: { system_prompt: 9000 } }, true],
    ["the answer said twice", { messages, truncated: { assistant_output: 9000 } }, true],
    ["a tool's result", { messages: results, truncated: { "messages.2.content": 9000 } }, true],
  ] as const)("is a lesson only where nothing of it is learnt: %s", async (_name, over, isLesson) => {
    await world.store(episode(1, over), episode(2));
    const dataset = await world.build({ agent_id: AGENT });
    expect(dataset.dropped ?? {}).toEqual(isLesson ? {} : { cut_for_size: 1 });
  });
});

test("a call without arguments is not spelt out by whatever names its tool", async () => {
  const call = { id: "c1", type: "function" as const, function: { name: "time", arguments: "" } };
  await world.store(
    episode(1, {
      user_input: "What time is it now?",
      messages: [
        { role: "user", content: "What time is it now?" },
        { role: "assistant", content: null, tool_calls: [call] },
        { role: "tool", tool_call_id: "c1", content: "noon" },
        { role: "assistant", content: "Noon." },
      ],
      tool_names: ["time"],
      tool_calls: [{ tool_name: "time", result: "noon" }],
    }),
    ...[2, 3].map(inWords),
  );
  const dataset = await world.build();
  expect(Object.keys(dataset.dropped ?? {})).not.toContain("spelt_out");
});
