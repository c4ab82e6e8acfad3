import { toIso } from "../../kernel/clock.ts";
import type { Schedule } from "./schedule.ts";

/** What is kept between runs, and shown to the function as `scheduleStatus`; times as .NET writes them. */
export interface Status {
  /** The start of the last run. */
  readonly Last: string;
  readonly Next: string;
  readonly LastUpdated: string;
}

/** .NET's DateTime.MinValue: nothing was yet. */
export const NEVER_YET = "0001-01-01T00:00:00";
/** .NET's DateTime.MaxValue: nothing will be. It lies at the end, so that no clock is ever past it. */
const NEVER_AGAIN = "9999-12-31T23:59:59.9999999Z";

const nextOf = (schedule: Schedule, after: number): string => {
  const next = schedule.next(after);
  return next === undefined ? NEVER_AGAIN : toIso(next);
};

/** When a status says that the timer is due; undefined for never. */
export const dueAt = ({ Next }: Status): number | undefined =>
  Date.parse(Next) === Date.parse(NEVER_AGAIN) ? undefined : Date.parse(Next);

/** The status after a run that began at `at`. */
export const afterRun = (schedule: Schedule, at: number): Status => ({
  Last: toIso(at),
  Next: nextOf(schedule, at),
  LastUpdated: toIso(at),
});

/**
 * What a start makes of the status that was kept: the same while it is the schedule's, with what is due as it was
 * written; for another schedule one that counts from where the old one did, or from now when that is over as well
 * (`ScheduleMonitor.CheckPastDueAsync`).
 */
export function atStart(schedule: Schedule, kept: Status | undefined, now: number): Status {
  if (kept === undefined) return { Last: NEVER_YET, Next: nextOf(schedule, now), LastUpdated: toIso(now) };
  const since = [kept.Last, kept.LastUpdated].find((time) => !time.startsWith(NEVER_YET)) ?? toIso(now);
  const expected = nextOf(schedule, Date.parse(since));
  if (Date.parse(expected) === Date.parse(kept.Next)) return kept;
  const isOver = now > Date.parse(expected);
  return {
    Last: NEVER_YET,
    Next: isOver ? nextOf(schedule, now) : expected,
    LastUpdated: isOver ? toIso(now) : since,
  };
}

/** True when an occurrence was missed while no host ran. */
export const isPastDue = (status: Status, now: number): boolean =>
  now > (dueAt(status) ?? Number.POSITIVE_INFINITY);
