import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import type { Example } from "../../src/datasets/contract.ts";
import { contentHash, inputKey, inputText, sessionKey } from "../../src/datasets/line/normalise.ts";
import type { Message } from "../../src/episodes/contract.ts";
import { hmacSha256, keyedHash } from "../../src/kernel/hashing.ts";

const user = (content: string): Message => ({ role: "user", content });
const said = (content: string): Message => ({ role: "assistant", content });
const calling = (id: string, args: string): Message[] => [
  user("When?"),
  { role: "assistant", tool_calls: [{ id, type: "function", function: { name: "now", arguments: args } }] },
  { role: "tool", tool_call_id: id, content: "noon" },
  said("At noon."),
];
const hashOf = (messages: Message[], rest: Partial<Example> = {}) => contentHash({ messages, ...rest });

describe("content", () => {
  test("is equal though ids, the order of argument keys and the spelling of accents differ", () => {
    expect(hashOf(calling("call_1", '{"a":1,"b":2}'))).toBe(hashOf(calling("xyz", '{"b":2, "a":1}')));
    expect(hashOf([user("caf\u00e9"), said("ok")])).toBe(hashOf([user("cafe\u0301"), said("ok ")]));
  });

  test("differs with what the model would learn", () => {
    const base = hashOf(calling("a", "{}"));
    expect(hashOf(calling("a", '{"x":1}'))).not.toBe(base);
    expect(hashOf([user("Hi"), said("a")])).not.toBe(hashOf([user("Hi"), said("A")]));
    expect(hashOf([user("Hi"), said("a\n  b")])).not.toBe(hashOf([user("Hi"), said("a\nb")]));
    expect(hashOf(calling("a", "{}"), { tools: [{ type: "function", function: { name: "now" } }] })).not.toBe(
      base,
    );
  });
});

describe("input", () => {
  test("is what was asked before the first answer, whatever the prompt, case and white space", () => {
    expect(inputText([user("Hi  There"), said("x"), user("more")])).toBe(
      inputText([{ role: "system", content: "Be brief." }, user(" hi there\n"), said("y")]),
    );
    expect(inputText([user("a"), said("x")])).not.toBe(inputText([user("b"), said("x")]));
  });

  test("of a conversation that the assistant opens is still what the user asked", () => {
    expect(inputText([said("Welcome!"), user("a"), said("x")])).not.toBe(
      inputText([said("Welcome!"), user("b"), said("x")]),
    );
  });

  test("parts count by their text", () => {
    expect(inputText([{ role: "user", content: [{ type: "text", text: "Hi" }] }])).toBe(
      inputText([user("hi")]),
    );
  });
});

test("keys need the key, and a session is not a user of the same name", () => {
  expect(inputKey("k", [user("a")])).toMatch(/^[0-9a-f]{16}$/);
  expect(inputKey("k", [user("a")])).not.toBe(inputKey("l", [user("a")]));
  expect(sessionKey("k", { session_id: "x", user_id: "y" })).toBe(sessionKey("k", { session_id: "x" }));
  expect(sessionKey("k", { session_id: "x" })).not.toBe(sessionKey("k", { user_id: "x" }));
  expect(sessionKey("k", {})).toBeUndefined();
});

test("a keyed hash is the HMAC that the standard library makes, for keys and texts of any length", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.integer({ min: 1300, max: 1500 }).map((n) => "é".repeat(n)),
  );
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 100 }), text, (key, given) => {
      expect(keyedHash(key, given)).toBe(hmacSha256(key, given));
    }),
  );
});
