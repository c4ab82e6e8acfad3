import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { isBase64 } from "../../src/kernel/base64.ts";

const EXPRESSIONS = {
  plain: /^[A-Za-z0-9+/]+={0,2}$/,
  any: /^[A-Za-z0-9+/_-]+={0,2}$/,
  padded: /^[A-Za-z0-9+/=]*$/,
} as const;

test.each(["plain", "any", "padded"] as const)("base64 (%s) is told as its expression tells it", (kind) => {
  const text = fc
    .array(fc.constantFrom("A", "z", "9", "+", "/", "=", "==", "-", "_", " ", "\n", "é"))
    .map((a) => a.join(""));
  fc.assert(
    fc.property(text, fc.constantFrom("", "data:;base64,"), (body, head) => {
      expect(isBase64(head + body, head.length, kind)).toBe(EXPRESSIONS[kind].test(body));
    }),
  );
});

test("base64 of thirty million characters is told without an expression's stack", () => {
  const long = "QUJD".repeat(7_500_000);
  expect([isBase64(long), isBase64(`${long}==`), isBase64(`${long}*`)]).toEqual([true, true, false]);
});
