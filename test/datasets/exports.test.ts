import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { readGolden } from "../../src/datasets/golden/golden.ts";
import { isLightningError } from "../../src/kernel/errors.ts";
import { EXPORTS, type Export, REFUSED } from "./exports.ts";

const read = async (content: unknown, format: Export["format"] = "sft") =>
  await readGolden(typeof content === "string" ? content : JSON.stringify(content), {
    format,
  });

interface Fault {
  readonly line: number;
  readonly rule: string;
  readonly field?: string;
  readonly message: string;
  readonly remedy: string;
}
async function faultsOf(content: unknown, format?: Export["format"]): Promise<Fault[]> {
  try {
    await read(content, format);
  } catch (thrown) {
    if (isLightningError(thrown)) return (thrown.details as { faults: Fault[] }).faults;
    throw thrown;
  }
  return [];
}

/** Every text of a value, also of JSON inside texts. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") {
    if (!/^\s*[[{]/.test(value)) return [value.trim()];
    try {
      return textsOf(JSON.parse(value));
    } catch {
      return [value];
    }
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
/** Words of the shapes themselves, ids and times. */
const SHAPE_WORDS =
  /^(?:system|user|assistant|human|gpt|ai|tool|function|function_call|observation|constructor|text|tool_call|langchain|schema|messages|\w+Message|\{"messages.*|…)$/;

describe("rows of other tools are read whole", () => {
  test.each(EXPORTS.map((one) => [one.what, one] as const))(
    "%s",
    async (_what, { row, shape, drops = [], format }) => {
      const { lines, warnings } = await read(row, format);
      expect(lines).toHaveLength(1);
      expect(Object.keys(warnings).toSorted()).toEqual(
        [`imported:${shape}`, ...drops.map((key) => `left_out_key:${key}`)].toSorted(),
      );
      const kept = new Set(textsOf(JSON.parse(lines[0] ?? "")).flatMap((text) => text.split("\n\n")));
      const given = Object.entries(row).filter(
        ([key]) => !drops.some((name) => key.split(".").includes(name)),
      );
      const lost = given
        .flatMap(([, value]) => textsOf(value))
        .filter((text) => text !== "" && !SHAPE_WORDS.test(text) && !kept.has(text));
      expect(lost.filter((text) => !isDropped(row, drops, text))).toEqual([]);
      // What was read is a line of the format, and stays itself when it is read again.
      expect((await read(lines[0], format)).lines).toEqual(lines);
    },
  );
});

/** Whether a text stands under a key, at any depth, that was told to be dropped. */
function isDropped(value: unknown, drops: readonly string[], text: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, member]) =>
    drops.includes(key) ? textsOf(member).includes(text) : isDropped(member, drops, text),
  );
}

describe("rows that cannot be read whole are refused", () => {
  test.each(REFUSED.map((one) => [one.what, one] as const))("%s", async (_what, { row, fault, format }) => {
    const faults = await faultsOf(
      `${format === undefined ? '{"question":"Hi","answer":"Hello."}\n' : ""}${JSON.stringify(row)}`,
      format,
    );
    expect(faults.map(({ rule, field }) => `${rule} ${field}`)).toContain(fault);
    for (const { line, message, remedy } of faults) {
      expect(line).toBe(format === undefined ? 2 : 1);
      expect(message).toMatch(/\.$/);
      expect(remedy).toMatch(/^[A-Z].*[.}"']$/);
    }
  });
});

/** Places of a row where a key may be added: every object that is no schema, argument or dropped. */
function objectsIn(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, member]) => objectsIn(member, [...at, key]));
  return Array.isArray(value) ? inner : [at, ...inner];
}
const NOT_READ =
  /(?:^|\.)(?:parameters|args|arguments|metadata|extra|llm_output|usage|usageDetails|usage_details|token_count|modelParameters|sample|usage_metadata)(?:\.|$)/;

function withKey(row: unknown, at: readonly string[], key: string, value: unknown): unknown {
  const copy = structuredClone(row);
  let target = copy as Record<string, unknown>;
  for (const step of at) target = target[step] as Record<string, unknown>;
  target[key] = value;
  return copy;
}

test("a key that no reader knows is never silently accepted, wherever it stands and whatever it holds", async () => {
  const value = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }),
    fc.record({ text: fc.string({ minLength: 1 }) }),
  );
  const key = fc.stringMatching(/^x_[a-z_]{1,12}$/);
  const place = fc
    .constantFrom(...EXPORTS)
    .chain((one) =>
      fc.tuple(
        fc.constant(one),
        fc.constantFrom(...objectsIn(one.row).filter((at) => !NOT_READ.test(at.join(".")))),
      ),
    );
  await fc.assert(
    fc.asyncProperty(place, key, value, async ([one, at], name, added) => {
      const row = withKey(one.row, at, name, added);
      const faults = await faultsOf(row, one.format);
      // A grader may read any field of a task.
      if (one.format === "rft" && at.join(".") === "item") {
        expect((await read(row, "rft")).lines[0]).toContain(JSON.stringify(added));
        return;
      }
      expect(faults.length).toBeGreaterThan(0);
    }),
    { numRuns: 1500 },
  );
});

