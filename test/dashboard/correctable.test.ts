import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  type CorrectionDraft,
  correctableTurns,
  correctionText,
  draftOf,
  readCorrection,
  saidIn,
} from "../../dashboard/src/logic/correctable.ts";
import type { Episode } from "../../src/episodes/contract.ts";
import { isMisplaced, placeCorrection } from "../../src/rewards/place-correction.ts";

const call = (id: string, name: string, args: object) => ({
  id,
  type: "function" as const,
  function: { name, arguments: JSON.stringify(args) },
});
const episode = {
  user_input: "Plan?",
  assistant_output: "None.",
  tool_calls: [],
  messages: [
    { role: "user" as const, content: "Plan?" },
    { role: "assistant" as const, content: null, tool_calls: [call("c1", "move", { from: "a" })] },
    { role: "tool" as const, tool_call_id: "c1", content: "no" },
    { role: "assistant" as const, content: "None." },
  ],
};
const turns = correctableTurns(episode);

describe("what a reviewer corrects on the desk", () => {
  const any = fc.constantFrom("user", "assistant", "tool", "call") as fc.Arbitrary<string>;
  const message = (kind: string, n: number) =>
    kind === "call"
      ? { role: "assistant", content: null, tool_calls: [call(`c${n}`, "move", { n })] }
      : { role: kind, content: `text ${n}`, ...(kind === "tool" ? { tool_call_id: `c${n - 1}` } : {}) };

  it("counts the agent's turns as the other side does, whatever the conversation", () => {
    fc.assert(
      fc.property(
        fc.array(any, { maxLength: 8 }),
        fc.constantFrom("", "Said."),
        fc.nat(3),
        (kinds, said, calls) => {
          const told = {
            user_input: "q",
            assistant_output: said,
            messages: kinds.map(message),
            tool_calls: Array.from({ length: calls }, (_, n) => ({ tool_name: "move", arguments: { n } })),
          } as unknown as Episode;
          const mine = correctableTurns(told);
          const theirs = mine.map(({ turn }) => placeCorrection(told, { turn, text: "x" }));
          expect(
            theirs.map((one) => (isMisplaced(one) ? "none" : (one.said?.tool_calls?.length ?? 0))),
          ).toEqual(mine.map((one) => one.calls.length));
          expect(isMisplaced(placeCorrection(told, { turn: mine.length + 1, text: "x" }))).toBe(true);
        },
      ),
    );
  });

  it("begins with the calls of a turn that called, and with the text of one that spoke", () => {
    expect(draftOf(turns, 1)).toMatchObject({ kind: "calls", text: expect.stringContaining('"from": "a"') });
    expect(draftOf(turns, 2)).toMatchObject({ kind: "text", text: "" });
    expect(saidIn(turns, { kind: "text" })).toBe("None.");
  });

  it.each<[string, CorrectionDraft, unknown]>([
    [
      "a text for the answer",
      { kind: "text", text: " Read more. " },
      { kind: "some", correction: "Read more." },
    ],
    [
      "a text for a turn",
      { turn: 1, kind: "text", text: "No." },
      { kind: "some", correction: { turn: 1, text: "No." } },
    ],
    [
      "calls",
      { turn: 1, kind: "calls", text: '[{"name":"read","arguments":{}}]' },
      { kind: "some", correction: { turn: 1, tool_calls: [{ name: "read", arguments: {} }] } },
    ],
    [
      "one call without its list",
      { kind: "calls", text: '{"name":"read","arguments":{}}' },
      { kind: "some" },
    ],
    ["nothing: it is what was said", { kind: "text", text: "None." }, { kind: "none" }],
    ["nothing: they are what was called", draftOf(turns, 1), { kind: "none" }],
    [
      "no JSON",
      { turn: 1, kind: "calls", text: "[{" },
      { kind: "fault", fault: expect.stringContaining("JSON") },
    ],
    ["a call without a name", { turn: 1, kind: "calls", text: '[{"arguments":{}}]' }, { kind: "fault" }],
    ["a call without arguments", { turn: 1, kind: "calls", text: '[{"name":"read"}]' }, { kind: "fault" }],
    ["no call", { turn: 1, kind: "calls", text: "[]" }, { kind: "fault" }],
  ])("sends %s", (_what, draft, read) => {
    expect(readCorrection(turns, draft)).toMatchObject(read as object);
  });

  it("shows a stored correction as words or as calls", () => {
    expect(correctionText("Read more.")).toBe("Read more.");
    expect(correctionText({ turn: 1, text: "No." })).toBe("No.");
    expect(correctionText({ turn: 1, tool_calls: [{ name: "read", arguments: {} }] })).toContain('"read"');
    expect(correctionText(undefined)).toBe("");
  });

  it("keeps every digit: a long number stands as it was said, and one that is typed is refused", () => {
    const long = '{"order":12345678901234567890,"n":1}';
    const [first] = correctableTurns({
      messages: [
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: long } }],
        },
      ],
    });
    expect(first?.calls[0]?.arguments).toBe(long);
    const typed = { turn: 1, kind: "calls", text: `[{"name":"move","arguments":${long}}]` } as const;
    expect(readCorrection(turns, typed)).toMatchObject({
      kind: "fault",
      fault: expect.stringContaining("more digits than a double holds"),
    });
  });
});
