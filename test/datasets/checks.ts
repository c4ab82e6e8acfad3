/*
 * Every check that Microsoft and OpenAI describe for fine-tuning files, and those that are added here because the
 * service would refuse late or mis-train silently: who says it, which rule of the validator it is, and a file that
 * keeps it beside one that breaks it. `checks.test.ts` sends both through the door.
 */
import type { Capability } from "../../src/catalog/capabilities.ts";

type Line = Record<string, unknown>;

export interface Fixture {
  /** Lines as values; a text, or bytes, is the file as it is. */
  readonly lines: readonly unknown[] | string | Uint8Array;
  readonly validation?: readonly unknown[] | undefined;
  readonly with?: Line | undefined;
}
export interface Check {
  readonly by: "Microsoft" | "OpenAI" | "own";
  readonly says: string;
  readonly rule: string;
  readonly format?: "sft" | "dpo" | "rft";
  /** Further input of the validator. */
  readonly with?: Line;
  /** A warning that has the name of a rule. */
  readonly warns?: true;
  /** Limits in the place of the model's, for the failing file: nobody writes 512 MB into a fixture. */
  readonly limits?: Partial<Capability>;
  readonly passes: Fixture;
  readonly fails: Fixture;
}

export const jsonl = (lines: readonly unknown[]): string =>
  lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");

const user = { role: "user", content: "Hi" };
const assistant = { role: "assistant", content: "Hello." };
const tool = {
  type: "function",
  function: {
    name: "now",
    parameters: {
      type: "object",
      properties: { zone: { type: "string", enum: ["UTC", "CET"] }, digits: { type: "integer" } },
      required: ["zone"],
    },
  },
};
const call = (id: unknown = "a", text = '{"zone":"UTC"}', name = "now") => ({
  role: "assistant",
  tool_calls: [{ id, type: "function", function: { name, arguments: text } }],
});
const result = (id: unknown = "a") => ({ role: "tool", tool_call_id: id, content: "noon" });
const sft = (messages: unknown = [user, assistant], more: Line = {}): Line => ({ messages, ...more });
const tooled = (...messages: unknown[]): Line => sft(messages, { tools: [tool] });
const pair = (more: Line = {}): Line => ({
  input: { messages: [user] },
  preferred_output: [assistant],
  non_preferred_output: [{ role: "assistant", content: "Go away." }],
  ...more,
});
const rft = (more: Line = {}): Line => ({ messages: [user], reference_answer: "Hello.", ...more });
const image = { type: "image_url", image_url: { url: "https://example.com/a.png" } };
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

const asked = (n: number) => ({ role: "user", content: `Question ${n}` });
const MAKE = {
  sft: (n: number) => sft([{ role: "system", content: "Be kind." }, asked(n), assistant]),
  dpo: (n: number) => pair({ input: { messages: [{ role: "system", content: "Be kind." }, asked(n)] } }),
  rft: (n: number) =>
    rft({ messages: [{ role: "system", content: "Be kind." }, asked(n)], reference_answer: `Answer ${n}` }),
};
type Kind = keyof typeof MAKE;
const many = (count: number, format: Kind = "sft", from = 0) =>
  Array.from({ length: count }, (_, n) => MAKE[format](from + n));
/** A file with this line among ten good ones. */
const among = (line: unknown, format: Kind = "sft"): Fixture => ({
  lines: [...many(10, format), line],
  ...(format === "rft" ? { validation: many(3, "rft", 500) } : {}),
});
const good: Record<Kind, Fixture> = {
  sft: { lines: many(10) },
  dpo: { lines: many(10, "dpo") },
  rft: { lines: many(10, "rft"), validation: many(3, "rft", 500) },
};

