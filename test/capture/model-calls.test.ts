import { describe, expect, test } from "@jest/globals";
import { chatAnswer, chatRequest } from "../../src/capture/calls/chat.ts";
import { endingOf, faultOf } from "../../src/capture/calls/endings.ts";
import { ChatJoiner } from "../../src/capture/calls/join-chat.ts";
import { ResponsesJoiner, responsesAnswer, responsesRequest } from "../../src/capture/calls/responses.ts";

const delta = (tool_calls: unknown[], more: object = {}) => ({
  choices: [{ index: 0, delta: { tool_calls }, ...more }],
});
const fn = (name: string | undefined, args: string) => ({ function: { name, arguments: args } });

/** What servers really stream for one or two calls: the call ids, names and arguments that it spells out. */
const STREAMS: [name: string, chunks: unknown[], calls: [id: string, name: string, args: string][]][] = [
  [
    "one call in fragments, by index",
    [
      delta([{ index: 0, id: "k1", ...fn("find_", "") }]),
      delta([{ index: 0, ...fn("ship", '{"a"') }]),
      delta([{ index: 0, ...fn(undefined, ":1}") }]),
    ],
    [["k1", "find_ship", '{"a":1}']],
  ],
  [
    "two calls with ids and no index",
    [delta([{ id: "k1", ...fn("a", "{}") }]), delta([{ id: "k2", ...fn("b", '{"x":1}') }])],
    [
      ["k1", "a", "{}"],
      ["k2", "b", '{"x":1}'],
    ],
  ],
  [
    "two calls that both say index 0",
    [delta([{ index: 0, id: "k1", ...fn("a", "{}") }]), delta([{ index: 0, id: "k2", ...fn("a", "{}") }])],
    [
      ["k1", "a", "{}"],
      ["k2", "a", "{}"],
    ],
  ],
  [
    "two calls of one tool without id or index",
    [delta([fn("a", '{"x":1}')]), delta([fn("a", '{"x":2}')])],
    [
      ["call_a0.0", "a", '{"x":1}'],
      ["call_a0.1", "a", '{"x":2}'],
    ],
  ],
  [
    "the name repeated in each delta",
    [
      delta([{ index: 0, id: "k1", ...fn("find", "") }]),
      delta([{ index: 0, ...fn("find", '{"x"') }]),
      delta([{ index: 0, ...fn("find", ":1}") }]),
    ],
    [["k1", "find", '{"x":1}']],
  ],
  [
    "fragments of two calls in turn, by index",
    [
      delta([
        { index: 0, id: "k1", ...fn("a", "") },
        { index: 1, id: "k2", ...fn("b", "") },
      ]),
      delta([{ index: 1, ...fn(undefined, '{"y":') }]),
      delta([{ index: 0, ...fn(undefined, "{}") }]),
      delta([{ index: 1, ...fn(undefined, "2}") }]),
    ],
    [
      ["k1", "a", "{}"],
      ["k2", "b", '{"y":2}'],
    ],
  ],
  [
    "a custom tool, whose input is text",
    [
      delta([{ index: 0, id: "k1", type: "custom", custom: { name: "sql", input: "select" } }]),
      delta([{ index: 0, custom: { input: " 1" } }]),
    ],
    [["k1", "sql", '{"input":"select 1"}']],
  ],
  [
    "a function_call of the first form",
    [
      { choices: [{ delta: { function_call: { name: "old", arguments: '{"a"' } } }] },
      { choices: [{ delta: { function_call: { arguments: ":1}" } } }] },
    ],
    [["call_a0.0", "old", '{"a":1}']],
  ],
  ["tool_calls null in every delta", [{ choices: [{ delta: { content: "hi", tool_calls: null } }] }], []],
];

describe("tool calls of a stream", () => {
  test.each(STREAMS)("%s", (_name, chunks, calls) => {
    const joiner = new ChatJoiner();
    for (const chunk of chunks) joiner.add(chunk);
    const parts = chatAnswer(joiner.result()).choices[0]?.parts.filter((part) => part.kind === "tool_call");
    expect(parts?.map((part) => [part.id, part.name, part.arguments])).toEqual(calls);
  });
});

