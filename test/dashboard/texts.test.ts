import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { beginning, pieces, pretty } from "../../dashboard/src/logic/content.ts";
import { turnsOf } from "../../dashboard/src/logic/conversation.ts";
import {
  ago,
  count,
  duration,
  moment,
  pValue,
  shortCount,
  signed,
} from "../../dashboard/src/logic/format.ts";
import { reviewAction } from "../../dashboard/src/logic/review-keys.ts";

describe("numbers and times", () => {
  it("are short, signed and honest about what is not known", () => {
    expect([signed(0.5), signed(-1), signed(0), signed(-0.001), signed(null), signed(Number.NaN)]).toEqual([
      "+0.50",
      "−1.00",
      "0.00",
      "0.00",
      "–",
      "–",
    ]);
    expect([shortCount(9999), shortCount(123_456), shortCount(undefined)]).toEqual(["9,999", "123.5K", "–"]);
    expect([duration(950), duration(61_000), duration(7_260_000), duration(-1), duration(null)]).toEqual([
      "950 ms",
      "1 min 1 s",
      "2 h 1 min",
      "–",
      "–",
    ]);
    expect(pValue(1e-30)).toBe("p < 0.0001");
    const now = Date.parse("2026-01-02T00:00:00Z");
    expect([
      ago("2026-01-01T23:59:58Z", now),
      ago("2026-01-01T20:00:00Z", now),
      ago("nonsense", now),
    ]).toEqual(["just now", "4 h ago", "–"]);
    expect(moment("nonsense")).toBe("–");
  });
});

describe("counts", () => {
  const long = new Intl.NumberFormat("en");
  const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

  it("are written as the browser's own tables would have it", () => {
    const whole = fc.oneof(
      fc.nat(),
      fc.maxSafeNat(),
      fc.nat(20_000),
      fc.constantFrom(999_949, 999_950, 1e12),
    );
    fc.assert(
      fc.property(whole, (value) => {
        expect(count(value)).toBe(long.format(value));
        if (value >= 10_000 && value < 1e15) expect(shortCount(value)).toBe(compact.format(value));
      }),
    );
    expect([count(1234.5), count(0.12345), count(-1234)]).toEqual(["1,234.5", "0.123", "-1,234"]);
  });
});

describe("what strangers said", () => {
  it("is whole, with redactions and hiding characters set apart", () => {
    expect(pieces("Mail [REDACTED:email] \u202eevil\u202c")).toEqual([
      { kind: "text", text: "Mail " },
      { kind: "redacted", text: "REDACTED:email" },
      { kind: "text", text: " " },
      { kind: "control", text: "RLO" },
      { kind: "text", text: "evil" },
      { kind: "control", text: "PDF" },
    ]);
  });

  it("loses no character, and no direction mark reaches the page", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const found = pieces(text);
        for (const piece of found)
          if (piece.kind === "text")
            expect(piece.text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]|(?![\n\t\r])\p{Cc}/u);
        const visible = found.filter(({ kind }) => kind === "text").map((piece) => piece.text);
        expect(text).toContain(visible[0] ?? "");
        expect(found.map((piece) => piece.text.length).reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(
          visible.join("").length,
        );
      }),
    );
  });

  it("is folded when it is long, whether in one line or in many", () => {
    expect(beginning("short")).toBeUndefined();
    expect(beginning("x".repeat(5000))?.length).toBeLessThan(1300);
    expect(beginning("line\n".repeat(500))?.split("\n").length).toBeLessThan(20);
  });

  it("is indented when it is JSON, and left alone when it only looks like it", () => {
    expect(pretty('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
    expect(pretty("{not json")).toBe("{not json");
    expect(pretty("42")).toBe("42");
  });
});

describe("an episode's turns", () => {
  it("put each result beside its call", () => {
    const turns = turnsOf({
      user_input: "q",
      assistant_output: "done",
      messages: [
        { role: "user", content: "q" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: '{"n":1}' } }],
        },
        { role: "tool", tool_call_id: "c1", content: '{"ok":true}' },
      ],
      tool_calls: [{ id: "c1", tool_name: "look", duration_ms: 12, error: "slow" }],
    });
    expect(turns).toEqual([
      { role: "user", text: "q", calls: [] },
      {
        role: "assistant",
        text: "",
        calls: [
          {
            name: "look",
            args: '{\n  "n": 1\n}',
            result: '{\n  "ok": true\n}',
            error: "slow",
            milliseconds: 12,
          },
        ],
      },
      { role: "assistant", text: "done", calls: [] },
    ]);
  });

  it("are made from what was recorded when there are no messages", () => {
    const turns = turnsOf({
      user_input: "q",
      assistant_output: "a",
      system_prompt: "be kind",
      tool_calls: [{ tool_name: "look", arguments: { n: 1 }, result: "fine" }],
    });
    expect(turns.map(({ role, text, calls }) => [role, text, calls.length])).toEqual([
      ["system", "be kind", 0],
      ["user", "q", 0],
      ["assistant", "", 1],
      ["assistant", "a", 0],
    ]);
  });

  it("keep a result that belongs to no call", () => {
    const turns = turnsOf({ messages: [{ role: "tool", tool_call_id: "lost", content: "x" }] });
    expect(turns).toEqual([{ role: "tool", text: "x", calls: [] }]);
  });
});

describe("the review keys", () => {
  const press = (key: string, more: object = {}) => ({
    key,
    code: /^\d$/.test(key) ? `Digit${key}` : `Key${key.toUpperCase()}`,
    shiftKey: false,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    repeat: false,
    ...more,
  });

  it("label, skip and undo with one key", () => {
    expect(reviewAction(press("y"), false)).toEqual({ do: "label", value: 1 });
    expect(reviewAction(press("N"), false)).toEqual({ do: "label", value: -1 });
    expect(reviewAction(press("2"), false)).toEqual({ do: "label", value: -0.5 });
    expect(reviewAction(press("s"), false)).toEqual({ do: "skip" });
    expect(reviewAction(press("z"), false)).toEqual({ do: "undo" });
  });

  it("tag by the key's place, whatever Shift makes of it on this keyboard", () => {
    expect(reviewAction(press("!", { code: "Digit1", shiftKey: true }), false)).toEqual({
      do: "tag",
      index: 0,
    });
    expect(reviewAction(press("*", { code: "Digit8", shiftKey: true }), false)).toBeUndefined();
  });

  it("do nothing while a text is written, held down, or with a command key", () => {
    expect(reviewAction(press("y"), true)).toBeUndefined();
    expect(reviewAction(press("y", { repeat: true }), false)).toBeUndefined();
    expect(reviewAction(press("n", { ctrlKey: true }), false)).toBeUndefined();
    expect(reviewAction(press("Enter", { code: "Enter", ctrlKey: true }), true)).toEqual({
      do: "label",
      value: -1,
    });
  });
});
