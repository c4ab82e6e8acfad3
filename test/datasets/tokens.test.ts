import { beforeAll, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { countTokens as countOlder } from "gpt-tokenizer/encoding/cl100k_base";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { encodingOf, lineCounter, loadCounter } from "../../src/datasets/tokens/tokens.ts";

let count: (text: string) => number;
beforeAll(async () => {
  count = await loadCounter("o200k_base");
});

// The library loses a byte-order mark inside a text; see below.
const pieces = fc.constantFrom(
  ..."a|Zed|'s| |  |\n| \n|　| |!|。|日本|é|12|1234|don't|\t|<|endoftext|>|😀|_|﻿| |﻿"
    .split("|")
    .filter((piece) => !piece.includes("\uFEFF")),
);

describe("tokens of a text", () => {
  test("are those of the model's tokeniser, however words and white space follow one another", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), fc.boolean(), (parts, spaced) => {
        const text = parts.join(spaced ? " " : "");
        expect(count(text)).toBe(countTokens(text, { disallowedSpecial: new Set() }));
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
        fc.pre(!text.includes("\uFEFF"));
        expect(count(text)).toBe(countTokens(text, { disallowedSpecial: new Set() }));
      }),
    );
  });

  test("are those of the older vocabulary for the older models", async () => {
    const older = await loadCounter("cl100k_base");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
        const text = parts.join("");
        expect(older(text)).toBe(countOlder(text, { disallowedSpecial: new Set() }));
      }),
      { numRuns: 500 },
    );
  });

  test("count words that share the place of another in the memory of short ones", () => {
    const words = Array.from({ length: 60_000 }, (_, n) => `w${n.toString(36)}`);
    for (let round = 0; round < 2; round++)
      expect(count(words.join(" "))).toBe(countTokens(words.join(" "), { disallowedSpecial: new Set() }));
  });

  test("count a byte-order mark within a text as the one token it is, which the library's tables lose", () => {
    expect(count("\uFEFF")).toBe(1);
    expect(count("\uFEFFusing")).toBe(1);
  });

  test("count special tokens as the plain text they are in a user's mouth", () => {
    expect(() => countTokens("a <|endoftext|>")).toThrow(/special/);
    expect(count("a <|endoftext|> b")).toBe(9);
  });

  test("count lone surrogates and NULs without a crash", () => {
    expect(count("\ud800 x \0 y")).toBeGreaterThan(3);
  });

  test.each(["a", "=", " ", "\n", "日", "\ud83d\ude00"])(
    "take five megabytes of %j in linear time",
    (unit) => {
      const start = performance.now();
      expect(count(unit.repeat(5_000_000 / unit.length))).toBeGreaterThan(10_000);
      // The tokeniser alone takes minutes for some of them.
      expect(performance.now() - start).toBeLessThan(8000);
    },
  );
});

describe("tokens of a line", () => {
  const messages = [
    { role: "user" as const, content: "Hi there" },
    { role: "assistant" as const, content: "Hello." },
  ];
  test("are those of its turns, three around each and three before the answer", () => {
    expect(lineCounter(count)({ messages })).toBe(count("Hi there") + count("Hello.") + 3 + 3 + 3);
  });

  test("include the tools, since every line trains on them", () => {
    const tools = [{ type: "function" as const, function: { name: "now" } }];
    const alone = lineCounter(count)({ messages });
    expect(lineCounter(count)({ messages, tools })).toBe(alone + count(JSON.stringify(tools)));
  });

  test("of a preference pair hold the input twice, once before each output", () => {
    const pair = {
      input: { messages: messages.slice(0, 1) },
      preferred_output: messages.slice(1),
      non_preferred_output: messages.slice(1),
    };
    expect(lineCounter(count)(pair)).toBe(2 * (count("Hi there") + 3 + 3 + count("Hello.") + 3));
  });

  test("are counted by the vocabulary of the model", () => {
    expect(encodingOf("gpt-4.1-mini-2025-04-14")).toEqual({ encoding: "o200k_base", exact: true });
    expect(encodingOf("gpt-35-turbo-0125")).toEqual({ encoding: "cl100k_base", exact: true });
    expect(encodingOf("Llama-3.3-70B-Instruct")).toEqual({ encoding: "o200k_base", exact: false });
  });
});