describe("a chat request", () => {
  test("odd fields are put right or kept beside, and nothing is made up", () => {
    const request = chatRequest({
      model: "m",
      messages: [
        { role: "user", content: "hi", name: null, tool_calls: null },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "", function: { name: "f", arguments: { a: 1 } } }],
        },
        { role: "tool", content: "7" },
        { role: "function", name: "old", content: "8" },
      ],
      tools: [
        { type: "function", function: { name: "f", description: null, parameters: null } },
        { type: "web_search" },
      ],
      parallel_tool_calls: null,
      temperature: 0,
      top_logprobs: 3,
      stream: true,
    });
    expect(request).toEqual({
      model: "m",
      messages: [
        { role: "user", content: "hi" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "call_1.0", type: "function", function: { name: "f", arguments: '{"a":1}' } }],
        },
        { role: "tool", content: "7", tool_call_id: "call_1.0" },
        { role: "tool", content: "8", tool_call_id: "call_3" },
      ],
      tools: [{ type: "function", function: { name: "f" } }],
      parallelToolCalls: undefined,
      sampling: { temperature: 0, top_logprobs: 3 },
      kept: { other_tools: [{ type: "web_search" }] },
      missing: [],
    });
  });
});

describe("a responses request", () => {
  const items = [
    { role: "user", content: [{ type: "input_text", text: "two things" }] },
    { type: "reasoning", summary: [] },
    { type: "function_call", call_id: "c1", name: "a", arguments: "{}" },
    { type: "function_call", call_id: "c2", name: "b", arguments: "{}" },
    { type: "function_call_output", call_id: "c1", output: "1" },
    { type: "function_call_output", call_id: "c2", output: "2" },
  ];
  test("has its items in chat form, parallel calls in one message", () => {
    expect(responsesRequest({ instructions: "be brief", input: items }).messages).toEqual([
      { role: "system", content: "be brief" },
      { role: "user", content: [{ type: "text", text: "two things" }] },
      {
        role: "assistant",
        content: null,
        tool_calls: ["a", "b"].map((name, i) => ({
          id: `c${i + 1}`,
          type: "function",
          function: { name, arguments: "{}" },
        })),
      },
      { role: "tool", tool_call_id: "c1", content: "1" },
      { role: "tool", tool_call_id: "c2", content: "2" },
    ]);
  });

  test("says what only the provider has, unless it was captured", () => {
    const body = { previous_response_id: "resp_1", input: "and then?" };
    expect(responsesRequest(body).missing).toEqual(["previous_response_id=resp_1"]);
    const before = [{ role: "user" as const, content: "first" }];
    expect(responsesRequest(body, before)).toMatchObject({
      missing: [],
      messages: [...before, { role: "user", content: "and then?" }],
    });
  });
});

describe("a responses stream", () => {
  const events = [
    { type: "response.created", response: { id: "resp_1", status: "in_progress", output: [] } },
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { type: "message", role: "assistant", content: [] },
    },
    { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "It is " },
    { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "sunny." },
    {
      type: "response.output_item.added",
      output_index: 1,
      item: { type: "function_call", call_id: "c1", name: "f" },
    },
    { type: "response.function_call_arguments.delta", output_index: 1, delta: '{"a":' },
    { type: "response.function_call_arguments.delta", output_index: 1, delta: "1}" },
  ];
  test("that ends early is what came, and unfinished", () => {
    const joiner = new ResponsesJoiner();
    for (const event of events) joiner.add(event);
    const answer = responsesAnswer(joiner.result());
    expect(answer.choices[0]?.parts).toEqual([
      { kind: "text", text: "It is sunny." },
      { kind: "tool_call", id: "c1", name: "f", arguments: '{"a":1}', type: "function" },
    ]);
    expect(endingOf("responses", joiner.result(), answer)).toEqual({ state: "unfinished" });
  });
});

describe("how a call ended", () => {
  const chat = (finish_reason: unknown, more: object = {}) => ({
    choices: [{ finish_reason, message: { content: "x" } }],
    ...more,
  });
  test.each([
    ["stop", chat("stop"), { state: "finished" }],
    ["length", chat("length"), { state: "cut" }],
    ["content_filter", chat("content_filter"), { state: "filtered" }],
    ["without a reason", chat(null), { state: "unfinished" }],
    [
      "an error with status 200",
      { choices: null, error: { message: "overloaded" } },
      { state: "failed", fault: { by: "provider", message: "overloaded" } },
    ],
    ["null for choices", { choices: null }, { state: "failed", fault: { by: "provider" } }],
  ])("%s", (_name, body, ending) => {
    expect(endingOf("chat.completions", body, chatAnswer(body))).toMatchObject(ending);
  });

  test.each([
    [Object.assign(new Error("no"), { status: 429 }), "provider"],
    [Object.assign(new Error("no"), { status: 500 }), "provider"],
    [Object.assign(new Error("no"), { status: 400 }), "caller"],
    [Object.assign(new Error("no"), { name: "AbortError" }), "caller"],
    [Object.assign(new Error("no"), { code: "ECONNREFUSED" }), "network"],
    [new TypeError("fetch failed", { cause: new Error("reset") }), "network"],
    [new TypeError("x is not a function"), "caller"],
  ])("%s is the fault of the %s", (thrown, by) => {
    expect(faultOf(thrown).by).toBe(by);
  });
});
