import { invalid } from "../../kernel/errors.ts";

/**
 * NCRONTAB, the schedule text of Azure's timers: six fields (second first) or five, of `*`, numbers, names, ranges,
 * `/` steps and lists; day of month AND day of week must both match. Everything that a wider cron dialect takes
 * besides (`L`, `#`, `?`, 7 for Sunday) is refused here, because Azure would refuse it.
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

const FIELDS: readonly Field[] = [
  { name: "second", low: 0, high: 59 },
  { name: "minute", low: 0, high: 59 },
  { name: "hour", low: 0, high: 23 },
  { name: "day of month", low: 1, high: 31 },
  { name: "month", low: 1, high: 12, names: MONTHS },
  { name: "day of week", low: 0, high: 6, names: DAYS },
];

/**
 * The schedule as plain six-field cron: every field `*` or a list of numbers, which all dialects read alike.
 * @throws invalid `bad_schedule`
 */
export function toPlainCron(text: string): string {
  const given = text.trim().split(/\s+/);
  const parts = given.length === 5 ? ["0", ...given] : given;
  if (parts.length !== FIELDS.length) throw bad(text, `it has ${given.length} fields, not 5 or 6`);
  return FIELDS.map((field, i) => expand(field, parts[i] ?? "", text)).join(" ");
}

function expand(field: Field, part: string, text: string): string {
  if (part === "*") return "*";
  const values = new Set<number>();
  for (const item of part.split(",")) {
    const shape = /^(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:\/(\d+))?$/i.exec(item);
    if (shape === null || (shape[1] === "*" && shape[2] !== undefined))
      throw bad(text, `${field.name} cannot be "${item}"`);
    const [, first = "*", last, every] = shape;
    const step = every === undefined ? 1 : Number(every);
    if (step === 0) throw bad(text, `a step of ${field.name} cannot be 0`);
    const low = first === "*" ? field.low : toNumber(field, first, text);
    // `5/15` runs on to the end of the field, as `5-59/15` does.
    const open = first === "*" || (last === undefined && every !== undefined);
    const high = open ? field.high : last === undefined ? low : toNumber(field, last, text);
    if (high < low) throw bad(text, `${field.name} "${item}" runs backwards`);
    for (let value = low; value <= high; value += step) values.add(value);
  }
  return [...values].toSorted((a, b) => a - b).join(",");
}

/** A number of the field, or any prefix of three or more letters of a name: `Mon`, `Monday`. */
function toNumber(field: Field, token: string, text: string): number {
  if (/^\d+$/.test(token)) {
    const value = Number(token);
    if (value < field.low || value > field.high)
      throw bad(text, `${field.name} must be from ${field.low} to ${field.high}, not ${token}`);
    return value;
  }
  const at = (field.names ?? []).findIndex(
    (name) => token.length >= 3 && name.startsWith(token.toLowerCase()),
  );
  if (at < 0) throw bad(text, `${field.name} cannot be "${token}"`);
  return at + field.low;
}

function bad(text: string, reason: string) {
  return invalid("bad_schedule", `The schedule "${text}" is not NCRONTAB: ${reason}.`, {
    field: "schedule",
    remedy: "Give {second} {minute} {hour} {day} {month} {day-of-week}, for example 0 0 3 * * *.",
  });
}
