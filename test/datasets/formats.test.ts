import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { CAPABILITIES, type Capability, capabilityOf, familyOf } from "../../src/catalog/capabilities.ts";
import type { Format } from "../../src/datasets/recipe-contract.ts";
import { checkFile, checkTogether } from "../../src/datasets/validate/file.ts";
import { checkFormatLine } from "../../src/datasets/validate/line.ts";
import { FILE_RULES, WARNINGS } from "../../src/datasets/validate/line-rules.ts";

type Line = Record<string, unknown>;
const user = { role: "user", content: "Hi" };
const assistant = { role: "assistant", content: "Hello." };
const other = { role: "assistant", content: "Good day." };
const tool = {
  type: "function",
  function: {
    name: "now",
    parameters: { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] },
  },
};
const call = (text = '{"zone":"UTC"}') => ({
  role: "assistant",
  tool_calls: [{ id: "a", type: "function", function: { name: "now", arguments: text } }],
});
const result = { role: "tool", tool_call_id: "a", content: "noon" };
const pair = (over: Line = {}): Line => ({
  input: { messages: [user] },
  preferred_output: [assistant],
  non_preferred_output: [other],
  ...over,
});
const rft = (over: Line = {}): Line => ({ messages: [user], reference_answer: "Hello.", ...over });
const sft = (messages: unknown = [user, assistant], over: Line = {}): Line => ({ messages, ...over });

const plain: Capability = { ...capabilityOf("openai", "gpt-4.1-2025-04-14"), fewest_examples: 1 };
const rulesOf = (value: unknown, format: Format, capability: Capability = plain) => {
  const checked = checkFormatLine(
    typeof value === "string" ? value : JSON.stringify(value),
    format,
    capability,
  );
  return checked.ok ? [] : checked.faults.map((fault) => `${fault.rule} ${fault.field ?? ""}`.trim());
};

describe("rules of preference files, each broken and kept", () => {
  test.each<[string, Line, Line]>([
    ["input_missing input", pair({ input: [user] }), pair()],
    ["output_missing preferred_output", pair({ preferred_output: [] }), pair()],
    ["output_missing non_preferred_output", pair({ non_preferred_output: "Hello" }), pair()],
    ["output_wrong_role preferred_output.0", pair({ preferred_output: [user, assistant] }), pair()],
    [
      "output_without_assistant preferred_output",
      pair({ preferred_output: [result] }),
      pair({ input: { messages: [user], tools: [tool] }, preferred_output: [call(), result, assistant] }),
    ],
    ["input_ends_with_assistant input.messages", pair({ input: { messages: [user, assistant] } }), pair()],
    ["identical_pair non_preferred_output", pair({ non_preferred_output: [assistant] }), pair()],
    ["unknown_key chosen", pair({ chosen: [assistant] }), pair()],
    ["no_user messages", pair({ input: { messages: [{ role: "system", content: "x" }] } }), pair()],
    [
      "tool_not_declared preferred_output.0.tool_calls.0",
      pair({ preferred_output: [call(), result, assistant] }),
      pair({ input: { messages: [user], tools: [tool] }, preferred_output: [call(), result, assistant] }),
    ],
    [
      "missing_content preferred_output.0.content",
      pair({ preferred_output: [{ role: "assistant" }] }),
      pair(),
    ],
    [
      "orphan_tool_result non_preferred_output.0.tool_call_id",
      pair({ non_preferred_output: [result, assistant] }),
      pair(),
    ],
  ])("%s", (rule, bad, good) => {
    expect(rulesOf(bad, "dpo")).toContain(rule);
    expect(rulesOf(good, "dpo")).toEqual([]);
  });
});

describe("rules of reinforcement files, each broken and kept", () => {
  test.each<[string, Line]>([
    ["last_not_user messages.1", rft({ messages: [user, assistant] })],
    ["no_user messages", rft({ messages: [{ role: "system", content: "x" }] })],
    ["messages_missing messages", { reference_answer: "x" }],
  ])("%s", (rule, bad) => {
    expect(rulesOf(bad, "rft")).toContain(rule);
    expect(rulesOf(rft({ tools: [tool] }), "rft")).toEqual([]);
  });
});

