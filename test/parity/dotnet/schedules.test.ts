import { describe, expect, test } from "@jest/globals";
import { parseSchedule, type Schedule } from "../../../src/local-host/timers/schedule.ts";
import { differing, rowsOf } from "./rows.ts";

interface Row {
  readonly schedule: string;
  readonly zone: string;
  readonly from: string;
  readonly accepted: boolean;
  readonly monitored?: boolean;
  readonly next?: readonly string[];
}

const ROWS = rowsOf<Row>("ncrontab");
const keyOf = ({ schedule, zone, from }: Row) => `${schedule} | ${zone} | ${from}`;

function read({ schedule, zone }: Row): Schedule | undefined {
  try {
    return parseSchedule(schedule, zone);
  } catch {
    return undefined;
  }
}

function chain(schedule: Schedule | undefined, from: string): string[] {
  const found: string[] = [];
  for (let at: number | undefined = Date.parse(from); found.length < 5; ) {
    at = schedule?.next(at);
    if (at === undefined) break;
    found.push(new Date(at).toISOString().replace(".000Z", "Z"));
  }
  return found;
}

describe("of the recorded schedules", () => {
  test("the same are accepted, but for intervals that Azure would run without a pause", () => {
    const found = differing(
      ROWS,
      ({ schedule }) => schedule,
      ({ accepted }) => accepted,
      (row) => read(row) !== undefined,
    );
    expect(found).toEqual(["-00:05:00", "0"]);
  });

  test("each is due when it is there, but where the extension itself slips an hour", () => {
    const accepted = ROWS.filter((row) => row.accepted);
    const found = differing(
      accepted,
      keyOf,
      ({ next = [] }) => next,
      (row) => chain(read(row), row.from),
    );
    // Wall time 01:30 of 26 October comes an hour early there, once, since the hour before it came twice.
    expect(found).toEqual(["0 30 1,2 * * * | Europe/Berlin | 2026-10-24T22:00:00Z"]);
  });

  test("the same are without a status, but for two seconds of every minute", () => {
    const served = ROWS.filter((row) => row.accepted && read(row) !== undefined);
    const found = differing(
      served,
      ({ schedule }) => schedule,
      ({ monitored }) => monitored,
      (row) => read(row)?.isMonitored,
    );
    // Recorded with a status, by a rule that counts what is due in one minute; TimerSchedule.cs of 5.1.0 counts two there.
    expect(found).toEqual(["0,30 * * * * *"]);
  });
});
