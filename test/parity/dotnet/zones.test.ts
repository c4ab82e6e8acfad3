import { describe, expect, test } from "@jest/globals";
import { parseSchedule } from "../../../src/local-host/timers/schedule.ts";
import { differing, rowsOf } from "./rows.ts";

interface Row {
  readonly windows: string;
  readonly iana: string | null;
}

const ROWS = rowsOf<Row>("windows-zones");

/** Two mornings of each month of a year, which tell zones apart. */
function mornings(zone: string | null): (number | undefined)[] | undefined {
  try {
    const schedule = parseSchedule("0 0 3 1,15 * *", zone ?? "none");
    const days: (number | undefined)[] = [];
    for (let at: number | undefined = Date.UTC(2026, 0, 1); days.length < 24; days.push(at))
      at = schedule.next(at ?? 0);
    return days;
  } catch {
    return undefined;
  }
}

describe("Windows' names of time zones", () => {
  test("stand for the zones that .NET converts them to; those without one are refused", () => {
    expect(
      differing(
        ROWS,
        ({ windows }) => windows,
        ({ iana }) => mornings(iana),
        ({ windows }) => mornings(windows),
      ),
    ).toEqual([]);
    expect(
      ROWS.filter(({ windows }) => mornings(windows) === undefined).map(({ windows }) => windows),
    ).toEqual(["Kamchatka Standard Time", "Mid-Atlantic Standard Time"]);
  });
});
