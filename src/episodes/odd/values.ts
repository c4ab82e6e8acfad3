import { hash } from "node:crypto";
import { parseExact } from "../../kernel/exact-json.ts";

/** Any JSON read as what it should be; nothing here throws. */
export type Json = Readonly<Record<string, unknown>>;

export const record = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
/** A list, or the one object that stands in the place of a list. */
export const listed = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : typeof value === "object" && value !== null ? [value] : [];
/** A text that is not empty. */
export const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
export const textOrJson = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
export const count = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
/** A measure: a number that is not below zero. */
export const amount = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;

export const isGiven = <T>(value: T): value is NonNullable<T> => value !== undefined && value !== null;
/** The members that are there and not null. */
export const present = (of: Json): Record<string, unknown> =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => isGiven(value)));
/** The members that are there and have other names. */
export const besides = (of: Json, names: ReadonlySet<string>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(of).filter(([name, value]) => !names.has(name) && isGiven(value)));
export const isEmpty = (of: object): boolean => Object.keys(of).length === 0;
/** An empty text, list or object. */
export const saysNothing = (value: unknown): boolean =>
  value === "" || (typeof value === "object" && value !== null && isEmpty(value));

/**
 * What a JSON text holds; undefined: it is none, or holds what doors refuse, a number that would be rounded or the key
 * `__proto__`.
 */
export function parsedText(written: string): unknown {
  if (written.includes('"__proto__"')) return undefined;
  try {
    return parseExact(written);
  } catch {
    return undefined;
  }
}

/** What the schema takes of names and ids at most. */
export const LONGEST_NAME = 200;
const DIGEST = 16;

/** A name or id as it is, or where it is too long its beginning and a hash of the whole: two that differ stay two. */
export const shortened = (name: string, most = LONGEST_NAME): string =>
  name.length <= most ? name : `${name.slice(0, most - DIGEST - 1)}~${hash("sha256", name).slice(0, DIGEST)}`;
