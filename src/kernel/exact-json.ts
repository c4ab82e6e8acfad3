import { placeText } from "./depth.ts";
import { invalid } from "./errors.ts";

/**
 * JSON whose numbers mean what they say. `JSON.parse` rounds what a double cannot hold: an id of 20 digits becomes its
 * neighbour, 1e400 infinity. Here such a number is found by its place, so that a door refuses it and nothing rounded is
 * stored. What a double holds is taken in any spelling: `1.0`, `-0` and the 17 digits that some writers print.
 */
export interface InexactNumber {
  /** Path to the number: `metadata.ids.0`; empty: the value as a whole. */
  readonly field: string;
}

/** Numbers that may not fit, outside texts for the most part: nearly every JSON text is told by it alone. */
const SUSPECT = /(?:^|[:[,\s])-?(?:\d{16}|0\.\d{18}|[1-9][\d.]{18}|[\d.]+[eE][+-]?\d{3}|\d[\d.]{15,}[eE])/;
const TOKEN = /["{}[\],]|-?\d[\d.eE+-]*/g;
/** What a double is printed with at most, and where its digits begin to go. */
const MOST_DIGITS = 17;
const LEAST_NORMAL = 2.2250738585072014e-308;

/**
 * Texts with their quotes, numbers, braces, brackets and commas of a valid JSON text. The end of a text is looked for by
 * hand: a pattern keeps a way back for each escape, and millions of them exceed the stack.
 */
function* tokensOf(text: string): Generator<string, void, undefined> {
  const next = new RegExp(TOKEN);
  for (let found = next.exec(text); found !== null; found = next.exec(text)) {
    const [token] = found;
    if (token === '"') {
      const end = endOfText(text, found.index + 1);
      next.lastIndex = end;
      yield text.slice(found.index, end);
    } else yield token;
  }
}

/** Behind the quote that ends the text that begins here. */
function endOfText(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let escapes = 0;
    while (text[quote - 1 - escapes] === "\\") escapes++;
    if (escapes % 2 === 0) return quote + 1;
  }
  return text.length;
}

const placeOf = (path: readonly { readonly key: string | number | undefined }[]): string =>
  placeText(path.map(({ key }) => key ?? ""));

/** The first number of a JSON text that a double cannot hold; undefined: there is none. The text is valid JSON. */
export function inexactNumber(text: string): InexactNumber | undefined {
  if (!SUSPECT.test(text)) return undefined;
  const path: { key: string | number | undefined; readonly isList: boolean }[] = [];
  for (const token of tokensOf(text)) {
    const top = path.at(-1);
    if (token === "{") path.push({ key: undefined, isList: false });
    else if (token === "[") path.push({ key: 0, isList: true });
    else if (token === "}" || token === "]") path.pop();
    else if (token === ",") {
      if (top !== undefined) top.key = typeof top.key === "number" ? top.key + 1 : undefined;
    } else if (token.startsWith('"')) {
      // Of an object's texts the first after its brace or a comma is a key.
      if (top !== undefined && !top.isList && top.key === undefined) top.key = JSON.parse(token) as string;
    } else if (!isExact(token)) return { field: placeOf(path) };
  }
  return undefined;
}

/**
 * The path of a key that one object of a valid JSON text has twice; undefined: none has. `JSON.parse` keeps the last
 * of them and drops what the others held without a word. @param value what the text was parsed to
 */
export function repeatedKey(text: string, value: unknown): string | undefined {
  // As many colons after texts as there are keys: nearly every text is told by that.
  if ((text.match(MAYBE_KEY)?.length ?? 0) <= keysIn(value)) return undefined;
  const path: { key: string | number | undefined; readonly keys: Set<string> | undefined }[] = [];
  for (const token of tokensOf(text)) {
    const top = path.at(-1);
    if (token === "{") path.push({ key: undefined, keys: new Set() });
    else if (token === "[") path.push({ key: 0, keys: undefined });
    else if (token === "}" || token === "]") path.pop();
    else if (token === ",") {
      if (top !== undefined) top.key = typeof top.key === "number" ? top.key + 1 : undefined;
    } else if (token.startsWith('"') && top?.keys !== undefined && top.key === undefined) {
      top.key = JSON.parse(token) as string;
      if (top.keys.has(top.key)) return placeOf(path);
      top.keys.add(top.key);
    }
  }
  return undefined;
}
const MAYBE_KEY = /"\s*:/g;

function keysIn(value: unknown): number {
  let found = 0;
  const open: unknown[] = [value];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (typeof one !== "object" || one === null) continue;
    const members: unknown[] = Object.values(one);
    if (!Array.isArray(one)) found += members.length;
    for (const member of members) if (typeof member === "object" && member !== null) open.push(member);
  }
  return found;
}
export const REPEATED_KEY = "The key stands twice in one object; one of the two values would be lost.";

/**
 * A JSON text's value, all of whose numbers are as they stand.
 * @throws SyntaxError; invalid `number_not_exact` with the number's place
 */
export function parseExact(text: string): unknown {
  const value = JSON.parse(text) as unknown;
  const inexact = inexactNumber(text);
  if (inexact === undefined) return value;
  throw invalid("number_not_exact", NOT_EXACT, { ...inexact, remedy: NOT_EXACT_REMEDY });
}
export const NOT_EXACT = "The number has more digits than a double holds; it would be stored rounded.";
export const NOT_EXACT_REMEDY = "Write the number as a text, in quotes.";

/** Whether a number's text and the double that is read from it are one number. */
export function isExact(source: string): boolean {
  const value = Number(source);
  if (!Number.isFinite(value)) return false;
  const given = decimalOf(source);
  if (given.digits === "") return true;
  const isFraction = given.exponent < 0 && Math.abs(value) >= LEAST_NORMAL;
  if (isFraction && given.digits.length <= MOST_DIGITS) return true;
  const held = decimalOf(String(value));
  return given.digits === held.digits && given.exponent === held.exponent;
}

/** Digits without zeros at either end, and the power of ten that they are multiplied by. */
function decimalOf(source: string): { digits: string; exponent: number } {
  const [mantissa = "", power = "0"] = source.replace(/^-/, "").split(/[eE]/);
  const [whole = "", fraction = ""] = mantissa.split(".");
  const all = `${whole}${fraction}`;
  const digits = all.replace(/0+$/, "");
  const exponent = Number(power) - fraction.length + (all.length - digits.length);
  const bare = digits.replace(/^0+/, "");
  return bare === "" ? { digits: "", exponent: 0 } : { digits: bare, exponent };
}

/** The reviver of `JSON.parse` is told the number's text, from Node 22 on. */
const withNumbers = (text: string, replaced: (source: string, value: number) => unknown): unknown =>
  JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && context?.source !== undefined ? replaced(context.source, value) : value,
  );

/**
 * A JSON text as a value for comparing: a number that a double cannot hold stands as its digits, apart from any other.
 * @throws SyntaxError
 */
export const parseToCompare = (text: string): unknown =>
  SUSPECT.test(text)
    ? withNumbers(text, (source, value) => (isExact(source) ? value : { "\0number": source }))
    : (JSON.parse(text) as unknown);

const Raw = JSON as unknown as { rawJSON(text: string): unknown };

/**
 * A JSON text as a value for writing: `JSON.stringify` writes each number as it stood.
 * @throws SyntaxError
 */
export const parseToWrite = (text: string): unknown =>
  withNumbers(text, (source, value) => (String(value) === source ? value : Raw.rawJSON(source)));
