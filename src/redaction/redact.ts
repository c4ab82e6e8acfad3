import { placeDeeperThan } from "../kernel/depth.ts";
import { messageOf } from "../kernel/errors.ts";
import { redactNumberByRule } from "./custom.ts";
import { type Hits, isPlaceholder, looksRandom, looksSecret, replaced } from "./hits.ts";
import { isMode } from "./labels/expressions.ts";
import { type Meaning, PLAIN } from "./labels/names.ts";
import { isListOfNames, memberMeaning, namedBefore, rowMeanings } from "./neighbours.ts";
import { isDigest, isMadeId, redactNamedNumber } from "./numbers/named.ts";
import { insidePrivateKey, isPrivateMember, KeyInPieces } from "./pem.ts";
import type { RedactionPolicy } from "./policy.ts";
import { mayHoldSecret, REDACTION_VERSION, redactText } from "./rules.ts";

export { REDACTION_VERSION } from "./rules.ts";

/** Deeper values are not looked into but make redaction fail: what cannot be checked is withheld. */
const DEEPEST = 400;
/** JSON inside strings inside JSON …: deeper than this it is treated as text, whose rules see through backslashes. */
const DEEPEST_EMBEDDING = 6;
/** Members of a JSON Schema that describe a secret and are none: `{"password": {"type": "string"}}`. */
const SCHEMA_WORDS = new Set([
  "type",
  "format",
  "description",
  "title",
  "pattern",
  "$ref",
  "contentEncoding",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
]);
const SCHEMA_TYPES = /^(?:string|number|integer|boolean|object|array|null)$/;
/**
 * Replaces secrets and personal data in every string of a JSON value, at any depth, also in JSON held in strings.
 * Returns a copy of the same shape: keys, array lengths, numbers and booleans stay (a number under a name such as
 * `password` does not). Running it again changes nothing.
 * @throws when the value cannot be walked (deeper than 400, cyclic)
 */
export function redact<T>(
  value: T,
  policy: RedactionPolicy = STANDARD,
): { value: T; counts: Record<string, number> } {
  const hits: Hits = { counts: {}, policy, inPieces: new KeyInPieces() };
  return { value: walk(value, PLAIN, hits, 0, 0) as T, counts: hits.counts };
}

/** The rules of this version with their plain placeholders. */
export const STANDARD: RedactionPolicy = { version: REDACTION_VERSION };

function walk(value: unknown, meaning: Meaning, hits: Hits, depth: number, embedding: number): unknown {
  if (typeof value === "string") return redactString(value, meaning, hits, depth, embedding);
  if (typeof value === "number")
    return isSecretNumber(String(value), meaning)
      ? replaced(hits, "secret", String(value))
      : ((hits.policy.custom && redactNumberByRule(value, hits)) ?? value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEEPEST) throw new Error(`nested deeper than ${DEEPEST}`);
  if (Array.isArray(value)) return walkArray(value, meaning, hits, depth, embedding);
  if (isRawJson(value)) {
    const digits = JSON.stringify(value);
    return isSecretNumber(digits, meaning) ? replaced(hits, "secret", digits) : value;
  }
  return walkObject(value as Record<string, unknown>, meaning, hits, depth, embedding);
}

/** A PIN has four digits, a card's check number three; `{"pin": 13}` is a place on a board. */
function isSecretNumber(digits: string, { strength, name }: Meaning): boolean {
  if (strength !== "secret") return false;
  return digits.length >= (name === "pin" || name === "otp" ? 4 : name?.startsWith("cv") ? 3 : 1);
}

function walkArray(items: unknown[], meaning: Meaning, hits: Hits, depth: number, embedding: number) {
  const isInsideKey = insidePrivateKey(items);
  return items.map((item, i) => {
    if (isInsideKey(i) && typeof item === "string") return replaced(hits, "pem", item);
    const named = namedBefore(items, i);
    return walk(item, named.strength === "plain" ? meaning : named, hits, depth + 1, embedding);
  });
}

