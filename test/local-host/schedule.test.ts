import { describe, expect, test } from "@jest/globals";
import { array, assert, constant, integer, oneof, property, tuple } from "fast-check";
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

  test("a time zone that this machine does not know is refused, and so is a bare offset", () => {
    for (const zone of ["Nowhere/Town", "+01:00"])
      expect(() => parseSchedule("0 0 3 * * *", zone)).toThrow("is no time zone");
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
    "0 0 0 * * Mondays",
    "0 0 0 * * 5#1",
    "0 *-5 * * * *",
    "@daily",
  ])("%j is refused, as Azure would", (text) =>
    expect(() => parseSchedule(text)).toThrow(expect.objectContaining({ code: "bad_schedule" })),
  );

  test("what is due fits every field, and no second before it does", () => {
    const bounds = [59, 59, 23, 31, 12, 6];
    /** A field's text with the values it stands for. */
    const field = (i: number) => {
      const low = i === 3 || i === 4 ? 1 : 0;
      const high = bounds[i] ?? 0;
      const number = integer({ min: low, max: high });
      const stepped = (from: number, to: number, step: number) =>
        Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, n) => from + n * step);
      return oneof(
        constant({ text: "*", values: stepped(low, high, 1) }),
        integer({ min: 1, max: 70 }).map((step) => ({ text: `*/${step}`, values: stepped(low, high, step) })),
        tuple(number, number, integer({ min: 1, max: 9 })).map(([a, b, step]) => ({
          text: `${a}-${b}/${step}`,
          values: stepped(Math.min(a, b), Math.max(a, b), step),
        })),
        array(number, { minLength: 1, maxLength: 4 }).map((values) => ({ text: values.join(","), values })),
      );
    };
    const fields = tuple(field(0), field(1), field(2), field(3), field(4), field(5));
    const start = Date.UTC(2026, 0, 1);
    assert(
      property(fields, integer({ min: 0, max: 400 * 86_400 }), (given, seconds) => {
        const fits = (ms: number) => {
          const at = new Date(ms);
          const parts = [at.getUTCSeconds(), at.getUTCMinutes(), at.getUTCHours(), at.getUTCDate()];
          const all = [...parts, at.getUTCMonth() + 1, at.getUTCDay()];
          return given.every(({ values }, i) => values.includes(all[i] ?? -1));
        };
        const after = start + seconds * 1000;
        const due = parseSchedule(given.map(({ text }) => text).join(" ")).next(after);
        expect(due === undefined || fits(due)).toBe(true);
        const end = Math.min(due ?? Number.POSITIVE_INFINITY, after + 2 * 3_600_000);
        const missed: number[] = [];
        for (let ms = after + 1000; ms < end; ms += 1000) if (fits(ms)) missed.push(ms);
        expect(missed).toEqual([]);
      }),
    );
  });

  test.each([
    // The day of 25 hours, and the one of 23.
    ["0 0 * * * *", "2026-10-24T22:00:00Z", 25],
    ["0 0 * * * *", "2026-03-28T23:00:00Z", 23],
    // A point in the hour that comes twice is due once, and one that is left out comes an hour later.
    ["0 30 2 * * *", "2026-10-24T22:00:00Z", 1],
    ["0 30 2 * * *", "2026-03-28T23:00:00Z", 1],
  ])("%s in Berlin from %s is due %i times that day", (text, midnight, times) => {
    const schedule = parseSchedule(text, "Europe/Berlin");
    const from = Date.parse(midnight);
    const hours = midnight.includes("-10-") ? 25 : 23;
    const due: number[] = [];
    for (let at: number | undefined = from - 1; at !== undefined; ) {
      at = schedule.next(at);
      if (at !== undefined && at < from + hours * 3_600_000) due.push(at);
      else break;
    }
    expect(due).toHaveLength(times);
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
