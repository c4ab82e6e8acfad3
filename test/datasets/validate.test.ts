import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { checkExample, checkFormatLine } from "../../src/datasets/validate/line.ts";
import {
  DEEPEST_NESTING,
  LINE_RULES,
  type LineRule,
  LONGEST_LINE,
} from "../../src/datasets/validate/line-rules.ts";
import { MOST_VALUES } from "../../src/kernel/width.ts";

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
const picture = (url: string) => ({ type: "image_url", image_url: { url } });
const line = (messages: unknown, rest: Line = {}): Line => ({ messages, ...rest });
const withTool = (...messages: unknown[]): Line => line(messages, { tools: [tool] });
const named = (fields: Line) =>
  withTool(user, { role: "assistant", tool_calls: [fields] }, result("a"), assistant);
const withEnum = (values: number) => ({
  ...tool,
  function: { name: "now", parameters: { enum: Array.from({ length: values }, (_, i) => i) } },
});
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
  unknown_part: {
    bad: line([{ role: "user", content: [{ type: "input_audio", input_audio: {} }] }, assistant]),
    good: line([user, { role: "assistant", content: [{ type: "refusal", refusal: "No." }] }]),
  },
  image_of_assistant: {
    bad: line([user, { role: "assistant", content: [picture("https://x/y.png")] }]),
    good: line([{ role: "user", content: [picture("https://x/y.png")] }, assistant]),
  },
  image_without_url: {
    bad: line([{ role: "user", content: [{ type: "image_url", image_url: "https://x/y.png" }] }, assistant]),
    good: line([{ role: "user", content: [picture("https://x/y")] }, assistant]),
  },
  image_not_taken: {
    bad: line([{ role: "user", content: [picture("file:///tmp/y.png")] }, assistant]),
    good: line([{ role: "user", content: [picture("data:image/png;base64,iVBORw0KGgo=")] }, assistant]),
  },
  too_many_images: {
    bad: line([
      { role: "user", content: Array.from({ length: 65 }, () => picture("https://x/y.png")) },
      assistant,
    ]),
    good: line([
      { role: "user", content: Array.from({ length: 64 }, () => picture("https://x/y.png")) },
      assistant,
    ]),
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
  repeated_key: {
    bad: `{"messages":[{"role":"user","content":"Hi","content":"Ho"},{"role":"assistant","content":"Hi."}]}`,
    good: withTool(user, {
      ...calls("a"),
      tool_calls: [{ id: "a", type: "function", function: { name: "now", arguments: '{"id":1,"id":2}' } }],
    }),
  },
  number_not_exact: {
    bad: `{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hi."}],"tools":[{"type":"function","function":{"name":"now","parameters":{"maximum":12345678901234567890}}}]}`,
    good: withTool(user, {
      ...calls("a"),
      tool_calls: [
        { id: "a", type: "function", function: { name: "now", arguments: '{"id":12345678901234567890}' } },
      ],
    }),
  },
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
  too_many_values: {
    bad: line([user, assistant], { tools: [withEnum(MOST_VALUES)] }),
    good: line([user, assistant], { tools: [withEnum(1000)] }),
  },
};

const jsonOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

