import { describe, expect, test } from "@jest/globals";
import { exampleLine, toExample } from "../../src/datasets/line/example.ts";
import { checkFormatLine } from "../../src/datasets/validate/line.ts";
import type { Message, ToolDefinition } from "../../src/episodes/contract.ts";
import { episode } from "./world.ts";

const checkLine = (text: string) => checkFormatLine(text, "sft");

const withTools = { includeTools: true };
const withoutTools = { includeTools: false };
const calculator: ToolDefinition = {
  type: "function",
  function: {
    name: "calculator",
    parameters: { type: "object", properties: { expression: { type: "string" } } },
  },
};
const call = (id: string, name = "calculator", args = '{"expression":"2+2"}') => ({
  id,
  type: "function" as const,
  function: { name, arguments: args },
});
const conversation: Message[] = [
  { role: "system", content: "Be exact." },
  { role: "user", content: "What is 2+2?" },
  { role: "assistant", content: null, tool_calls: [call("call_abc")] },
  { role: "tool", tool_call_id: "call_abc", content: "4" },
  { role: "assistant", content: "It is 4." },
];

describe("an episode with its messages", () => {
  test("becomes a line turn by turn, with ids, results and the tools that were offered", () => {
    const { example, derivedTools } = toExample(
      episode(1, { messages: conversation, tools: [calculator], parallel_tool_calls: false }),
      withTools,
    );
    expect(example).toEqual({ messages: conversation, tools: [calculator], parallel_tool_calls: false });
    expect(derivedTools).toEqual([]);
    expect(checkLine(exampleLine(example)).ok).toBe(true);
  });

  test("gets its answer from beside the messages when they hold the prompt alone", () => {
    const { example } = toExample(
      episode(1, { messages: [{ role: "user", content: "Hi" }], assistant_output: "Hello." }),
      withTools,
    );
    expect(example.messages).toEqual([
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello." },
    ]);
  });

  test("may end on a call, which teaches what to call", () => {
    const { example } = toExample(
      episode(1, { messages: conversation.slice(0, 3), tools: [calculator], assistant_output: "" }),
      withTools,
    );
    expect(example.messages).toHaveLength(3);
    expect(checkLine(exampleLine(example)).ok).toBe(true);
  });

  test("without tools keeps what was said and drops calls, results and definitions", () => {
    const { example } = toExample(episode(1, { messages: conversation, tools: [calculator] }), withoutTools);
    expect(example).toEqual({
      messages: [conversation[0], conversation[1], { role: "assistant", content: "It is 4." }],
    });
  });

  test("a prompt of the recipe replaces the episode's own", () => {
    const { example } = toExample(episode(1, { messages: conversation }), {
      includeTools: false,
      systemPrompt: "Be brief.",
    });
    expect(example.messages.map((turn) => [turn.role, turn.content]).slice(0, 2)).toEqual([
      ["system", "Be brief."],
      ["user", "What is 2+2?"],
    ]);
  });
});

describe("an episode without messages", () => {
  test("without tools is two messages", () => {
    expect(toExample(episode(1), withTools).example).toEqual({
      messages: [
        { role: "user", content: "Question 1" },
        { role: "assistant", content: "Answer 1" },
      ],
    });
  });

  test("has its system prompt in front", () => {
    const { example } = toExample(episode(1, { system_prompt: "Be exact." }), withTools);
    expect(example.messages[0]).toEqual({ role: "system", content: "Be exact." });
  });

  test("turns each recorded call into a call and its result, never into flattened text", () => {
    const { example, derivedTools } = toExample(
      episode(1, {
        tool_calls: [
          { tool_name: "calculator", arguments: { expression: "2+2" }, result: 4 },
          { tool_name: "read_file", arguments: '{"path":"a"}', error: "not found" },
          { tool_name: "now" },
        ],
        tools: [calculator],
      }),
      withTools,
    );
    expect(example.messages.slice(1, -1)).toEqual([
      { role: "assistant", tool_calls: [call("call_1")] },
      { role: "tool", tool_call_id: "call_1", content: "4" },
      { role: "assistant", tool_calls: [call("call_2", "read_file", '{"path":"a"}')] },
      { role: "tool", tool_call_id: "call_2", content: '{"error":"not found"}' },
      { role: "assistant", tool_calls: [call("call_3", "now", "{}")] },
      { role: "tool", tool_call_id: "call_3", content: "" },
    ]);
    expect(example.messages.at(-1)).toEqual({ role: "assistant", content: "Answer 1" });
    expect(JSON.stringify(example)).not.toContain("[Tool:");
    expect(derivedTools).toEqual(["read_file", "now"]);
    expect(checkLine(exampleLine(example)).ok).toBe(true);
  });

  test("declares a tool that nobody defined by its name alone", () => {
    const { example } = toExample(episode(1, { tool_calls: [{ tool_name: "now" }] }), withTools);
    expect(example.tools).toEqual([
      { type: "function", function: { name: "now", parameters: { type: "object", properties: {} } } },
    ]);
  });

  test("keeps recorded ids, and never uses one twice", () => {
    const { example } = toExample(
      episode(1, {
        tool_calls: [
          { tool_name: "a", id: "call_1" },
          { tool_name: "b" },
          { tool_name: "c", id: "call_1" },
          { tool_name: "d", id: "mine" },
        ],
      }),
      withTools,
    );
    const ids = example.messages.flatMap((turn) => turn.tool_calls?.map((each) => each.id) ?? []);
    expect(ids).toEqual(["call_1", "call_2", "call_3", "mine"]);
  });

  test("long arguments and results are kept whole", () => {
    const long = "x".repeat(5000);
    const { example } = toExample(
      episode(1, { tool_calls: [{ tool_name: "echo", arguments: { text: long }, result: long }] }),
      withTools,
    );
    expect(example.messages[1]?.tool_calls?.[0]?.function.arguments).toHaveLength(5011);
    expect(example.messages[2]?.content).toBe(long);
  });

  test("gives the same line whatever the episode's id, so that equal episodes are found equal", () => {
    const [first, second] = ["ep-1", "ep-2"].map((id) =>
      exampleLine(toExample(episode(1, { id, tool_calls: [{ tool_name: "now" }] }), withTools).example),
    );
    expect(first).toBe(second);
  });
});
