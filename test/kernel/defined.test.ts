import { expect, it } from "@jest/globals";
import { defined } from "../../src/kernel/defined.ts";

it("a copy leaves out what is undefined and keeps null, false, zero and what lies deeper", () => {
  const given = { a: undefined, b: null, c: false, d: 0, e: { f: undefined } };
  expect(Object.keys(defined(given))).toEqual(["b", "c", "d", "e"]);
  expect(given).toHaveProperty("a");
});
