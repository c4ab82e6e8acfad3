import { invalid, messageOf } from "../../kernel/errors.ts";
import { type Ncrontab, parseNcrontab } from "../../kernel/ncrontab.ts";
import { parseTimeSpan } from "../time-span.ts";
import { type TimeZone, timeZone } from "./time-zone.ts";

/** When a timer is due. Times are milliseconds since the epoch. */
export interface Schedule {
  /** The first occurrence after `after`; undefined when there is none any more (31 February). */
  next(after: number): number | undefined;
  /** True for intervals, which know nothing of the wall clock. */
  readonly isInterval: boolean;
  /**
   * False for what is due several times in every minute: the timer extension keeps no status of such a timer, and never
   * finds it past due.
   */
  readonly isMonitored: boolean;
}

/** The shortest interval of which a status is kept. */
const MONITORED_FROM_MS = 60_000;
/** .NET's DateTime.MaxValue. */
const END_OF_TIME = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * Reads a timer's schedule: NCRONTAB, or a TimeSpan (`00:05:00`) for a constant interval.
 * @param zoneName IANA or Windows name, the app setting WEBSITE_TIME_ZONE
 * @throws invalid `bad_schedule`
 */
export function parseSchedule(text: string, zoneName = "UTC"): Schedule {
  const interval = parseTimeSpan(text);
  if (interval !== undefined) return constantSchedule(interval, text);
  const cron = readCron(text);
  const zone = timeZone(zoneName);
  if (zone === undefined)
    throw invalid("bad_schedule", `WEBSITE_TIME_ZONE "${zoneName}" is no time zone.`, {
      field: "schedule",
      remedy: "Give an IANA name, for example Europe/Berlin, or on Windows plans that of Windows.",
    });
  return {
    isInterval: false,
    isMonitored: !cron.isWithinMinute,
    next: (after) => nextOccurrence(cron, zone, after),
  };
}

function readCron(text: string): Ncrontab {
  try {
    return parseNcrontab(text);
  } catch (thrown) {
    throw invalid(
      "bad_schedule",
      `The schedule ${JSON.stringify(text)} is not NCRONTAB: ${messageOf(thrown)}.`,
      {
        field: "schedule",
        remedy: "Give {second} {minute} {hour} {day} {month} {day-of-week}, for example 0 0 3 * * *.",
      },
    );
  }
}

function constantSchedule(interval: number, text: string): Schedule {
  if (interval <= 0)
    throw invalid("bad_schedule", `The interval "${text}" is not above zero.`, {
      field: "schedule",
      remedy: "Give a time such as 00:05:00. Azure takes this one, and runs the function without a pause.",
    });
  return {
    isInterval: true,
    isMonitored: interval >= MONITORED_FROM_MS,
    next: (after) => (after + interval < END_OF_TIME ? after + interval : undefined),
  };
}

/**
 * Daylight saving as the timer extension has it since 5.1.0 (CronSchedule.cs). A wall time that the clock leaves out
 * falls due by the offset from before: 02:30 at 03:30. In an hour that comes twice, a schedule that runs at intervals
 * runs both times, any other only the first time.
 *
 * The extension itself slips twice just there, which is not copied: an interval schedule that has nothing to do in the
 * second hour comes an hour early once, and one that is due at a point of the double hour is put off to the next year
 * when that is computed in winter.
 */
function nextOccurrence(cron: Ncrontab, zone: TimeZone, after: number): number | undefined {
  const wall = zone.wallAt(after);
  const [first, second] = zone.instantsOf(wall);
  if (cron.isInterval && second !== undefined && after === first) {
    const back = firstAtOrAfter(second - first, (ms) => zone.wallAt(after + ms) < wall + ms);
    const next = cron.after(wall);
    if (next !== undefined && next - wall < back) return after + next - wall;
    const again = cron.after(zone.wallAt(after + back) - 1);
    return again === undefined ? undefined : instantOf(zone, again, after + back - 1);
  }
  for (let due = cron.after(wall); due !== undefined; due = cron.after(due)) {
    const at = instantOf(zone, due, cron.isInterval ? after : undefined);
    if (at > after) return at;
  }
  return undefined;
}

/** The first instant of a wall time, or the first later than `after`. */
function instantOf(zone: TimeZone, wall: number, after = Number.NEGATIVE_INFINITY): number {
  const instants = zone.instantsOf(wall);
  return instants.find((instant) => instant > after) ?? instants[0] ?? zone.instantOfSkipped(wall);
}

/** The smallest whole number from 1 to `high` that `holds`, where all from it on do. */
function firstAtOrAfter(high: number, holds: (n: number) => boolean): number {
  let low = 0;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