/** A check of one line: the same file with a line that keeps the rule, and with one that breaks it. */
const line = (
  by: Check["by"],
  rule: string,
  says: string,
  fails: unknown,
  passes?: unknown,
  format: Kind = "sft",
  more: Line = {},
): Check => ({
  by,
  rule,
  says,
  format,
  with: more,
  fails: among(fails, format),
  passes: passes === undefined ? good[format] : among(passes, format),
});
const file = (
  by: Check["by"],
  rule: string,
  says: string,
  fails: Fixture,
  passes: Fixture,
  format: Kind = "sft",
  more: Line = {},
  limits: Partial<Capability> = {},
): Check => ({ by, rule, says, format, with: more, limits, fails, passes });

export const CHECKS: readonly Check[] = [
  // OpenAI's cookbook for chat fine-tuning data, and its fine-tuning guides.
  line("OpenAI", "not_json", "one JSON object a line", "{messages:[]}"),
  line("OpenAI", "not_object", "a line is an object (data_type)", [user, assistant]),
  line("OpenAI", "messages_missing", "messages are there (missing_messages_list)", { note: 1 }),
  line("OpenAI", "message_not_object", "each message is an object", sft([user, "Hello", assistant])),
  line(
    "OpenAI",
    "unknown_key",
    "no other keys (message_unrecognized_key)",
    sft([{ ...user, mood: 1 }, assistant]),
  ),
  line(
    "OpenAI",
    "unknown_role",
    "known roles alone (unrecognized_role)",
    sft([{ role: "human", content: "Hi" }, user, assistant]),
  ),
  line(
    "OpenAI",
    "unknown_role",
    "a message has a role (message_missing_key)",
    sft([{ content: "Hi" }, user, assistant]),
  ),
  line(
    "OpenAI",
    "missing_content",
    "each message has content, unless it calls (missing_content)",
    sft([user, { role: "assistant" }]),
    tooled(user, call()),
  ),
  line(
    "OpenAI",
    "content_not_text",
    "content is a text or parts",
    sft([{ role: "user", content: 5 }, assistant]),
    sft([{ role: "user", content: [{ type: "text", text: "Hi" }] }, assistant]),
  ),
  line(
    "OpenAI",
    "no_assistant",
    "an assistant message to learn (example_missing_assistant_message)",
    sft([user]),
  ),
  line("OpenAI", "no_system", "examples without a system message are counted", sft([asked(99), assistant])),
  line(
    "OpenAI",
    "no_user",
    "examples without a user message are found",
    sft([{ role: "system", content: "x" }, assistant]),
  ),
  line(
    "OpenAI",
    "over_token_limit",
    "examples over the token limit are found, not cut",
    sft([user, { ...assistant, content: "word ".repeat(70_000) }]),
    undefined,
    "sft",
    { model: "gpt-4o-2024-08-06", provider: "azure" },
  ),
  line(
    "OpenAI",
    "weight_not_0_or_1",
    "a weight is 0 or 1",
    sft([user, { ...assistant, weight: 2 }]),
    sft([user, { ...assistant, weight: 0 }, asked(98), assistant]),
  ),
  line(
    "OpenAI",
    "weight_on_wrong_role",
    "assistant messages alone have a weight",
    sft([{ ...user, weight: 1 }, assistant]),
  ),
  line(
    "OpenAI",
    "deprecated_functions",
    "functions and function_call are deprecated",
    sft([user, assistant], { functions: [] }),
    tooled(user, assistant),
  ),
  line(
    "OpenAI",
    "tools_invalid",
    "tools are function definitions",
    sft([user, assistant], { tools: [{ name: "now" }] }),
    tooled(user, assistant),
  ),
  line(
    "OpenAI",
    "tool_calls_without_parallel",
    "parallel_tool_calls false means one call a turn",
    {
      ...tooled(user, {
        role: "assistant",
        tool_calls: [call("a"), call("b")].flatMap((one) => one.tool_calls),
      }),
      parallel_tool_calls: false,
    },
    { ...tooled(user, call()), parallel_tool_calls: false },
  ),
  file("OpenAI", "too_few_examples", "ten examples at least", { lines: many(9) }, good.sft),
  file(
    "OpenAI",
    "validation_overlaps",
    "training and validation files share no example",
    { lines: many(10), validation: many(2) },
    { lines: many(10), validation: many(2, "sft", 100) },
  ),

  // Microsoft: the fine-tuning documents.
  file(
    "Microsoft",
    "byte_order_mark_required",
    "a byte-order mark, where the deployment insists",
    { lines: many(10) },
    { lines: `\uFEFF${jsonl(many(10))}` },
    "sft",
    { bom: true },
  ),
  file(
    "Microsoft",
    "not_utf8",
    "UTF-8",
    { lines: Buffer.concat([Buffer.from(jsonl(many(10))), Buffer.of(0xff)]) },
    good.sft,
  ),
  file("Microsoft", "file_too_large", "under 512 MB", good.sft, good.sft, "sft", {}, { most_bytes: 500 }),
  file(
    "Microsoft",
    "large_file",
    "files over 150 MB are known to fail within the job",
    good.sft,
    good.sft,
    "sft",
    {},
    { large_bytes: 500 },
  ),
  file(
    "Microsoft",
    "too_many_tokens",
    "training tokens times epochs stay within two thousand million",
    { ...good.sft, with: { n_epochs: 50 } },
    { ...good.sft, with: { n_epochs: 3 } },
    "sft",
    {},
    { most_tokens: 5000 },
  ),
  file(
    "Microsoft",
    "method_not_offered",
    "the model is trained by the method",
    { ...good.dpo, with: { model: "gpt-4o-mini-2024-07-18", provider: "azure" } },
    { ...good.dpo, with: { model: "gpt-4.1-2025-04-14", provider: "azure" } },
    "dpo",
  ),
  line(
    "Microsoft",
    "images_not_taken",
    "images are for the models with vision training",
    sft([{ role: "user", content: [image] }, assistant]),
    undefined,
    "sft",
    { model: "gpt-4o-mini-2024-07-18", provider: "azure" },
  ),
  line(
    "Microsoft",
    "role_not_taken",
    "the model takes the role",
    sft([{ role: "developer", content: "x" }, user, assistant]),
    undefined,
    "sft",
    { model: "Qwen3-32B", provider: "azure" },
  ),
  line(
    "Microsoft",
    "last_not_assistant",
    "the last message is the assistant's",
    sft([user, assistant, asked(97)]),
  ),
  line(
    "Microsoft",
    "tool_result_without_id",
    "a tool result names its call",
    tooled(user, call(), { role: "tool", content: "noon" }, assistant),
    tooled(user, call(), result(), assistant),
  ),
  line("Microsoft", "tool_call_without_id", "a call has an id", tooled(user, call(5)), tooled(user, call())),
  line(
    "Microsoft",
    "tool_call_without_function",
    "a call is a function call",
    tooled(user, { role: "assistant", tool_calls: [{ id: "a", type: "function" }] }),
    tooled(user, call()),
  ),

  // Microsoft's skill: validate_sft.
  line("Microsoft", "messages_empty", "messages is a non-empty list", sft([])),
  line(
    "Microsoft",
    "empty_content",
    "no empty texts",
    sft([{ role: "user", content: " " }, assistant]),
    tooled(user, call(), { ...result(), content: "" }, assistant),
  ),
  line(
    "Microsoft",
    "long_example",
    "examples over 4,096 tokens are warned of",
    sft([user, { ...assistant, content: "word ".repeat(5000) }]),
  ),
  line(
    "Microsoft",
    "several_system_prompts",
    "more than one system prompt is warned of",
    sft([{ role: "system", content: "Be brief." }, user, assistant]),
  ),
  // validate_dpo.
  line("Microsoft", "input_missing", "a pair has input", pair({ input: [user] }), undefined, "dpo"),
  line(
    "Microsoft",
    "output_missing",
    "a pair has both outputs",
    pair({ preferred_output: [] }),
    undefined,
    "dpo",
  ),
  line(
    "Microsoft",
    "output_wrong_role",
    "outputs are assistant and tool messages",
    pair({ preferred_output: [user, assistant] }),
    undefined,
    "dpo",
  ),
  line(
    "Microsoft",
    "output_without_assistant",
    "each output has an assistant message",
    pair({ preferred_output: [result()] }),
    undefined,
    "dpo",
  ),
  line(
    "Microsoft",
    "input_ends_with_assistant",
    "what is preferred stands in the outputs",
    pair({ input: { messages: [user, assistant] } }),
    undefined,
    "dpo",
  ),
  line(
    "Microsoft",
    "no_user",
    "a pair's input has a user message",
    pair({ input: { messages: [{ role: "system", content: "x" }] } }),
    undefined,
    "dpo",
  ),
  line(
    "Microsoft",
    "unknown_key",
    "exactly two completions",
    pair({ third_output: [assistant] }),
    undefined,
    "dpo",
  ),
  line(
    "Microsoft",
    "identical_pair",
    "two outputs that are the same teach nothing",
    pair({ non_preferred_output: [assistant] }),
    undefined,
    "dpo",
  ),
  file(
    "Microsoft",
    "few_pairs",
    "fewer than 500 pairs: one or two epochs",
    good.dpo,
    { lines: many(500, "dpo") },
    "dpo",
  ),
  // validate_rft.
  line(
    "Microsoft",
    "last_not_user",
    "the last message is the user's",
    rft({ messages: [user, assistant] }),
    undefined,
    "rft",
  ),
  line("Microsoft", "no_reference", "a field for the grader", { messages: [user] }, undefined, "rft"),
  line(
    "Microsoft",
    "reference_missing",
    "the fields that the grader reads, where they are named",
    { messages: [user], answer: "Hello." },
    undefined,
    "rft",
    { reference_fields: ["reference_answer"] },
  ),
  file(
    "Microsoft",
    "validation_missing",
    "training and validation file",
    { lines: many(10, "rft") },
    good.rft,
    "rft",
  ),
  line(
    "Microsoft",
    "reference_schema_differs",
    "the same grader fields in every line",
    rft({ more: 1 }),
    undefined,
    "rft",
  ),
  file(
    "Microsoft",
    "reference_all_equal",
    "grader values that differ",
    {
      lines: many(10, "rft").map((one) => ({ ...one, reference_answer: "x" })),
      validation: many(3, "rft", 500),
    },
    good.rft,
    "rft",
  ),
  line(
    "Microsoft",
    "long_reference",
    "grader values of 500 characters or less on average",
    rft({ reference_answer: "x".repeat(9000) }),
    undefined,
    "rft",
  ),
  line(
    "Microsoft",
    "moderation_phrase",
    "prompts that ask for a chain of thought may trip moderation",
    rft({ messages: [{ role: "user", content: "Give your chain of thought." }] }),
    undefined,
    "rft",
  ),
  line(
    "Microsoft",
    "escaped_newline",
    "line breaks are not escaped twice",
    rft({ messages: [{ role: "user", content: "a\\nb" }] }),
    undefined,
    "rft",
  ),
  // data_stats.
  file("Microsoft", "few_examples", "fewer than 50 examples teach the form alone", good.sft, {
    lines: many(50),
  }),
  file(
    "Microsoft",
    "many_examples",
    "beyond 2,000 examples each gives less",
    { lines: many(2001) },
    { lines: many(2000) },
  ),

  // What the service refuses late, or mis-trains on silently.
  line("own", "byte_order_mark", "no mark within the file", `\uFEFF${JSON.stringify(sft())}`),
  line("own", "blank_line", "blank lines are counted", " "),
  line("own", "duplicate_line", "no line twice", MAKE.sft(3)),
  line(
    "own",
    "orphan_tool_result",
    "a result follows its call",
    tooled(user, result(), assistant),
    tooled(user, call(), result(), assistant),
  ),
  line(
    "own",
    "unmatched_tool_call",
    "a call has its result",
    tooled(user, call(), assistant),
    tooled(user, call()),
  ),
  line(
    "own",
    "duplicate_tool_call_id",
    "ids of calls differ",
    tooled(user, call(), result(), call(), result(), assistant),
    tooled(user, call("a"), result("a"), call("b"), result("b"), assistant),
  ),
  line(
    "own",
    "tool_calls_on_wrong_role",
    "assistants alone make calls",
    tooled({ ...call(), role: "user" }, assistant),
    tooled(user, call()),
  ),
  line(
    "own",
    "tool_calls_empty",
    "a list of calls is not empty",
    sft([user, { ...assistant, tool_calls: [] }]),
  ),
  line(
    "own",
    "arguments_not_json",
    "arguments are a JSON object",
    tooled(user, call("a", "x=1")),
    tooled(user, call()),
  ),
  line(
    "own",
    "arguments_against_schema",
    "arguments fit their tool's schema",
    tooled(user, call("a", '{"zone":"PST"}')),
    tooled(user, call("a", '{"zone":"CET","digits":2}')),
  ),
  line(
    "own",
    "tool_not_declared",
    "called tools are declared",
    tooled(user, call("a", "{}", "later")),
    tooled(user, call()),
  ),
  line(
    "own",
    "duplicate_tool",
    "a tool is declared once",
    sft([user, assistant], { tools: [tool, tool] }),
    tooled(user, assistant),
  ),
  line(
    "own",
    "nothing_to_learn",
    "the last assistant message is learnt",
    sft([user, { ...assistant, weight: 0 }]),
    sft([user, { ...assistant, weight: 1 }]),
  ),
  line(
    "own",
    "bad_field",
    "fields have their types",
    sft([{ ...user, name: 5 }, assistant]),
    sft([{ ...user, name: "ann" }, assistant]),
  ),
  line(
    "own",
    "line_too_long",
    "lines of some length",
    sft([user, { ...assistant, content: "x".repeat(5_000_000) }]),
  ),
  line(
    "own",
    "too_many_values",
    "so many values and no more",
    sft([user, assistant], { tools: Array.from({ length: 60_000 }, () => ({})) }),
  ),
  line(
    "own",
    "nested_too_deeply",
    "values of some depth",
    sft([user, assistant], {
      tools: [{ type: "function", function: { name: "now", parameters: { x: deep(120) } } }],
    }),
  ),
  line(
    "own",
    "lone_surrogate",
    "whole characters",
    '{"messages":[{"role":"user","content":"\\ud83d"},{"role":"assistant","content":"x"}]}',
    sft([{ role: "user", content: "😀" }, assistant]),
  ),
  line(
    "own",
    "number_not_exact",
    "no number is stored rounded",
    '{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"x"}],"tools":[{"type":"function","function":{"name":"now","parameters":{"maximum":12345678901234567890}}}]}',
    tooled(user, call("a", '{"zone":"UTC","digits":12345678901234567890}')),
  ),
  line(
    "own",
    "repeated_key",
    "no value is dropped for another under its key",
    '{"messages":[{"role":"user","content":"Hi","content":"Ho"},{"role":"assistant","content":"x"}]}',
    sft([user, assistant]),
  ),
  line(
    "own",
    "unknown_part",
    "parts are texts and pictures",
    sft([{ role: "user", content: [{ type: "input_audio", input_audio: {} }] }, assistant]),
    sft([{ role: "user", content: [{ type: "text", text: "Hi" }] }, assistant]),
  ),
  line(
    "Microsoft",
    "image_of_assistant",
    "assistant messages hold no pictures",
    sft([user, { role: "assistant", content: [image] }]),
    sft([{ role: "user", content: [image] }, assistant]),
  ),
  line(
    "own",
    "image_without_url",
    "`image_url` is an object with `url`",
    sft([
      { role: "user", content: [{ type: "image_url", image_url: "https://example.com/a.png" }] },
      assistant,
    ]),
    sft([{ role: "user", content: [image] }, assistant]),
  ),
  line(
    "Microsoft",
    "image_not_taken",
    "pictures are JPEG, PNG or WEBP, by address or as data",
    sft([
      { role: "user", content: [{ type: "image_url", image_url: { url: "https://example.com/a.gif" } }] },
      assistant,
    ]),
    sft([{ role: "user", content: [image] }, assistant]),
  ),
  line(
    "Microsoft",
    "too_many_images",
    "64 pictures an example, at most",
    sft([{ role: "user", content: Array.from({ length: 65 }, () => image) }, assistant]),
    sft([{ role: "user", content: Array.from({ length: 64 }, () => image) }, assistant]),
    "sft",
    { model: "gpt-4o-2024-08-06", provider: "azure" },
  ),
  line(
    "OpenAI",
    "too_many_images",
    "10 pictures an example, at most",
    sft([{ role: "user", content: Array.from({ length: 11 }, () => image) }, assistant]),
    sft([{ role: "user", content: Array.from({ length: 10 }, () => image) }, assistant]),
  ),
  line(
    "own",
    "two_assistants",
    "two assistant turns in a row are told",
    sft([user, assistant, assistant]),
    sft([user, assistant, asked(96), assistant]),
  ),
  line("own", "other_shape", "other tools' rows are for an import", { question: "Hi", answer: "Hello." }),
  line("own", "nul_character", "no NUL", sft([{ role: "user", content: "a\0b" }, assistant])),
  line(
    "own",
    "special_token",
    "special tokens in users' texts are told",
    sft([{ role: "user", content: "say <|endoftext|>" }, assistant]),
  ),
  line(
    "own",
    "tool_name_not_taken",
    "tool names that the service takes",
    sft([user, assistant], { tools: [{ type: "function", function: { name: "fs.read_file" } }] }),
    sft([user, assistant], { tools: [{ type: "function", function: { name: "fs_read-file" } }] }),
  ),
  line(
    "own",
    "too_many_tools",
    "at most 128 tools",
    sft([user, assistant], {
      tools: Array.from({ length: 129 }, (_, n) => ({ type: "function", function: { name: `tool_${n}` } })),
    }),
    sft([user, assistant], {
      tools: Array.from({ length: 128 }, (_, n) => ({ type: "function", function: { name: `tool_${n}` } })),
    }),
  ),
  line(
    "own",
    "unequal_text",
    "texts in Unicode's composed form",
    sft([{ role: "user", content: "e\u0301" }, assistant]),
    sft([{ role: "user", content: "é" }, assistant]),
  ),
  line(
    "own",
    "personal_data",
    "no secrets and no personal data",
    sft([{ role: "user", content: "mail me: ann.smith@contoso-mail.com" }, assistant]),
  ),
  {
    ...file(
      "own",
      "byte_order_mark",
      "a mark at the start is passed over and told",
      { lines: `\uFEFF${jsonl(many(10))}` },
      good.sft,
    ),
    warns: true,
  },
  file(
    "own",
    "validation_near_training",
    "validation examples are not nearly those of training",
    {
      lines: [
        ...many(10),
        sft([
          {
            role: "user",
            content: `${"the storm took roofs and trees and the power lines of ".repeat(4)} Bergen`,
          },
          assistant,
        ]),
      ],
      validation: [
        sft([
          {
            role: "user",
            content: `${"the storm took roofs and trees and the power lines of ".repeat(4)} Bergen, please!`,
          },
          assistant,
        ]),
      ],
    },
    { lines: many(10), validation: many(3, "sft", 100) },
  ),
];
