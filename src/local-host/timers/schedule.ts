import { Cron } from "croner";
import { invalid } from "../../kernel/errors.ts";
import { toPlainCron } from "./ncrontab.ts";

/** When a timer is due. Times are milliseconds since the epoch. */
export interface Schedule {
  /** The first occurrence after `after`; undefined when there is none any more (31 February). */
  next(after: number): number | undefined;
  /** True for intervals, which know nothing of the wall clock. */
  readonly isInterval: boolean;
}

/**
 * Reads a timer's schedule: NCRONTAB, or a TimeSpan (`00:05:00`) for a constant interval.
 * @param timeZone IANA name, the app setting WEBSITE_TIME_ZONE
 * @throws invalid `bad_schedule`
 */
export function parseSchedule(text: string, timeZone = "UTC"): Schedule {
  const interval = parseTimeSpan(text);
  if (interval !== undefined) return { isInterval: true, next: (after) => after + interval };
  if (!isTimeZone(timeZone))
    throw invalid("bad_schedule", `WEBSITE_TIME_ZONE "${timeZone}" is not a time zone of this machine.`, {
      field: "schedule",
      remedy: "Give an IANA name, for example Europe/Berlin.",
    });
  const cron = new Cron(toPlainCron(text), {
    paused: true,
    mode: "6-part",
    domAndDow: true,
    timezone: timeZone,
  });
  return {
    isInterval: false,
    next: (after) => cron.nextRun(new Date(after))?.getTime(),
  };
}

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** `hh:mm:ss`, or `dd:hh:mm` when the first number is 24 or more: that is how .NET reads it. */
function parseTimeSpan(text: string): number | undefined {
  const shape = /^\s*(?:(\d+)\.)?(\d{1,3}):(\d{1,2})(?::(\d{1,2}))?\s*$/.exec(text);
  if (shape === null) return undefined;
  const [days, first, second, third] = shape.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  const minutes = first >= 24 ? (first * 24 + second) * 60 + third : (days * 24 + first) * 60 + second;
  const ms = (minutes * 60 + (first >= 24 ? 0 : third)) * 1000;
  return ms > 0 ? ms : undefined;
}
