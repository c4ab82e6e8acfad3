import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { createGlance } from "../../src/redaction/glance.ts";

const WORDS = [["pass|", "key", "|pw|"], ["://", "heslo"], ["-begin "], ["Q~"]] as const;
const glance = createGlance(WORDS);
const expression = (word: string): RegExp =>
  new RegExp(word.replace(/^\|/, "(?<![a-zA-Z])").replace(/\|$/, "(?![a-zA-Z])"), "i");

test("a glance sees the words that expressions find, whatever their case, in short texts, long ones and across pieces", () => {
  const piece = fc.constantFrom(
    "pass",
    "KEY",
    "pw",
    "p",
    "w",
    "://",
    "hesl",
    "o",
    "-Begin",
    " ",
    "q~",
    "x",
    "1",
    "[",
    "-",
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.constantFrom(0, 60, 32_755, 32_765, 65_500),
      (pieces, before) => {
        const text = `${"-".repeat(before)}${pieces.join("")}`;
        const expected = WORDS.reduce(
          (bits, group, index) => bits | (group.some((word) => expression(word).test(text)) ? 1 << index : 0),
          0,
        );
        const { groups, isAscii } = glance(text);
        expect(isAscii).toBe(true);
        expect(groups & expected).toBe(expected);
        // Where a long text is read in pieces, a word that goes on behind the end of one may be seen too: the rules then look.
        if (before < 100) expect(groups).toBe(expected);
      },
    ),
    { numRuns: 500 },
  );
});

test("a glance tells whether a text has other letters than ASCII's", () => {
  expect(glance("se\u00f1a").isAscii).toBe(false);
  expect(glance(`${"x".repeat(70_000)}\u5bc6`).isAscii).toBe(false);
});