describe("each rule", () => {
  test.each(Object.entries(FIXTURES))(
    "%s is found where it is broken, and only there",
    (rule, { bad, good }) => {
      const broken = checkLine(jsonOf(bad));
      expect(broken.ok ? [] : broken.faults.map((fault) => fault.rule)).toContain(rule);
      expect(checkLine(jsonOf(good))).toMatchObject({ ok: true });
    },
  );

  test("has a remedy that is a sentence", () => {
    for (const remedy of Object.values(LINE_RULES)) expect(remedy).toMatch(/^[A-Z].*[.}"']$/);
  });
});

test("all faults of a line are told, each with its place", () => {
  const checked = checkLine(
    jsonOf(
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

describe("the parts of a turn's content", () => {
  const of = (role: string, ...content: unknown[]) =>
    line(role === "user" ? [{ role, content }, assistant] : [user, { role, content }]);
  test.each<[string, unknown, string | undefined]>([
    ["a text", of("user", { type: "text", text: "Hi" }), undefined],
    [
      "a text with nulls of a dump",
      of("user", { type: "text", text: "Hi", annotations: [], x: null }),
      undefined,
    ],
    ["a text part without text", of("user", { type: "text" }), "missing_content messages.0.content.0.text"],
    ["a blank text", of("user", { type: "text", text: " " }), "empty_content messages.0.content.0.text"],
    [
      "a text that is none",
      of("user", { type: "text", text: 5 }),
      "content_not_text messages.0.content.0.text",
    ],
    [
      "a text with more",
      of("user", { type: "text", text: "Hi", cache_control: { type: "ephemeral" } }),
      "unknown_key messages.0.content.0.cache_control",
    ],
    [
      "a sound",
      of("user", { type: "input_audio", input_audio: {} }),
      "unknown_part messages.0.content.0.type",
    ],
    ["a file", of("user", { type: "file", file: {} }), "unknown_part messages.0.content.0.type"],
    ["an inherited name", of("user", { type: "constructor" }), "unknown_part messages.0.content.0.type"],
    [
      "a user's refusal",
      of("user", { type: "refusal", refusal: "No" }),
      "unknown_part messages.0.content.0.type",
    ],
    ["a picture by https", of("user", picture("https://x/y.PNG?sig=1")), undefined],
    ["a picture without an ending", of("user", picture("https://x/pictures/7")), undefined],
    ["a picture in data", of("user", picture("data:image/webp;base64,UklGRg==")), undefined],
    [
      "a picture with detail",
      of("user", { type: "image_url", image_url: { url: "https://x/y", detail: "low" } }),
      undefined,
    ],
    [
      "a detail that is none",
      of("user", { type: "image_url", image_url: { url: "https://x/y", detail: "huge" } }),
      "bad_field messages.0.content.0.image_url.detail",
    ],
    [
      "no url",
      of("user", { type: "image_url", image_url: {} }),
      "image_without_url messages.0.content.0.image_url",
    ],
    ["nothing", of("user", { type: "image_url" }), "image_without_url messages.0.content.0.image_url"],
    [
      "a picture as a text",
      of("user", { type: "image_url", image_url: "https://x/y.png" }),
      "image_without_url messages.0.content.0.image_url",
    ],
    ...[
      "https://x/y.gif",
      "https://x/y.svg",
      "http://x/y.png",
      "file:///etc/passwd",
      "ftp://x/y.png",
      "javascript:alert(1)",
      "y.png",
      "data:image/gif;base64,R0lGOD==",
      "data:text/html;base64,PGI+",
      "data:image/png,raw",
      "data:image/png;base64,",
    ].map((url): [string, unknown, string] => [
      url,
      of("user", picture(url)),
      "image_not_taken messages.0.content.0.image_url.url",
    ]),
    [
      "the assistant's picture",
      of("assistant", picture("https://x/y.png")),
      "image_of_assistant messages.1.content.0.image_url",
    ],
  ])("%s", (_name, value, fault) => {
    const checked = checkLine(jsonOf(value));
    expect(checked.ok ? [] : checked.faults.map((one) => `${one.rule} ${one.field}`)).toEqual(
      fault === undefined ? [] : [fault],
    );
  });
});

describe("null and empty are absent", () => {
  const dumped = {
    audio: null,
    function_call: null,
    annotations: [],
    refusal: null,
    tool_calls: null,
    name: null,
  };
  test("in the turns, the line and the tools of an SDK's dump", () => {
    const bare = { ...tool, function: { ...tool.function, description: null, strict: null } };
    const value = {
      messages: [user, { ...assistant, ...dumped, weight: null }],
      tools: [bare],
      functions: null,
      parallel_tool_calls: null,
      store: null,
      metadata: {},
    };
    expect(checkLine(jsonOf(value))).toMatchObject({
      ok: true,
      line: { messages: [user, assistant], tools: [{ function: { name: "now" } }] },
    });
  });

  test("also in both sides of a pair", () => {
    const turn = (content: string) => ({ role: "assistant", content, ...dumped });
    const pair = {
      input: { messages: [{ ...user, name: null }], tools: null },
      preferred_output: [turn("a")],
      non_preferred_output: [turn("b")],
      id: null,
    };
    expect(checkFormatLine(jsonOf(pair), "dpo")).toMatchObject({ ok: true });
  });

  test("but a grader's field of null stays", () => {
    expect(checkFormatLine(jsonOf({ messages: [user], expected: null }), "rft")).toEqual({
      ok: true,
      line: { messages: [user], expected: null },
    });
  });
});

test("keys of tools and calls that the format does not know are refused, not lost", () => {
  const rules = (value: unknown) => {
    const checked = checkLine(jsonOf(value));
    return checked.ok ? [] : checked.faults.map(({ rule, field }) => `${rule} ${field}`);
  };
  const stray = { ...tool, function: { ...tool.function, examples: ["now"] } };
  expect(rules(line([user, assistant], { tools: [stray] }))).toEqual([
    "unknown_key tools.0.function.examples",
  ]);
  expect(rules(line([user, assistant], { tools: [{ ...tool, cache: 1 }] }))).toEqual([
    "unknown_key tools.0.cache",
  ]);
  const called = { id: "a", function: { name: "now", arguments: "{}", parsed: { x: 1 } } };
  expect(rules(withTool(user, { role: "assistant", tool_calls: [called] }))).toEqual([
    "unknown_key messages.1.tool_calls.0.function.parsed",
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

test("a line's length is that of its texts: pictures that stand in it as data: URLs do not count", () => {
  const shows = (text: string, url: string) =>
    JSON.stringify({
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text },
            { type: "image_url", image_url: { url } },
          ],
        },
        { role: "assistant", content: "A ship." },
      ],
    });
  const shown = `data:image/png;base64,iVBORw0KGgo${"AAAA".repeat(LONGEST_LINE / 2)}`;
  const rules = (text: string) => {
    const checked = checkLine(text);
    return checked.ok ? [] : checked.faults.map(({ rule }) => rule);
  };
  expect(rules(shows("What is it?", shown))).not.toContain("line_too_long");
  expect(rules(shows("What is it?", shown).replaceAll("/", "\\/"))).not.toContain("line_too_long");
  expect(rules(shows("x".repeat(LONGEST_LINE), shown))).toEqual(["line_too_long"]);
});
