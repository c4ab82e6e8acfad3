import { messageOf } from "../kernel/errors.ts";
import { type Hits, isPlaceholder, replaced } from "./hits.ts";
import { isProbablySecret, type KeyMeaning, keyMeaning } from "./keys.ts";
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
]);
const SCHEMA_TYPES = /^(?:string|number|integer|boolean|object|array|null)$/;
/** An option of a command line, whose value is the next string: `["--password", "…"]`. */
const SECRET_FLAG = /^--?[A-Za-z]/;

/**
 * Replaces secrets and personal data in every string of a JSON value, at any depth, also in JSON held in strings.
 * Returns a copy of the same shape: keys, array lengths, numbers and booleans stay (a number under a name such as
 * `password` does not). Running it again changes nothing.
 * @throws when the value cannot be walked (deeper than 400, cyclic)
 */
export function redact<T>(value: T): { value: T; counts: Record<string, number> } {
  const counts: Hits = {};
  return { value: walk(value, "plain", counts, 0, 0) as T, counts };
}

function walk(value: unknown, meaning: KeyMeaning, hits: Hits, depth: number, embedding: number): unknown {
  if (typeof value === "string") return redactString(value, meaning, hits, depth, embedding);
  if (typeof value === "number")
    return meaning === "secret" ? replaced(hits, "secret", String(value)) : value;
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEEPEST) throw new Error(`nested deeper than ${DEEPEST}`);
  if (Array.isArray(value)) return walkArray(value, meaning, hits, depth, embedding);
  if (isRawJson(value)) return meaning === "secret" ? replaced(hits, "secret", JSON.stringify(value)) : value;
  return walkObject(value as Record<string, unknown>, meaning, hits, depth, embedding);
}

function walkArray(items: unknown[], meaning: KeyMeaning, hits: Hits, depth: number, embedding: number) {
  return items.map((item, i) => {
    // ["--password", "hunter2"] and ["Authorization", "Bearer …"]: the element before names the secret.
    const before = i > 0 ? items[i - 1] : undefined;
    const named =
      typeof before === "string" && before.length <= 64 && (items.length === 2 || SECRET_FLAG.test(before))
        ? keyMeaning(before)
        : "plain";
    return walk(item, named === "plain" ? meaning : named, hits, depth + 1, embedding);
  });
}

function walkObject(
  object: Record<string, unknown>,
  meaning: KeyMeaning,
  hits: Hits,
  depth: number,
  embedding: number,
) {
  const out: Record<string, unknown> = {};
  const isSchema = meaning !== "plain" && typeof object.type === "string" && SCHEMA_TYPES.test(object.type);
  const pairName = object.name ?? object.key ?? object.header;
  for (const key of Object.keys(object)) {
    let inner: KeyMeaning = meaning;
    if (isSchema && SCHEMA_WORDS.has(key)) inner = "plain";
    else if (meaning === "plain") {
      inner = keyMeaning(key);
      if (key === "token" && "logprob" in object) inner = "plain";
      if (key === "value" && typeof pairName === "string" && pairName.length <= 64)
        inner = keyMeaning(pairName);
    }
    let name = key.length < 6 ? key : redactText(key, hits);
    while (name !== key && Object.hasOwn(out, name)) name += "_";
    const member = walk(object[key], inner, hits, depth + 1, embedding);
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

function redactString(
  text: string,
  meaning: KeyMeaning,
  hits: Hits,
  depth: number,
  embedding: number,
): string {
  if (text === "" || isPlaceholder(text)) return text;
  if (meaning === "secret") return replaced(hits, "secret", text);
  if (meaning === "maybe" && isProbablySecret(text)) return replaced(hits, "secret", text);
  const first = text.trimStart()[0];
  if (embedding >= DEEPEST_EMBEDDING || (first !== "{" && first !== "[")) return redactText(text, hits);
  if (!mayHoldSecret(text)) return text;
  const json = embeddedJson(text);
  if (json === undefined) return redactText(text, hits);
  const before = total(hits);
  const clean = walk(json, "plain", hits, depth + 1, embedding + 1);
  return total(hits) === before ? text : JSON.stringify(clean);
}

function total(hits: Hits): number {
  let sum = 0;
  for (const kind in hits) sum += hits[kind] ?? 0;
  return sum;
}

interface RawJson {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}
const Raw = JSON as unknown as RawJson;
function isRawJson(value: unknown): boolean {
  return typeof Raw.isRawJSON === "function" && Raw.isRawJSON(value);
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
): { value: T; counts: Record<string, number>; version: string; withheld?: true } {
  try {
    return { ...redact(content), version: REDACTION_VERSION };
  } catch (thrown) {
    return { value: withhold(messageOf(thrown)), counts: {}, version: REDACTION_VERSION, withheld: true };
  }
}