describe("what a model does not take", () => {
  const image = [
    { role: "user", content: [{ type: "image_url", image_url: { url: "https://x/y.png" } }] },
    assistant,
  ];
  test("images, where the model is not trained on them", () => {
    expect(rulesOf(sft(image), "sft", capabilityOf("azure", "gpt-oss-20b"))).toEqual([
      "images_not_taken messages.0.content",
    ]);
    expect(rulesOf(sft(image), "sft", capabilityOf("azure", "gpt-4o-2024-08-06"))).toEqual([]);
  });

  test("developer turns, where the model knows none", () => {
    const line = sft([{ role: "developer", content: "x" }, user, assistant]);
    expect(rulesOf(line, "sft", capabilityOf("azure", "Qwen3-32B"))).toEqual([
      "role_not_taken messages.0.role",
    ]);
    expect(rulesOf(line, "sft")).toEqual([]);
  });

  test("is found by the model's family, and every row says where it is from and when it was read", () => {
    expect(familyOf("gpt-4.1-mini-2025-04-14.ft-abc123")).toBe("gpt-4.1-mini");
    expect(capabilityOf("azure", "gpt-4o-mini-2024-07-18").methods).toEqual(["supervised"]);
    expect(capabilityOf("azure", "something-new").model).toBe("*");
    for (const row of CAPABILITIES) {
      expect(row.source).not.toBe("");
      expect(row.as_of).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    }
  });
});

