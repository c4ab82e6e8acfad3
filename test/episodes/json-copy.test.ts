import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { jsonCopy } from "../../src/episodes/json-copy.ts";

const throughText = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** JSON with members that are undefined, and numbers and dates that JSON writes otherwise. */
const loose = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.date({ noInvalidDate: true }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom("__proto__", "toJSON", "1")),
      tie("value"),
      {
        maxKeys: 4,
      },
    ),
  ),
})).value;

describe("A copy of a value as JSON keeps it", () => {
  test("is what the way through text gives, with the members in the same order", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), loose), (value) => {
        const { value: copy } = jsonCopy(value);
        expect(copy).toEqual(throughText(value));
        expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
      }),
    );
  });

  test("is never longer as text than it says", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), loose), (value) => {
        const { value: copy, atMost } = jsonCopy(value);
        expect(Buffer.byteLength(JSON.stringify(copy))).toBeLessThanOrEqual(atMost);
      }),
    );
  });

  test("shares nothing with the value it was made of", () => {
    const value = { list: [{ text: "a" }] };
    const { value: copy } = jsonCopy(value);
    value.list[0] = { text: "b" };
    expect(copy).toEqual({ list: [{ text: "a" }] });
  });

  test("of something nested beyond reason throws or copies as JSON itself does, and does not take the process down", () => {
    let deep: unknown = "end";
    for (let i = 0; i < 2000; i++) deep = [deep];
    expect(JSON.stringify(jsonCopy({ deep }).value)).toBe(JSON.stringify({ deep }));
  });
});
