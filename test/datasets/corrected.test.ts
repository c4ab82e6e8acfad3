import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Preference } from "../../src/datasets/contract.ts";
import { correctedOf, goldenOf, pairOf } from "../../src/datasets/line/corrected.ts";
import { faultsOf } from "../../src/datasets/validate/line.ts";
import type { Episode, Message } from "../../src/episodes/contract.ts";
import type { Reward } from "../../src/rewards/contract.ts";

const OPTIONS = { includeTools: true };
const TAGS = [[], ["wrong tool"], ["wrong_arguments"], ["Wrong Arguments"], ["made up"]];

/** Conversations of one or more exchanges, each with calls that went well or failed, and perhaps without an answer. */
const exchange = fc.record({
  calls: fc.array(fc.record({ name: fc.constantFrom("move", "read"), failed: fc.boolean() }), {
    maxLength: 3,
  }),
  isAnswered: fc.boolean(),
});
const conversation = fc.array(exchange, { minLength: 1, maxLength: 3 });
type Exchange = typeof exchange extends fc.Arbitrary<infer T> ? T : never;

function messagesOf(exchanges: readonly Exchange[]): Message[] {
  return exchanges.flatMap(({ calls, isAnswered }, n) => [
    { role: "user" as const, content: `question ${n}` },
    ...calls.flatMap(({ name, failed }, k): Message[] => {
      const id = `c${n}-${k}`;
      const made = { name, arguments: JSON.stringify({ n, k }) };
      return [
        { role: "assistant", content: null, tool_calls: [{ id, type: "function", function: made }] },
        { role: "tool", tool_call_id: id, content: failed ? "Error: no such thing" : "done" },
      ];
    }),
    ...(isAnswered || n < exchanges.length - 1
      ? [{ role: "assistant" as const, content: `answer ${n}` }]
      : []),
  ]);
}
const cases = fc.record({
  exchanges: conversation,
  turn: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  isOfCalls: fc.boolean(),
  value: fc.constantFrom(-1, -0.5, 0.5),
  tags: fc.constantFrom(...TAGS),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

function make({ exchanges, turn, isOfCalls, value, tags }: Case) {
  const messages = messagesOf(exchanges);
  const episode = {
    user_input: "question 0",
    assistant_output: "",
    messages,
    tool_calls: [],
    redaction: { version: "1", counts: {} },
  } as unknown as Episode;
  const named = turn === undefined ? {} : { turn };
  const correction = isOfCalls
    ? { ...named, tool_calls: [{ name: "right", arguments: {} }] }
    : { ...named, text: "Right." };
  const reward = { value, metadata: { tags, correction } } as unknown as Reward;
  const corrected = correctedOf(episode, reward, [reward]);
  if (typeof corrected === "string") return { reason: corrected, messages };
  return {
    corrected,
    messages,
    golden: goldenOf(episode, corrected, OPTIONS),
    pair: pairOf(episode, corrected, OPTIONS),
  };
}
const bare = ({ weight: _weight, ...turn }: Message): Message => turn;

describe("any correction of any conversation", () => {
  it("ends its golden line with itself, after the very turns before it, and is valid", () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { golden, messages, corrected } = make(one);
        if (golden === undefined || corrected === undefined) return;
        if (typeof golden === "string") throw new Error(golden);
        expect(faultsOf(golden)).toEqual([]);
        expect(golden.messages.slice(0, -1).map(bare)).toEqual(messages.slice(0, corrected.index));
        expect(golden.messages.at(-1)).toEqual(corrected.right);
      }),
    );
  });

  it("never teaches the turn it rejects, a call that failed, or anything after a call found wrong", () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { golden, messages, corrected } = make(one);
        if (golden === undefined || corrected === undefined || typeof golden === "string") return;
        const learnt = golden.messages
          .slice(0, -1)
          .filter(({ role, weight }) => role === "assistant" && weight !== 0);
        const failed = messages.filter(
          ({ role, content }) => role === "tool" && String(content).startsWith("Error"),
        );
        const failedIds = new Set(failed.map((turn) => turn.tool_call_id));
        expect(learnt.flatMap((turn) => turn.tool_calls ?? []).filter(({ id }) => failedIds.has(id))).toEqual(
          [],
        );
        if (corrected.said !== undefined)
          expect(golden.messages.map(bare)).not.toContainEqual(corrected.said);
        if (one.value < 0 && !corrected.isLocated) expect(learnt).toEqual([]);
        const isBlamed = one.tags.some((tag) => /^wrong/i.test(tag));
        if (isBlamed && !one.isOfCalls && !corrected.said?.tool_calls)
          expect(golden.messages.filter(({ tool_calls }) => tool_calls)).toEqual([]);
      }),
    );
  });

  it("pairs what was done in its turn with what should have been, after equal turns, without weights", () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { pair, messages, corrected } = make(one);
        if (pair === undefined || corrected === undefined) return;
        if (pair === "nothing_said") return expect(corrected.said).toBeUndefined();
        const { input, preferred_output, non_preferred_output } = pair as Preference;
        expect(faultsOf(pair, "dpo")).toEqual([]);
        expect(input.messages).toEqual(messages.slice(0, corrected.index));
        expect([preferred_output, non_preferred_output]).toEqual([[corrected.right], [corrected.said]]);
      }),
    );
  });
});
