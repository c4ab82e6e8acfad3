import { randomFillSync } from "node:crypto";
import { canonicalJson, sha256 } from "./hashing.ts";

/** What every record's id starts with. */
export type IdPrefix =
  | "ep"
  | "rew"
  | "wait"
  | "dataset"
  | "run"
  | "eval"
  | "dep"
  | "pipeline"
  | "rescan"
  | "evt"
  | "dl"
  | "aud";

/** Crockford's base 32 without letters that look alike; its order is the order of the values. */
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

function base32(value: number, width: number): string {
  let text = "";
  let rest = value;
  for (let i = 0; i < width; i++) {
    text = DIGITS[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** Random bytes are drawn by the page: a call for twelve costs as much as one for thousands. */
const drawn = Buffer.alloc(4096);
let used = drawn.length;

function randomDigits(count: number): string {
  if (used + count > drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  let text = "";
  for (const end = used + count; used < end; used++) text += DIGITS[(drawn[used] ?? 0) % 32];
  return text;
}

/** `ep-` + 9 digits of milliseconds + 12 random digits (60 bits): ids made later sort later. */
export function timeOrderedId(prefix: IdPrefix, nowMs: number): string {
  return `${prefix}-${base32(nowMs, 9)}${randomDigits(12)}`;
}

/** A time-ordered id whose last digits come of `parts` and not of chance: the same time and parts give the same id. */
export function seededId(prefix: IdPrefix, ms: number, parts: unknown): string {
  const bytes = Buffer.from(sha256(canonicalJson(parts)), "hex").subarray(0, 12);
  return `${prefix}-${base32(ms, 9)}${[...bytes].map((byte) => DIGITS[byte % 32]).join("")}`;
}

/** `run-` + 24 hex digits of the hash of `parts`: equal parts give equal ids, in every process. */
export function hashedId(prefix: IdPrefix, parts: unknown): string {
  return `${prefix}-${sha256(canonicalJson(parts)).slice(0, 24)}`;
}

/**
 * Ids that come from outside: letters, digits, `.`, `_`, `-`, at most 100 characters, so that the same text is legal
 * as a Cosmos id (no `/ \ ? #`), as a Durable instance id (no leading `@`, at most 100) and as a part of a file name.
 */
export const ID_PATTERN = /^[A-Za-z0-9](?!.*\.\.)[A-Za-z0-9._-]{0,99}$/;

export function isId(text: string): boolean {
  return ID_PATTERN.test(text);
}
