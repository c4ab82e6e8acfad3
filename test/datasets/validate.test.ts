import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { checkExample, checkFormatLine } from "../../src/datasets/validate/line.ts";
import {
  DEEPEST_NESTING,
  LINE_RULES,
  type LineRule,
  LONGEST_LINE,
} from "../../src/datasets/validate/line-rules.ts";

const checkLine = (text: string) => checkFormatLine(text, "sft");

type Line = Record<string, unknown>;
/** Rules of other formats, and of a model: `formats.test.ts`. */
type OtherRule =
  | "images_not_taken"
  | "role_not_taken"
  | "input_missing"
  | "output_missing"
  | "output_wrong_role"
  | "output_without_assistant"
  | "input_ends_with_assistant"
  | "identical_pair"
  | "last_not_user"
  | "no_reference"
  | "reference_missing"
  | "over_token_limit"
  // Of hosted services, test/datasets/formats.test.ts.
  | "special_token"
  | "tool_name_not_taken"
  | "too_many_tools";
const user = { role: "user", content: "Hi" };
const assistant = { role: "assistant", content: "Hello." };
const tool = { type: "function", function: { name: "now", parameters: { type: "object", properties: {} } } };
const calls = (...ids: unknown[]) => ({
  role: "assistant",
  tool_calls: ids.map((id) => ({ id, type: "function", function: { name: "now", arguments: "{}" } })),
});
const result = (id: unknown) => ({ role: "tool", tool_call_id: id, content: "noon" });
const line = (messages: unknown, rest: Line = {}): Line => ({ messages, ...rest });
const withTool = (...messages: unknown[]): Line => line(messages, { tools: [tool] });
const named = (fields: Line) =>
  withTool(user, { role: "assistant", tool_calls: [fields] }, result("a"), assistant);
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

/** For each rule a line that breaks it, and one beside it that does not. Texts are taken as they are. */
const FIXTURES: Record<Exclude<LineRule, OtherRule>, { bad: unknown; good: unknown }> = {
  not_json: { bad: "{messages:[]}", good: line([user, assistant]) },
  not_object: { bad: [user], good: line([user, assistant]) },
  unknown_key: { bad: line([user, assistant], { prompt: "x" }), good: line([user, assistant]) },
  deprecated_functions: { bad: line([user, assistant], { functions: [] }), good: withTool(user, assistant) },
  messages_missing: { bad: { foo: 1 }, good: line([user, assistant]) },
  messages_empty: { bad: line([]), good: line([user, assistant]) },
  message_not_object: { bad: line([user, "Hello", assistant]), good: line([user, assistant]) },
  unknown_role: {
    bad: line([{ role: "human", content: "Hi" }, user, assistant]),
    good: line([{ ...user, role: "developer" }, user, assistant]),
  },
  missing_content: { bad: line([user, { role: "assistant" }]), good: withTool(user, calls("a")) },
  empty_content: {
    bad: line([{ role: "user", content: " " }, assistant]),
    good: withTool(user, calls("a"), { ...result("a"), content: "" }, assistant),
  },
  content_not_text: {
    bad: line([{ role: "user", content: 5 }, assistant]),
    good: line([{ role: "user", content: [{ type: "text", text: "Hi" }] }, assistant]),
  },
  bad_field: {
    bad: line([{ ...user, name: 5 }, assistant]),
    good: line([{ ...user, name: "ann" }, assistant]),
  },
  weight_on_wrong_role: {
    bad: line([{ ...user, weight: 1 }, assistant]),
    good: line([user, { ...assistant, weight: 1 }]),
  },
  weight_not_0_or_1: {
    bad: line([user, { ...assistant, weight: 0.5 }]),
    good: line([user, { ...assistant, weight: 0 }, user, assistant]),
  },
  nothing_to_learn: {
    bad: line([user, { ...assistant, weight: 0 }]),
    good: line([user, { ...assistant, weight: 1 }]),
  },
  tool_calls_on_wrong_role: {
    bad: withTool({ ...calls("a"), role: "user" }, assistant),
    good: withTool(user, calls("a")),
  },
  tool_calls_empty: { bad: line([user, { ...assistant, tool_calls: [] }]), good: line([user, assistant]) },
  tool_call_without_id: { bad: withTool(user, calls(undefined)), good: withTool(user, calls("a")) },
  duplicate_tool_call_id: {
    bad: withTool(user, calls("a"), result("a"), calls("a"), result("a"), assistant),
    good: withTool(user, calls("a"), result("a"), calls("b"), result("b"), assistant),
  },
  tool_call_without_function: {
    bad: named({ id: "a", type: "function" }),
    good: named({ id: "a", function: { name: "now", arguments: "{}" } }),
  },
  arguments_not_json: {
    bad: named({ id: "a", function: { name: "now", arguments: "x=1" } }),
    good: named({ id: "a", function: { name: "now", arguments: '{"x":1}' } }),
  },
  orphan_tool_result: {
    bad: withTool(user, result("a"), assistant),
    good: withTool(user, calls("a"), result("a"), assistant),
  },
  tool_result_without_id: {
    bad: withTool(user, calls("a"), { role: "tool", content: "noon" }, result("a"), assistant),
    good: withTool(user, calls("a"), result("a"), assistant),
  },
  unmatched_tool_call: {
    bad: withTool(user, calls("a", "b"), result("a"), assistant),
    good: withTool(user, calls("a", "b"), result("b"), result("a"), assistant),
  },
  tool_not_declared: {
    bad: line([user, calls("a")], { tools: [{ ...tool, function: { name: "later" } }] }),
    good: withTool(user, calls("a")),
  },
  tools_invalid: {
    bad: line([user, assistant], { tools: [{ name: "now" }] }),
    good: withTool(user, assistant),
  },
  duplicate_tool: { bad: line([user, assistant], { tools: [tool, tool] }), good: withTool(user, assistant) },
  tool_calls_without_parallel: {
    bad: { ...withTool(user, calls("a", "b")), parallel_tool_calls: false },
    good: { ...withTool(user, calls("a", "b")), parallel_tool_calls: true },
  },
  no_user: { bad: line([{ role: "system", content: "x" }, assistant]), good: line([user, assistant]) },
  no_assistant: { bad: line([user]), good: line([user, assistant]) },
  last_not_assistant: { bad: line([user, assistant, user]), good: line([user, assistant]) },
  lone_surrogate: {
    bad: '{"messages":[{"role":"user","content":"\\ud83d"},{"role":"assistant","content":"x"}]}',
    good: line([{ role: "user", content: "😀" }, assistant]),
  },
  nul_character: {
    bad: line([{ role: "user", content: "a\0b" }, assistant]),
    good: line([{ role: "user", content: "<|endoftext|>" }, assistant]),
  },
  byte_order_mark: { bad: `\uFEFF${JSON.stringify(line([user, assistant]))}`, good: line([user, assistant]) },
  line_too_long: {
    bad: line([user, { role: "assistant", content: "x".repeat(LONGEST_LINE) }]),
    good: line([user, { role: "assistant", content: "x".repeat(100_000) }]),
  },
  nested_too_deeply: {
    bad: line([user, assistant], {
      tools: [{ ...tool, function: { name: "now", parameters: { x: deep(DEEPEST_NESTING) } } }],
    }),
    good: line([user, assistant], {
      tools: [{ ...tool, function: { name: "now", parameters: { x: deep(20) } } }],
    }),
  },
};

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