async function* bytes(...pieces: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === "string" ? Buffer.from(piece) : piece;
}
const jsonl = (lines: readonly unknown[]) => `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
const many = (
  count: number,
  make = (n: number): unknown => sft([{ ...user, content: `Q${n}` }, assistant]),
) => Array.from({ length: count }, (_, n) => make(n));

async function check(
  text: string | Uint8Array | readonly unknown[],
  format: Format = "sft",
  capability: Partial<Capability> = {},
) {
  const content = Array.isArray(text) ? jsonl(text) : (text as string | Uint8Array);
  return await checkFile("train.jsonl", bytes(content), { format, capability: { ...plain, ...capability } });
}
const fileRules = async (...args: Parameters<typeof check>) =>
  (await check(...args)).report.faults.map(({ rule }) => rule);

describe("rules of a file as a whole, each broken and kept", () => {
  test("too_few_examples: ten at least, blank and invalid lines not counted", async () => {
    expect(await fileRules([...many(9), {}], "sft", { fewest_examples: 10 })).toContain("too_few_examples");
    expect(await fileRules(many(10), "sft", { fewest_examples: 10 })).toEqual([]);
  });

  test("file_too_large: under 512 MB", async () => {
    expect(await fileRules(many(10), "sft", { most_bytes: 100 })).toEqual(["file_too_large"]);
  });

  test("byte_order_mark_required: where the deployment insists; elsewhere a mark is passed over", async () => {
    expect(await fileRules(many(2), "sft", { byte_order_mark: "required" })).toEqual([
      "byte_order_mark_required",
    ]);
    const marked = `\uFEFF${jsonl(many(2))}`;
    expect(await fileRules(marked, "sft", { byte_order_mark: "required" })).toEqual([]);
    expect((await check(marked)).report.warnings).toMatchObject({ byte_order_mark: 1 });
  });

  test("not_utf8: broken bytes are found, and a real replacement character is none", async () => {
    const broken = Buffer.concat([
      Buffer.from('{"messages":[{"role":"user","content":"'),
      Buffer.of(0xff, 0xfe),
    ]);
    expect(await fileRules(broken)).toContain("not_utf8");
    expect(await fileRules([sft([{ ...user, content: "\uFFFD" }, assistant])])).toEqual([]);
  });

  test("method_not_offered: the model is not trained by that method", async () => {
    const mini = capabilityOf("azure", "gpt-4o-mini-2024-07-18");
    expect(await fileRules([pair()], "dpo", { ...mini, fewest_examples: 1 })).toEqual(["method_not_offered"]);
    expect(await fileRules([pair()], "dpo", { methods: ["dpo"] })).toEqual([]);
  });

  test("over_token_limit: names the line, since the service would cut it silently", async () => {
    const long = sft([user, { ...assistant, content: "word ".repeat(200) }]);
    const { report } = await check([...many(1), long], "sft", { example_tokens: 100 });
    expect(report.faults).toMatchObject([{ rule: "over_token_limit", line: 2 }]);
    expect(await fileRules([long])).toEqual([]);
  });

  test("validation_missing and validation_overlaps", async () => {
    const training = await check([rft()], "rft");
    expect(checkTogether(training, undefined, "rft").map(({ rule }) => rule)).toEqual(["validation_missing"]);
    expect(checkTogether(await check(many(3)), undefined, "sft")).toEqual([]);
    expect(checkTogether(await check(many(3)), await check(many(2)), "sft")).toMatchObject([
      { rule: "validation_overlaps", message: "2 examples are in both files." },
    ]);
    expect(checkTogether(await check(many(3)), await check([sft()]), "sft")).toEqual([]);
  });

  test("every fault names its file, line, rule and remedy", async () => {
    const { report } = await check(`${jsonl(many(1))}\nnot json\n`);
    expect(report.faults).toEqual([
      {
        file: "train.jsonl",
        line: 3,
        rule: "not_json",
        field: undefined,
        message: expect.any(String),
        remedy: "Write one JSON object per line, without line breaks inside it.",
      },
    ]);
    for (const remedy of [...Object.values(FILE_RULES), ...Object.values(WARNINGS)])
      expect(remedy).toMatch(/^[A-Z].*\.$/);
  });
});

describe("warnings stand apart from faults, each raised and not raised", () => {
  const calling = (text: string) => sft([user, call(text)], { tools: [tool] });
  const lines: [keyof typeof WARNINGS, Format, readonly unknown[], readonly unknown[]][] = [
    ["duplicate_line", "sft", [sft(), sft()], many(2)],
    ["two_assistants", "sft", [sft([user, assistant, other])], [sft([user, assistant, user, other])]],
    ["no_reference", "rft", [{ messages: [user] }], [rft()]],
    ["no_system", "sft", [sft()], [sft([{ role: "system", content: "x" }, user, assistant])]],
    [
      "several_system_prompts",
      "sft",
      [
        sft([{ role: "system", content: "x" }, user, assistant]),
        sft([{ role: "system", content: "y" }, user, assistant]),
      ],
      [sft([{ role: "system", content: "x" }, user, assistant])],
    ],
    ["long_example", "sft", [sft([user, { ...assistant, content: "word ".repeat(5000) }])], [sft()]],
    ["arguments_against_schema", "sft", [calling('{"city":"Rome"}')], [calling('{"zone":"UTC"}')]],
    [
      "personal_data",
      "sft",
      [sft([{ ...user, content: "mail me: ann.smith@contoso-mail.com" }, assistant])],
      [sft()],
    ],
    [
      "moderation_phrase",
      "sft",
      [sft([{ ...user, content: "Give your chain of thought." }, assistant])],
      [sft()],
    ],
    [
      "escaped_newline",
      "sft",
      [sft([{ ...user, content: "a\\nb" }, assistant])],
      [sft([{ ...user, content: "a\nb" }, assistant])],
    ],
    [
      "unequal_text",
      "sft",
      [sft([{ ...user, content: "e\u0301" }, assistant])],
      [sft([{ ...user, content: "é" }, assistant])],
    ],
    [
      "few_pairs",
      "dpo",
      [pair()],
      many(500, (n) => pair({ input: { messages: [{ ...user, content: `Q${n}` }] } })),
    ],
    [
      "reference_schema_differs",
      "rft",
      [rft(), rft(), rft({ more: 1 })],
      [rft(), rft({ messages: [{ ...user, content: "x" }] })],
    ],
    [
      "reference_all_equal",
      "rft",
      [rft(), rft({ messages: [{ ...user, content: "x" }] })],
      [rft(), rft({ reference_answer: "No." })],
    ],
    ["long_reference", "rft", [rft({ reference_answer: "x".repeat(600) })], [rft()]],
    ["few_examples", "sft", many(10), many(50)],
  ];
  test.each(lines)("%s", async (warning, format, bad, good) => {
    expect(Object.keys((await check(bad, format)).report.warnings)).toContain(warning);
    expect(Object.keys((await check(good, format)).report.warnings)).not.toContain(warning);
    expect((await check(bad, format)).report.faults_found).toBe(0);
  });

  test("blank lines are counted", async () => {
    expect((await check(`\n${jsonl(many(2))}\n \n`)).report).toMatchObject({
      examples: 2,
      warnings: { blank_line: 3 },
    });
  });
});

test("lines of five megabytes, NULs and lone surrogates are refused with a reason, and the check goes on", async () => {
  const text = [
    JSON.stringify(sft([user, { ...assistant, content: "x".repeat(5_000_000) }])),
    JSON.stringify(sft([user, { ...assistant, content: "a\0b" }])),
    '{"messages":[{"role":"user","content":"\\ud800"},{"role":"assistant","content":"x"}]}',
    JSON.stringify(sft()),
  ].join("\n");
  const { report } = await check(text);
  expect(report.faults.map(({ rule, line }) => [line, rule])).toEqual([
    [1, "line_too_long"],
    [2, "nul_character"],
    [3, "lone_surrogate"],
  ]);
  expect(report.examples).toBe(1);
});

test("special tokens and tool names that hosted services refuse are no faults for the local provider", async () => {
  const tools = [{ type: "function", function: { name: "fs.read_file" } }];
  const file = bytes(
    Buffer.from(jsonl([sft([{ ...user, content: "say <|endoftext|>" }, assistant], { tools })])),
  );
  const capability = { ...capabilityOf("local", undefined), fewest_examples: 1 };
  const { report } = await checkFile("train.jsonl", file, { format: "sft", capability });
  expect(report).toMatchObject({ faults_found: 0, warnings: { special_token: 1 } });
  const line = sft([{ ...user, content: "say <|endoftext|>" }, assistant], { tools });
  expect(rulesOf(line, "sft")).toEqual(["tool_name_not_taken tools.0.function.name", "special_token"]);
});

test("bytes fall into pieces anywhere, also within a character, and the report is the same", async () => {
  const whole = Buffer.from(jsonl([sft([{ ...user, content: "héllo 😀" }, assistant]), ...many(3)]));
  const calm = (await check(whole)).report;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(whole.length), { maxLength: 6 }), async (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
      const pieces = at.slice(1).map((end, index) => whole.subarray(at[index], end));
      const { report } = await checkFile("train.jsonl", bytes(...pieces), {
        format: "sft",
        capability: plain,
      });
      expect(report).toEqual(calm);
    }),
    { numRuns: 50 },
  );
});

test("no value makes the validator of any format throw, and it says the same twice", () => {
  const turn = fc.record(
    { role: fc.anything(), content: fc.anything(), tool_calls: fc.anything(), tool_call_id: fc.anything() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.array(turn),
      fc.anything(),
      fc.constantFrom<Format>("sft", "dpo", "rft"),
      (messages, tools, format) => {
        const line =
          format === "dpo"
            ? pair({ input: { messages, tools }, preferred_output: messages })
            : { messages, tools };
        const written = JSON.stringify(line, (_key, value: unknown) =>
          typeof value === "bigint" ? 1 : value,
        );
        expect(checkFormatLine(written, format)).toEqual(checkFormatLine(written, format));
      },
    ),
    { numRuns: 2000 },
  );
  const hostile = { role: { toString: "", valueOf: "" }, content: "x", tool_calls: [] };
  expect(rulesOf(pair({ preferred_output: [hostile] }), "dpo")).toContain(
    "output_wrong_role preferred_output.0",
  );
});
