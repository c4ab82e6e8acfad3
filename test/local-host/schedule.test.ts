import { describe, expect, test } from "@jest/globals";
import { array, assert, constant, integer, oneof, property, tuple } from "fast-check";
import { toPlainCron } from "../../src/local-host/timers/ncrontab.ts";
import { parseSchedule } from "../../src/local-host/timers/schedule.ts";

const next = (text: string, after: string, zone?: string) => {
  const at = parseSchedule(text, zone).next(Date.parse(after));
  return at === undefined ? undefined : new Date(at).toISOString();
};

describe("NCRONTAB", () => {
  test.each([
    ["0 */5 * * * *", "2026-01-01T00:01:00Z", "2026-01-01T00:05:00.000Z"],
    ["0 0 3 * * *", "2026-01-01T03:00:00Z", "2026-01-02T03:00:00.000Z"],
    ["30 5/15 * * * *", "2026-01-01T00:06:00Z", "2026-01-01T00:20:30.000Z"],
    ["0 0 9-17/4 * * Mon-Fri", "2026-01-02T17:30:00Z", "2026-01-05T09:00:00.000Z"],
    ["0 0 0 1 january,JUL *", "2026-01-02T00:00:00Z", "2026-07-01T00:00:00.000Z"],
    ["*/10 * * * *", "2026-01-01T00:01:00Z", "2026-01-01T00:10:00.000Z"],
  ])("%s after %s is due at %s", (text, after, due) => expect(next(text, after)).toBe(due));

  test("day of month and day of week must both match: Friday the 13th", () => {
    expect(next("0 0 0 13 * 5", "2026-01-01T00:00:00Z")).toBe("2026-02-13T00:00:00.000Z");
  });

  test("a day that never comes has no next time", () => {
    expect(next("0 0 0 31 2 *", "2026-01-01T00:00:00Z")).toBeUndefined();
  });

  test("a time zone moves the schedule", () => {
    expect(next("0 0 3 * * *", "2026-01-01T00:00:00Z", "America/New_York")).toBe("2026-01-01T08:00:00.000Z");
  });

  test("a time zone that this machine does not know is refused", () => {
    expect(() => parseSchedule("0 0 3 * * *", "Nowhere/Town")).toThrow("is not a time zone");
  });

  test.each([
    "",
    "* * * *",
    "60 * * * * *",
    "0 0 24 * * *",
    "0 0 0 0 * *",
    "0 0 0 * * 7",
    "0 0 0 L * *",
    "0 0 0 ? * *",
    "0 0 0 * * Mo",
    "0 0 0 * * Mondays",
    "0 0 0 * * 5#1",
    "0 */0 * * * *",
    "0 30-10 * * * *",
    "0 *-5 * * * *",
    "@daily",
  ])("%j is refused, as Azure would", (text) =>
    expect(() => parseSchedule(text)).toThrow(expect.objectContaining({ code: "bad_schedule" })),
  );

  test("every accepted field comes out as plain numbers within its bounds", () => {
    const bounds = [59, 59, 23, 31, 12, 6];
    const field = (i: number) => {
      const number = integer({ min: i === 3 || i === 4 ? 1 : 0, max: bounds[i] ?? 0 });
      return oneof(
        constant("*"),
        tuple(constant("*/"), integer({ min: 1, max: 70 })).map((parts) => parts.join("")),
        number.map(String),
        tuple(number, number, integer({ min: 1, max: 9 })).map(([a, b, step]) => {
          return `${Math.min(a, b)}-${Math.max(a, b)}/${step}`;
        }),
        array(number, { minLength: 1, maxLength: 4 }).map((list) => list.join(",")),
      );
    };
    assert(
      property(tuple(field(0), field(1), field(2), field(3), field(4), field(5)), (fields) => {
        const plain = toPlainCron(fields.join(" ")).split(" ");
        expect(plain).toHaveLength(6);
        for (const [i, part] of plain.entries()) {
          if (part === "*") continue;
          for (const value of part.split(",").map(Number)) expect(value).toBeLessThanOrEqual(bounds[i] ?? 0);
        }
      }),
    );
  });
});

describe("a TimeSpan", () => {
  test.each([
    ["00:05:00", "2026-01-01T00:05:00.000Z"],
    ["01:00:30", "2026-01-01T01:00:30.000Z"],
    ["1.00:00:00", "2026-01-02T00:00:00.000Z"],
    // .NET takes a first number of 24 or more for days.
    ["24:00:00", "2026-01-25T00:00:00.000Z"],
  ])("%s is a constant interval", (text, due) => expect(next(text, "2026-01-01T00:00:00Z")).toBe(due));

  test("of no length is refused", () => {
    expect(() => parseSchedule("00:00:00")).toThrow(expect.objectContaining({ code: "bad_schedule" }));
  });
});