describe("each rule", () => {
  test.each(Object.entries(FIXTURES))(
    "%s is found where it is broken, and only there",
    (rule, { bad, good }) => {
      const broken = checkLine(text(bad));
      expect(broken.ok ? [] : broken.faults.map((fault) => fault.rule)).toContain(rule);
      expect(checkLine(text(good))).toMatchObject({ ok: true });
    },
  );

  test("has a remedy that is a sentence", () => {
    for (const remedy of Object.values(LINE_RULES)) expect(remedy).toMatch(/^[A-Z].*[.}"']$/);
  });
});

test("all faults of a line are told, each with its place", () => {
  const checked = checkLine(
    text(
      line(
        [
          { role: "human", content: "" },
          { role: "assistant", weight: 2 },
        ],
        { x: 1 },
      ),
    ),
  );
  expect(checked.ok ? [] : checked.faults.map(({ rule, field }) => [rule, field])).toEqual([
    ["unknown_key", "x"],
    ["unknown_role", "messages.0.role"],
    ["empty_content", "messages.0.content"],
    ["missing_content", "messages.1.content"],
    ["weight_not_0_or_1", "messages.1.weight"],
    ["no_user", "messages"],
  ]);
});

test("a fault never quotes the line, which may hold a secret", () => {
  const checked = checkLine('{"messages": sk-verysecret');
  expect(JSON.stringify(checked)).not.toContain("verysecret");
});

test("no value makes the validator throw", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => void checkExample(value)),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(
      fc.array(
        fc.record(
          {
            role: fc.anything(),
            content: fc.anything(),
            tool_calls: fc.anything(),
            tool_call_id: fc.anything(),
          },
          { requiredKeys: [] },
        ),
      ),
      fc.anything(),
      (messages, tools) => {
        const written = JSON.stringify({ messages, tools }, (_key, value: unknown) =>
          typeof value === "bigint" ? String(value) : value,
        );
        checkLine(written);
      },
    ),
    { numRuns: 300 },
  );
  expect(checkLine(`{"messages":${"[".repeat(500_000)}${"]".repeat(500_000)}}`).ok).toBe(false);
});

test("what it passes, it passes again after a round trip, unchanged", () => {
  const turn = fc.record({
    role: fc.constantFrom("user", "assistant", "system", "developer"),
    content: fc.string({ unit: "grapheme" }),
  });
  fc.assert(
    fc.property(fc.array(turn, { minLength: 1, maxLength: 6 }), (messages) => {
      const first = checkLine(JSON.stringify({ messages }));
      if (!first.ok) return;
      expect(first.line).toEqual({ messages });
      expect(checkLine(JSON.stringify(first.line))).toEqual(first);
    }),
  );
});
