import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { jsonText, NoJson } from "../../../src/local-host/durable/client/json-text.ts";

describe("JSON as the extension reads it", () => {
  test.each([
    ["\uFEFF1", "1"],
    ["/* c */ 1 // x", "1"],
    ["'a'", '"a"'],
    [`'say "so"\\'s'`, `"say \\"so\\"'s"`],
    ["[1,]", "[1]"],
    ['{"a":1,}', '{"a":1}'],
    ["{a:1, /*c*/ 'b':2,}", '{"a":1,"b":2}'],
    ["NaN", '"NaN"'],
    ["[Infinity]", '["Infinity"]'],
    ["[0x10,010,1.0,1e2,12345678901234567890,]", "[16,8,1.0,1e2,12345678901234567890]"],
    ['"a\nb"', '"a\\nb"'],
    ['["\\u00e4",]', '["ä"]'],
    ["12345678901234567890", "12345678901234567890"],
    ['{"":1}', '{"":1}'],
  ])("takes %j as %s", (text, json) => {
    expect(jsonText(text, "refused")).toBe(json);
  });

  test.each([
    ["", "Error reading JToken from JsonReader. Path '', line 0, position 0."],
    ["  ", "Error reading JToken from JsonReader. Path '', line 1, position 2."],
    ["abc", "Unexpected character encountered while parsing value: a. Path '', line 0, position 0."],
    ["{bad", "Unexpected end while parsing unquoted property name. Path '', line 1, position 4."],
    ['"abc', "Unterminated string. Expected delimiter: \". Path '', line 1, position 4."],
    ['"\\x"', "Bad JSON escape sequence: \\x. Path '', line 1, position 3."],
    ["{'a\\q':1}", "Bad JSON escape sequence: \\q. Path '', line 1, position 5."],
    ['"\\u12zz"', "Invalid Unicode escape sequence: \\u12zz. Path '', line 1, position 7."],
    ['"\\u12', "Unexpected end while parsing Unicode escape sequence. Path '', line 1, position 5."],
    ['"\\', "Unterminated string. Expected delimiter: \". Path '', line 1, position 2."],
    ["-", "Input string '-' is not a valid number. Path '', line 1, position 1."],
    [
      "1 2",
      "Additional text encountered after finished reading JSON content: 2. Path '', line 1, position 2.",
    ],
  ])("refuses %j in Newtonsoft's words", (text, sentence) => {
    expect(() => jsonText(text, "refused")).toThrow(new Error(sentence));
  });

  test.each(["[", '{"a":'])("takes 64 times %s, one in the other, and no more", (open) => {
    const nested = (depth: number) =>
      `${open.repeat(depth)}${open === "[" ? "]".repeat(depth) : `1${"}".repeat(depth)}`}`;
    expect(jsonText(nested(64), "refused")).toBe(nested(64));
    expect(() => jsonText(nested(65), "refused")).toThrow("The reader's MaxDepth of 64 has been exceeded.");
    const quoted = JSON.stringify(`\\"${"[".repeat(70)}`);
    expect(jsonText(quoted, "refused")).toBe(quoted);
  });

  test("counts no bracket that is not read: in a comment, in single quotes, after an event's value", () => {
    const many = "[".repeat(70);
    expect(jsonText(`/*${many}*/1`, "refused")).toBe("1");
    expect(jsonText(`'${many}'`, "refused")).toBe(`"${many}"`);
    expect(jsonText(`1 ${many}`, "unread")).toBe("1");
  });

  test.each([`['"',`, '[/*"*/', '[//"\n', "['a',"])(
    "takes no more than 64 lists after %j either",
    (begin) => {
      expect(() => jsonText(begin + "[".repeat(100_000), "refused")).toThrow(
        new NoJson("The reader's MaxDepth of 64 has been exceeded."),
      );
    },
  );

  test("gives strict JSON or says why not, whatever it is given", () => {
    const token = fc.oneof(
      fc.constantFrom("\\u", "NaN", "null", "//", "/*"),
      fc.string({
        unit: fc.constantFrom(...Array.from("{}[]:,'\"\\/*u0x1-.eé\n ")),
        minLength: 1,
        maxLength: 3,
      }),
    );
    const texts = fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join(""));
    fc.assert(
      fc.property(texts, fc.constantFrom("refused" as const, "unread" as const), (text, rest) => {
        try {
          JSON.parse(jsonText(text, rest));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(NoJson);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test("leaves unread what follows the value of an event", () => {
    expect(jsonText("1 2", "unread")).toBe("1");
  });
});