function walkObject(
  object: Record<string, unknown>,
  meaning: Meaning,
  hits: Hits,
  depth: number,
  embedding: number,
) {
  const out: Record<string, unknown> = {};
  const isSchema =
    meaning.strength !== "plain" && typeof object.type === "string" && SCHEMA_TYPES.test(object.type);
  const inherited = meaning.strength === "secret" && WAYS.test(meaning.family) ? loosened(meaning) : meaning;
  for (const key of Object.keys(object)) {
    let inner = inherited;
    if (isSchema && SCHEMA_WORDS.has(key)) inner = PLAIN;
    else if (meaning.strength !== "secret" || inherited !== meaning) {
      const own = memberMeaning(object, key);
      if (own.strength !== "plain") inner = own;
      if (isPrivateMember(object, key)) inner = SECRET;
    }
    let name = key.length < 6 && hits.policy.custom === undefined ? key : redactText(key, hits);
    while (name !== key && Object.hasOwn(out, name)) name += "_";
    const value = object[key];
    const member = Array.isArray(value)
      ? walkList(object, key, value, inner, hits, depth, embedding)
      : walkNamed(key, value, inner, hits, depth, embedding);
    if (name === "__proto__")
      Object.defineProperty(out, name, {
        value: member,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    else out[name] = member;
  }
  return out;
}

/** `authorization` and `credentials` are also names of how access is given: what is in them goes by its own names and looks. */
const WAYS = /^authorization$/;
const SECRET: Meaning = { strength: "secret", family: "secret" };
const loosened = (meaning: Meaning): Meaning => ({ ...meaning, strength: "maybe" });

/** A member that is a list: rows under `columns` have the meanings of those, a list of names has none. */
function walkList(
  object: Record<string, unknown>,
  key: string,
  list: unknown[],
  meaning: Meaning,
  hits: Hits,
  depth: number,
  embedding: number,
): unknown {
  const columns = rowMeanings(object, key, list);
  if (columns !== undefined)
    return list.map((row) =>
      Array.isArray(row)
        ? row.map((cell, column) => walk(cell, columns[column] ?? PLAIN, hits, depth + 2, embedding))
        : walk(row, PLAIN, hits, depth + 1, embedding),
    );
  if (isListOfNames(key, list)) return list.map((one) => redactText(one, hits));
  const items =
    meaning.strength === "plain" && list.length < 1000
      ? list.map((item) => redactNamedNumber(key, item, hits) ?? item)
      : list;
  return walk(items, meaning, hits, depth + 1, embedding);
}

/** A member whose name is no secret's may tell of a number, an id or a digest what it is. */
function walkNamed(
  name: string,
  value: unknown,
  meaning: Meaning,
  hits: Hits,
  depth: number,
  embedding: number,
): unknown {
  if (meaning.strength === "plain") {
    if (typeof value === "string" && isMadeId(name, value)) return redactText(value, hits, false);
    if (typeof value === "string" && isDigest(name, value)) return value;
    const number = redactNamedNumber(name, isRawJson(value) ? JSON.stringify(value) : value, hits);
    if (number !== undefined) return number;
  }
  return walk(value, meaning, hits, depth + 1, embedding);
}

function redactString(text: string, meaning: Meaning, hits: Hits, depth: number, embedding: number): string {
  if (text === "" || isPlaceholder(text)) return text;
  if (meaning.strength !== "secret" && hits.inPieces?.take(text)) return replaced(hits, "pem", text);
  if (isSecretText(text, meaning)) return replaced(hits, "secret", text);
  const first = text.trimStart()[0];
  if (embedding >= DEEPEST_EMBEDDING || (first !== "{" && first !== "[")) return redactText(text, hits);
  if (hits.policy.custom === undefined && !mayHoldSecret(text, hits)) return text;
  const json = embeddedJson(text);
  // What cannot be walked is a text like any other, whose rules see through it.
  if (json === undefined || placeDeeperThan(DEEPEST - depth, json) !== undefined)
    return redactText(text, hits);
  const before = total(hits);
  const clean = walk(json, PLAIN, hits, depth + 1, embedding + 1);
  return total(hits) === before ? text : JSON.stringify(clean);
}

function isSecretText(text: string, { strength, family, name }: Meaning): boolean {
  if (strength === "plain") return false;
  if (strength === "secret")
    return !(isMode(text) && (family === "authorization" || /credentials?$/.test(name ?? "")));
  if (/\s/.test(text.trim())) return false;
  if (strength === "random") return looksRandom(text);
  return !isMode(text) && (looksSecret(text) || text.length >= 16);
}

function total(hits: Hits): number {
  let sum = 0;
  for (const kind in hits.counts) sum += hits.counts[kind] ?? 0;
  return sum;
}

interface RawJson {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}
const Raw = JSON as unknown as RawJson;
export function isRawJson(value: unknown): boolean {
  return typeof value === "object" && typeof Raw.isRawJSON === "function" && Raw.isRawJSON(value);
}

/**
 * The value, when a text is JSON as a whole, keeping the digits of numbers that a double would not write back as they
 * stand (`1.0`, ids of 20 digits).
 */
function embeddedJson(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === "number" && context?.source !== undefined && String(value) !== context.source
        ? Raw.rawJSON(context.source)
        : value,
    );
  } catch {
    return undefined;
  }
}

/** Redaction of an episode as a whole; when it fails, its content is withheld and the reason counted, never the text. */
export function redactOrWithhold<T extends Record<string, unknown>>(
  content: T,
  withhold: (reason: string) => T,
  policy: RedactionPolicy = STANDARD,
): { value: T; counts: Record<string, number>; version: string; withheld?: true } {
  try {
    return { ...redact(content, policy), version: policy.version };
  } catch (thrown) {
    return { value: withhold(messageOf(thrown)), counts: {}, version: policy.version, withheld: true };
  }
}
