/**
 * NCRONTAB, the schedule text of Azure's timers, read as the NCrontab library reads it (its answers are recorded in
 * `test/parity/dotnet/ncrontab.json`): six fields (second first) or five, parted by spaces alone, of `*`, numbers,
 * names, ranges, `/` steps and lists. Day of month AND day of week must both match.
 */
interface Field {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly names?: readonly string[];
}

const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];
const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

const SECOND = { name: "second", low: 0, high: 59 };
const MINUTE = { name: "minute", low: 0, high: 59 };
const HOUR = { name: "hour", low: 0, high: 23 };
const DAY = { name: "day of month", low: 1, high: 31 };
const MONTH = { name: "month", low: 1, high: 12, names: MONTHS };
const WEEKDAY = { name: "day of week", low: 0, high: 6, names: DAYS };

/** .NET's Int32.MaxValue: NCrontab reads every number as one. */
const LARGEST = 2_147_483_647;
/** The calendar, weekdays and all, repeats itself after this many years: what does not come within them never does. */
const CALENDAR_YEARS = 400;
const SECOND_MS = 1000;
const DAY_MS = 86_400_000;

/** The occurrences of an NCRONTAB text in wall clock, which knows nothing of time zones. */
export interface Ncrontab {
  /**
   * The first wall time later than `wall`, both in ms as if the wall clock were UTC; undefined when there is none any
   * more (31 February).
   */
  after(wall: number): number | undefined;
  /** True when some two neighbouring seconds, minutes or hours are due: it runs at intervals rather than at points. */
  readonly isInterval: boolean;
  /** True when it is due several times in every minute. */
  readonly isWithinMinute: boolean;
}

/** @throws Error that names the field which Azure would refuse */
export function parseNcrontab(text: string): Ncrontab {
  const given = text.split(" ").filter((part) => part !== "");
  const parts = given.length === 5 ? ["0", ...given] : given;
  if (parts.length !== 6)
    throw new Error(`it has ${given.length} field${given.length === 1 ? "" : "s"}, not 5 or 6`);
  const read = (field: Field, i: number) => valuesOf(field, parts[i] ?? "");
  const seconds = read(SECOND, 0);
  const minutes = read(MINUTE, 1);
  const hours = read(HOUR, 2);
  const days = read(DAY, 3);
  const months = read(MONTH, 4);
  const weekdays = read(WEEKDAY, 5);
  const full = (values: readonly number[], { low, high }: Field) => values.length === high - low + 1;

  function dayFits(day: Date): boolean {
    return days.includes(day.getUTCDate()) && weekdays.includes(day.getUTCDay());
  }

  /** The first day from `from` (midnight) that fits. */
  function firstDay(from: number): number | undefined {
    const day = new Date(from);
    const last = day.getUTCFullYear() + CALENDAR_YEARS;
    while (day.getUTCFullYear() <= last) {
      if (!months.includes(day.getUTCMonth() + 1)) day.setUTCMonth(day.getUTCMonth() + 1, 1);
      else if (!dayFits(day)) day.setUTCDate(day.getUTCDate() + 1);
      else return day.getTime();
    }
    return undefined;
  }

  /** The first time of a day, in seconds, that is `from` or later. */
  function firstTime(from: number): number | undefined {
    for (const hour of hours)
      for (const minute of hour * 3600 + 3599 < from ? [] : minutes)
        for (const second of seconds) {
          const time = hour * 3600 + minute * 60 + second;
          if (time >= from) return time;
        }
    return undefined;
  }

  return {
    after(wall) {
      const from = (Math.floor(wall / SECOND_MS) + 1) * SECOND_MS;
      const today = Math.floor(from / DAY_MS) * DAY_MS;
      let day = firstDay(today);
      let time = firstTime(day === today ? (from - today) / SECOND_MS : 0);
      if (day !== undefined && time === undefined) {
        day = firstDay(day + DAY_MS);
        time = firstTime(0);
      }
      return day === undefined || time === undefined ? undefined : day + time * SECOND_MS;
    },
    isInterval: [seconds, minutes, hours].some(hasNeighbours),
    isWithinMinute:
      seconds.length > 1 &&
      full(minutes, MINUTE) &&
      full(hours, HOUR) &&
      full(days, DAY) &&
      full(months, MONTH) &&
      full(weekdays, WEEKDAY),
  };
}

const hasNeighbours = (values: readonly number[]) => values.some((value, i) => values[i + 1] === value + 1);

/** The field's values, in order. */
function valuesOf(field: Field, part: string): readonly number[] {
  const values = new Set<number>();
  for (const item of part.split(",")) {
    const shape = /^(\*|[^*/-]+)(?:-([^*/-]+))?(?:\/([+-]?\d+))?$/.exec(item);
    if (shape === null || (shape[1] === "*" && shape[2] !== undefined))
      throw new Error(`${field.name} cannot be "${item}"`);
    const [, first = "*", last, every] = shape;
    const from = first === "*" ? field.low : toNumber(field, first);
    // `5/15` runs on to the end of the field, as `5-59/15` does.
    const open = first === "*" || (last === undefined && every !== undefined);
    const to = open ? field.high : last === undefined ? from : toNumber(field, last);
    // A step of 0 or less counts as 1, and a range that is written backwards is turned round: 22-2 is 2 to 22.
    const step = Math.max(1, Number(every ?? 1));
    if (step > LARGEST) throw new Error(`a step of ${field.name} cannot be ${every}`);
    for (let value = Math.min(from, to); value <= Math.max(from, to); value += step) values.add(value);
  }
  return [...values].toSorted((a, b) => a - b);
}

/** A number of the field, or the beginning of a name in any case, the first that fits: `Ju` is June, `T` Tuesday. */
function toNumber(field: Field, token: string): number {
  if (/^\d+$/.test(token)) {
    const value = Number(token);
    if (value < field.low || value > field.high)
      throw new Error(`${field.name} must be from ${field.low} to ${field.high}, not ${token}`);
    return value;
  }
  const at = (field.names ?? []).findIndex((name) => name.startsWith(token.toLowerCase()));
  if (at < 0) throw new Error(`${field.name} cannot be "${token}"`);
  return at + field.low;
}
