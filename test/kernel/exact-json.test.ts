import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import {
  inexactNumber,
  isExact,
  parseExact,
  parseToCompare,
  parseToWrite,
  repeatedKey,
} from "../../src/kernel/exact-json.ts";

/** Digits and power of ten, by big integers alone: what the text says, without any double. */
function decimal(source: string): { digits: bigint; power: number } {
  const [mantissa = "", power = "0"] = source.split(/[eE]/);
  const [whole = "", fraction = ""] = mantissa.split(".");
  let digits = BigInt(`${whole}${fraction}`.replace(/^-/, "") || "0");
  let by = Number(power) - fraction.length;
  if (digits === 0n) return { digits, power: 0 };
  while (digits % 10n === 0n) {
    digits /= 10n;
    by++;
  }
  return { digits, power: by };
}

const digits = fc.stringMatching(/^[1-9]\d{0,25}$/);
const numbers = fc.oneof(
  digits,
  digits.map((text) => `-${text}`),
  fc.tuple(digits, fc.stringMatching(/^\d{1,25}$/)).map(([a, b]) => `${a}.${b}`),
  fc.stringMatching(/^\d{1,25}$/).map((text) => `0.${text}`),
  fc.tuple(digits, fc.integer({ min: -400, max: 400 })).map(([a, e]) => `${a}e${e}`),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => JSON.stringify(one)),
  fc.constantFrom("-0", "0", "1e400", "-1e400", "1e-400", "9007199254740993", "9007199254740993.0"),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    numbers,
    fc.string().map((text) => JSON.stringify(text)),
    fc.array(tie("any") as fc.Arbitrary<string>, { maxLength: 4 }).map((all) => `[${all.join(",")}]`),
    fc
      .array(fc.tuple(fc.string(), tie("any") as fc.Arbitrary<string>), { maxLength: 4 })
      .map((all) => `{${all.map(([key, one]) => `${JSON.stringify(key)}: ${one}`).join(",")}}`),
  ),
})).any;

describe("a number in JSON", () => {
  test("is what it says or is found, whatever its digits, and wherever it stands", () => {
    fc.assert(
      fc.property(numbers, (source) => {
        for (const text of [source, `{"a":[${source}]}`, `[1, ${source}]`, `{"b": ${source}, "c": "x"}`]) {
          const found = inexactNumber(text);
          if (found !== undefined) continue;
          const held = JSON.stringify(JSON.parse(source));
          const [given, kept] = [decimal(source), decimal(held)];
          // A fraction of up to 17 digits is how some write the very double that is kept.
          if (given.power < 0 && String(given.digits).length <= 17)
            expect(Math.abs(Number(held) - Number(source))).toBe(0);
          else expect(kept).toEqual(given);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    "0",
    "-0",
    "1.0",
    "1e3",
    "0.30000000000000004",
    "0.10000000000000001",
    "1234.5678901234567",
    "9007199254740992",
    "1760000000000000",
    "100000000000000000000",
    "5e-324",
    "1.7976931348623157e308",
  ])("%s is taken", (source) => {
    expect(isExact(source)).toBe(true);
    expect(inexactNumber(`{"n": ${source}}`)).toBeUndefined();
  });

  test.each([
    "9007199254740993",
    "12345678901234567890",
    "1e400",
    "1e-400",
    "0.1234567890123456789",
    "1.2345678901234567e-320",
    "9007199254740993e0",
  ])("%s is refused, by its place", (source) => {
    expect(inexactNumber(`{"n":{"ids":[1,${source}]}}`)).toEqual({ field: "n.ids.1" });
    expect(() => parseExact(`{"text":"1","a b":${source}}`)).toThrow(
      expect.objectContaining({ code: "number_not_exact", field: "a b" }),
    );
  });

  test("in a text is a text", () => {
    for (const text of ['"12345678901234567890"', '{"a":"x: 12345678901234567890, \\" 1e400"}'])
      expect(inexactNumber(text)).toBeUndefined();
  });

  test("is found behind a text of millions of escapes, and its place is short however deep it lies", () => {
    const escapes = String.raw`\n`.repeat(8_000_000);
    expect(inexactNumber(`{"text":"${escapes}","n":1e400}`)).toEqual({ field: "n" });
    expect(repeatedKey(`{"text":"${escapes}","n":1,"n":2}`, { text: "", n: 2 })).toBe("n");
    const deep = `${"[".repeat(100_000)}1e400${"]".repeat(100_000)}`;
    expect(inexactNumber(deep)?.field.length).toBeLessThan(100);
  });

  test("keeps its digits where it is compared or written again", () => {
    fc.assert(
      fc.property(value, (text) => {
        const again = JSON.stringify(parseToWrite(text));
        expect(JSON.stringify(parseToCompare(again))).toBe(JSON.stringify(parseToCompare(text)));
      }),
    );
    expect(JSON.stringify(parseToWrite('{"id": 12345678901234567890, "n": 1.0}'))).toBe(
      '{"id":12345678901234567890,"n":1.0}',
    );
    expect(parseToCompare("[12345678901234567890]")).not.toEqual(parseToCompare("[12345678901234567891]"));
  });
});
