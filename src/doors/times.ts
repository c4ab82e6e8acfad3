import { z } from "zod";
import { invalid } from "../kernel/errors.ts";
import { keptExact } from "./kept.ts";

/** RFC 3339, section 5.6; its note lets a space stand for the T. */
const TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|[+-](\d\d):(\d\d))$/;
const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;
/** The years that a time may fall into, once it is UTC: before is a clock that was never set, after a slip of a digit. */
const YEARS = { first: 1970, last: 2199 } as const;

/** The instant of a day alone that a field means. */
type Edge = "first" | "last";
const HOUR: Record<Edge, string> = { first: "T00:00:00.000Z", last: "T23:59:59.999Z" };
const LIKE = "write it like 2026-06-01T10:00:00Z, or a day alone like 2026-06-01";

const number = (digits: string | undefined): number => Number(digits ?? "0");
/** Days of a month of the Gregorian calendar. */
const daysOf = (year: number, month: number): number =>
  new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();

/** Why a text is no time, or undefined. */
function faultOf(text: string): string | undefined {
  const found = TIME.exec(text) ?? DAY.exec(text);
  if (found === null)
    return /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text)
      ? `must be an RFC 3339 time with its zone, as Z or +02:00; ${LIKE}`
      : `must be an RFC 3339 time with seconds and zone; ${LIKE}`;
  const [year, month, day, hour, minute, second, zoneHour, zoneMinute] = found.slice(1).map(number);
  if (
    month === undefined ||
    month < 1 ||
    month > 12 ||
    day === undefined ||
    day < 1 ||
    day > daysOf(year ?? 0, month)
  )
    return `names a day that no calendar has; ${LIKE}`;
  if (second === 60 && minute === 59) return "has a leap second, which no stored time has; give second 59";
  if (
    [hour, zoneHour].some((value = 0) => value > 23) ||
    [minute, second, zoneMinute].some((value = 0) => value > 59)
  )
    return `names an hour, minute, second or zone that no clock has; ${LIKE}`;
  return undefined;
}

/** The instant of a text that `faultOf` finds nothing wrong with. */
const instantOf = (text: string, edge: Edge): Date =>
  new Date(DAY.test(text) ? `${text}${HOUR[edge]}` : `${text.slice(0, 10)}T${text.slice(11)}`.toUpperCase());

const yearFault = (text: string, edge: Edge): string | undefined => {
  const year = instantOf(text, edge).getUTCFullYear();
  return year >= YEARS.first && year <= YEARS.last
    ? undefined
    : `must lie in the years ${YEARS.first} to ${YEARS.last} as UTC; leave it out for no limit`;
};

/**
 * The one reading of a time on every door: RFC 3339 with its zone, or a day alone, which is a whole day of UTC: its
 * first instant in a start, its last in an end. Stored as UTC with milliseconds, so that string order is time order;
 * finer fractions of a second are cut off.
 */
const timeOf = (edge: Edge) =>
  keptExact("it is a time", z.string())
    .max(40)
    .superRefine((text, context) => {
      const message = faultOf(text) ?? yearFault(text, edge);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    })
    .meta({ format: "date-time" })
    .transform((text) => instantOf(text, edge).toISOString());

/** A time, or the start of a period: a day alone is its first instant. */
export const timeSchema = timeOf("first");
/** The end of a period, itself within it: a day alone is its last instant. */
const endTimeSchema = timeOf("last");

/** The period that a list or a build is cut to, the same on all of them. */
export const periodShape = {
  start_date: timeSchema
    .optional()
    .meta({ description: "From this time on, RFC 3339 with zone; a day alone is its first instant, UTC." }),
  end_date: endTimeSchema
    .optional()
    .meta({ description: "Until this time, RFC 3339 with zone; a day alone is its last instant, UTC." }),
};

/** The object under optional, default and the like. */
function objectOf(schema: unknown): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  const inner = (schema as z.ZodType & { def?: { innerType?: unknown } }).def?.innerType;
  return inner === undefined ? undefined : objectOf(inner);
}

const periods = new WeakMap<z.ZodObject, readonly (readonly string[])[]>();

/** The paths of the objects in a schema that have a start and an end; never inside a caller's own values. */
function periodsIn(schema: z.ZodObject): readonly (readonly string[])[] {
  const known = periods.get(schema);
  if (known !== undefined) return known;
  const own = "start_date" in schema.shape && "end_date" in schema.shape ? [[]] : [];
  const below = Object.entries(schema.shape).flatMap(([name, member]) => {
    const object = objectOf(member);
    return object === undefined ? [] : periodsIn(object).map((path) => [name, ...path]);
  });
  periods.set(schema, [...own, ...below]);
  return [...own, ...below];
}

/**
 * Wherever an input of this schema names a period, its start is not after its end.
 * @throws invalid `dates_reversed`
 */
export function refuseReversed(schema: z.ZodObject, input: object): void {
  for (const path of periodsIn(schema)) {
    const found = path.reduce<unknown>(
      (at, name) => (at as Record<string, unknown> | undefined)?.[name],
      input,
    );
    const { start_date: start, end_date: end } = (found ?? {}) as Record<string, unknown>;
    if (typeof start !== "string" || typeof end !== "string" || start <= end) continue;
    const before = path.map((name) => `${name}.`).join("");
    throw invalid("dates_reversed", `${before}start_date lies after ${before}end_date.`, {
      field: `${before}start_date`,
      remedy: "Exchange the two; a day alone is a whole day of UTC.",
    });
  }
}