test("a row never makes the import throw anything but a refusal", async () => {
  const keys = [
    "messages",
    "conversations",
    "input",
    "output",
    "inputs",
    "outputs",
    "choices",
    "attributes",
    "item",
  ];
  const row = fc.dictionary(
    fc.constantFrom(...keys, "role", "content", "chosen", "rejected"),
    fc.jsonValue({ maxDepth: 4 }),
  );
  await fc.assert(
    fc.asyncProperty(
      row,
      fc.constantFrom("sft" as const, "dpo" as const, "rft" as const),
      async (value, format) => {
        expect(await faultsOf(JSON.stringify(value), format)).toBeInstanceOf(Array);
      },
    ),
    { numRuns: 1500 },
  );
});

describe("files of other kinds", () => {
  test("a JSON array is read item by item", async () => {
    const rows = [
      { question: "One?", answer: "Yes, one." },
      { question: "Two?", answer: "Yes, two." },
    ];
    expect((await read(JSON.stringify(rows, undefined, 2))).lines).toHaveLength(2);
    expect(await faultsOf(JSON.stringify([...rows, { question: "Three?" }]))).toMatchObject([
      { line: 3 },
      { line: 3 },
    ]);
    expect(await faultsOf(`[{"question":"a","answer":"b"},{"id":12345678901234567890}]`)).toMatchObject([
      { line: 2, rule: "number_not_exact", field: "id" },
    ]);
  });

  test("a key that stands twice in an object is told by its line, where the first value would be lost", async () => {
    const twice = '{"question":"a","answer":"b","answer":"c"}';
    const once = '{"question":"a","answer":"{\\"b\\":1,\\"b\\":2}"}';
    expect((await read(once)).lines[0]).toContain('{\\"b\\":1,\\"b\\":2}');
    expect(await faultsOf(`${once}\n${twice}`)).toMatchObject([
      { line: 2, rule: "repeated_key", field: "answer" },
    ]);
    expect(await faultsOf(`[${once},${twice}]`)).toMatchObject([
      { line: 2, rule: "repeated_key", field: "answer" },
    ]);
    const deep =
      '{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","content":"c"}]}';
    expect(await faultsOf(deep)).toMatchObject([
      { line: 1, rule: "repeated_key", field: "messages.1.content" },
    ]);
  });

  test("of a table or an array too large for one request nothing is taken, and it is said what to do", async () => {
    const part = async (content: string) =>
      await readGolden(content, { mayBeEmpty: true }).catch((thrown: unknown) =>
        isLightningError(thrown) ? thrown.details : undefined,
      );
    for (const content of ["question,answer\nHi,Hello.\n", '[\n{"question":"a","answer":"b"},\n', "  [1]"])
      expect(await part(content)).toMatchObject({
        faults: [{ line: 1, rule: "table_in_parts", message: expect.stringContaining("8 MiB") }],
      });
    expect(await part('{"question":"a","answer":"b"}\n')).toMatchObject({ kept: 1 });
  });

  test("a review tool's table is read, with quotes, line breaks and semicolons", async () => {
    const table = 'id,input,expected_output\n1,"Where, then?","On the\nvan."\n2,"He said ""hi""",Hello.\n';
    const { lines, warnings } = await read(table);
    // The header is line 1, and a cell of two lines takes both.
    expect(lines.filter((line) => line !== "").map((line) => textsOf(JSON.parse(line)))).toEqual([
      ["user", "Where, then?", "assistant", "On the\nvan."],
      ["user", 'He said "hi"', "assistant", "Hello."],
    ]);
    expect(warnings).toEqual({ "imported:langfuse": 2, "left_out_key:id": 2 });
    expect((await read("question;answer\nHi;Hello.\n")).kept).toBe(1);
    const chat = JSON.stringify([
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello." },
    ]);
    expect((await read(`id,messages\n1,"${chat.replaceAll('"', '""')}"\n`)).kept).toBe(1);
  });

  test("a table is refused by line: a column nobody reads, a short row, a column twice, an open quote", async () => {
    expect(await faultsOf("question,answer,comment\na,b,\nc,d,Too short.\n")).toMatchObject([
      { line: 3, rule: "unread_key", field: "comment" },
    ]);
    expect(await faultsOf("question,answer\na,b\nc\n")).toMatchObject([
      { line: 3, rule: "table_unreadable" },
    ]);
    expect(await faultsOf("question,answer,answer\na,b,c\n")).toMatchObject([
      { line: 1, rule: "table_unreadable" },
    ]);
    expect(await faultsOf('question,answer\na,"b\n')).toMatchObject([{ rule: "table_unreadable" }]);
  });
});

test("arguments of calls stay the text that they were, whatever their numbers", async () => {
  const digits = fc.oneof(
    fc.stringMatching(/^[1-9]\d{15,25}$/),
    fc.constantFrom("1e400", "-0", "0.12345678901234567890"),
  );
  await fc.assert(
    fc.asyncProperty(digits, async (number) => {
      const text = `{"id": ${number}}`;
      const call = { id: "c1", type: "function", function: { name: "find", arguments: text } };
      const line = {
        messages: [
          { role: "user", content: "Hi" },
          { role: "assistant", tool_calls: [call] },
        ],
        tools: [{ type: "function", function: { name: "find" } }],
      };
      for (const row of [line, { ...line, source: "desk" }]) {
        const { lines } = await read(row);
        expect(JSON.parse(lines[0] ?? "").messages[1].tool_calls[0].function.arguments).toBe(text);
      }
    }),
  );
});
