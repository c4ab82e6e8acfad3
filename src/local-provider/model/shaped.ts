import { fillProperty } from "./arguments.ts";
import { findSpans } from "./spans.ts";
import type { JsonSchema } from "./wire.ts";

/** One value of each format that is checked by whoever reads the answer. */
const OF_FORMAT: Readonly<Record<string, readonly [form: RegExp, value: string]>> = {
  "date-time": [/^\d{4}-\d\d-\d\dT\d\d:\d\d/, "1970-01-01T00:00:00Z"],
  date: [/^\d{4}-\d\d-\d\d$/, "1970-01-01"],
  time: [/^\d\d:\d\d:\d\d/, "00:00:00Z"],
  duration: [/^P/, "PT0S"],
  email: [/^[^@\s]+@[^@\s]+$/, "nobody@example.com"],
  hostname: [/^[a-zA-Z0-9.-]+$/, "example.com"],
  ipv4: [/^\d+\.\d+\.\d+\.\d+$/, "127.0.0.1"],
  ipv6: [/^[\da-f:]+$/i, "::1"],
  uuid: [/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i, "00000000-0000-0000-0000-000000000000"],
  uri: [/^[a-z][a-z0-9+.-]*:/i, "https://example.com"],
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const typeOfValue = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? "array"
      : Number.isInteger(value)
        ? "integer"
        : typeof value;

/**
 * A value as a schema without references has it: kept where it fits, bent to the bounds where it does not, made from the
 * words where it is missing. Patterns are not invented: the caller validates.
 */
export function shaped(schema: JsonSchema, value: unknown, words: string, room = newRoom()): unknown {
  if (--room.left < 0) return null;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined)
    return schema.enum.find((one) => JSON.stringify(one) === JSON.stringify(value)) ?? schema.enum[0];
  const branches = (schema.anyOf ?? schema.oneOf)?.filter((one) => one.not === undefined);
  if (branches !== undefined && branches.length > 0)
    return shaped(branchFor(branches, value), value, words, room);
  if (schema.allOf !== undefined) return shaped(together(schema, schema.allOf), value, words, room);
  switch (typeFor(schema, value)) {
    case "object":
      return shapedObject(schema, isRecord(value) ? value : {}, words, room);
    case "array":
      return shapedArray(
        schema,
        Array.isArray(value) ? value : value === undefined ? [] : [value],
        words,
        room,
      );
    case "string":
      return shapedText(
        schema,
        typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value),
      );
    case "number":
      return shapedNumber(schema, Number(value), 0);
    case "integer":
      return shapedNumber(schema, Math.trunc(Number(value)), 1);
    case "boolean":
      return value === true;
    default:
      return null;
  }
}

/** What a text is filled up to at most, in characters. */
const LONGEST = 100_000;

/** Values that may still be made for one answer: lists within lists demand more than any answer holds. */
interface Room {
  left: number;
}
const newRoom = (): Room => ({ left: 20_000 });

/** Schemas that hold at once, as one. */
function together({ allOf: _all, ...own }: JsonSchema, all: readonly JsonSchema[]): JsonSchema {
  const parts = [own, ...all];
  return {
    ...(Object.assign({}, ...parts) as JsonSchema),
    properties: Object.assign({}, ...parts.map((one) => one.properties)) as Readonly<
      Record<string, JsonSchema>
    >,
    required: parts.flatMap((one) => one.required ?? []),
  };
}

/** The first alternative of the value's type, else the first that allows anything. */
function branchFor(branches: readonly JsonSchema[], value: unknown): JsonSchema {
  const fits = branches.filter((one) => one.type === undefined || typeFor(one, value) === typeOfValue(value));
  const [first] = branches as [JsonSchema];
  return (
    fits.find((one) => isRecord(value) && (one.required ?? []).every((name) => Object.hasOwn(value, name))) ??
    fits[0] ??
    first
  );
}

function typeFor(schema: JsonSchema, value: unknown): string {
  const types = schema.type === undefined ? [] : [schema.type].flat();
  const has = typeOfValue(value);
  if (types.includes(has)) return has;
  if (has === "integer" && types.includes("number")) return "number";
  const [first] = types.filter((one) => one !== "null");
  if (first !== undefined) return first;
  if (types.length > 0) return "null";
  if (schema.properties !== undefined) return "object";
  return schema.items === undefined ? (value === undefined ? "null" : has) : "array";
}

function shapedObject(
  schema: JsonSchema,
  value: Record<string, unknown>,
  words: string,
  room: Room,
): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const { properties = {}, required = [] } = schema;
  for (const [name, property] of Object.entries(properties)) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (!required.includes(name) && given === undefined) continue;
    const pool = () => ({ spans: findSpans(words), used: new Set<never>() });
    out[name] = shaped(property, given ?? fillProperty(name, property, true, words, pool()), words, room);
  }
  for (const name of required)
    if (!Object.hasOwn(out, name)) out[name] = (Object.hasOwn(value, name) ? value[name] : undefined) ?? null;
  return out;
}

function shapedArray(schema: JsonSchema, value: readonly unknown[], words: string, room: Room): unknown[] {
  const item = schema.items ?? {};
  if (item.not !== undefined) return [];
  const members = value.map((one) => shaped(item, one, words, room));
  while (members.length < (schema.minItems ?? 0) && room.left > 0)
    members.push(shaped(item, undefined, words, room));
  return members.slice(0, schema.maxItems);
}

function shapedText(schema: JsonSchema, value: string): string {
  const [form, example] = OF_FORMAT[schema.format ?? ""] ?? [];
  const text = form === undefined || form.test(value) ? value : (example ?? value);
  return Array.from(text.padEnd(Math.min(schema.minLength ?? 0, LONGEST)))
    .slice(0, schema.maxLength)
    .join("");
}

/** `step`: what an exclusive bound is kept away from by; 0 for any distance. */
function shapedNumber(schema: JsonSchema, given: number, step: number): number {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  let value = Number.isFinite(given) ? given : 0;
  const away = step || 1e-6;
  const least = Math.max(
    minimum ?? -Infinity,
    exclusiveMinimum === undefined ? -Infinity : exclusiveMinimum + away,
  );
  const most = Math.min(
    maximum ?? Infinity,
    exclusiveMaximum === undefined ? Infinity : exclusiveMaximum - away,
  );
  value = Math.min(most, Math.max(least, value));
  if (step === 1)
    value =
      value < least
        ? Math.ceil(least)
        : Number.isFinite(least) && value === least
          ? Math.ceil(value)
          : Math.floor(value);
  if (multipleOf !== undefined) {
    value = Math.ceil(value / multipleOf) * multipleOf;
    if (value > most) value = Math.floor(most / multipleOf) * multipleOf;
  }
  return value;
}
