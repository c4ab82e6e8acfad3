import { type Hits, isPlaceholder, looksSecret, PLACEHOLDER, replaced } from "../hits.ts";
import { redactCommands } from "./commands.ts";
import { joined } from "./joints.ts";
import { type Family, type Meaning, nameMeaning } from "./names.ts";
import { foldLetters } from "./odd-letters.ts";
import { Reader, type Span } from "./reader.ts";
import { redactTables } from "./tables.ts";
import { isOption, type Label, valueSpan } from "./values.ts";
import { FOREIGN_LABEL, LABEL } from "./words.ts";

/** What may stand in a text beside labels in English. */
interface LabelSigns {
  readonly foreignLabel: boolean;
  readonly command: boolean;
}
const ANY: LabelSigns = { foreignLabel: true, command: true };

/**
 * Values announced by a label in running text: `Password=…;`, `"api_key": "…"`, `--token …`, `Authorization: …`.
 * An expression finds the words only (`words.ts`); what the whole name says (`names.ts`), what joins it to a value
 * (`joints.ts`) and where the value ends (`values.ts`) is decided by code that reads forward once, so that the whole
 * pass is linear in the text.
 */
export function redactLabelled(text: string, hits: Hits, signs: LabelSigns): string {
  const folded = foldLetters(text);
  if (folded !== text) {
    // A label in such letters is worth the loss of them; a text without one keeps its own.
    const found: Hits = { counts: {}, policy: hits.policy };
    const plain: Hits = { counts: {}, policy: hits.policy };
    redactAll(text, plain, signs);
    const clean = redactAll(folded, found, ANY);
    if (total(found) > total(plain)) {
      for (const kind in found.counts)
        hits.counts[kind] = (hits.counts[kind] ?? 0) + (found.counts[kind] ?? 0);
      return clean;
    }
  }
  return redactAll(text, hits, signs);
}

function total({ counts }: Hits): number {
  let sum = 0;
  for (const kind in counts) sum += counts[kind] ?? 0;
  return sum;
}

function redactAll(text: string, hits: Hits, signs: LabelSigns): string {
  let out = redactNamed(text, hits);
  if (signs.foreignLabel) out = redactForeign(out, hits);
  return redactCommands(redactTables(out, hits), hits, signs.command);
}

const NAME = /[\w-]{0,64}/y;
const LONGEST_BEFORE = 48;
/** Letters of the name before the word that was found. */
function nameStart(text: string, at: number): number {
  let start = at;
  const lowest = Math.max(0, at - LONGEST_BEFORE);
  while (start > lowest && isNamePart(text.charCodeAt(start - 1))) start--;
  // An option's hyphens are no part of its name.
  while (start < at && text[start] === "-") start++;
  return start;
}

const kindOf = (family: Family): string => (family === "key" ? "secret" : family);

function redactNamed(text: string, hits: Hits): string {
  const reader = new Reader(text);
  const placeholders = new Placeholders(text);
  const hasPlaceholders = !placeholders.areOver;
  let out = "";
  let done = 0;
  LABEL.lastIndex = 0;
  for (let match = LABEL.exec(text); match !== null; match = LABEL.exec(text)) {
    const behind = placeholders.endAround(match.index);
    if (behind !== -1) {
      LABEL.lastIndex = behind;
      continue;
    }
    const wordEnd = match.index + match[0].length;
    const end = wordEnd + (reader.at(wordEnd, NAME)?.[0].length ?? 0);
    LABEL.lastIndex = end;
    if (hasPlaceholders && reader.at(end, JOINED_DONE) !== null) continue;
    const at = nameStart(text, match.index);
    const name = text.slice(at, end);
    const meaning = match[0].toLowerCase() === "code" ? CODE : nameMeaning(qualified(text, at, name));
    if (meaning.strength === "plain") continue;
    // "key to success": such a name needs more than a blank.
    if (
      meaning.strength === "random" &&
      text[end] === " " &&
      isLetter(text.charCodeAt(end + 1)) &&
      !isOption(text, at)
    )
      continue;
    const join = joined(reader, at, end);
    if (join !== undefined && hasPlaceholders && reader.at(join.from, DONE) !== null) continue;
    const behindIt = join === undefined ? undefined : valueSpan(reader, { ...join, meaning, name, at });
    const span =
      behindIt !== undefined && behindIt.end > behindIt.start ? behindIt : valueBefore(text, done, at);
    if (span === undefined || span.start < done) continue;
    LABEL.lastIndex = Math.max(span.end, end);
    const value = text.slice(span.start, span.end);
    if (isPlaceholder(value)) continue;
    out += text.slice(done, span.start) + replaced(hits, kindOf(meaning.family), value);
    done = span.end;
  }
  return done === 0 ? text : out + text.slice(done);
}

/** `?code=`: only an address has it, see `words.ts`. */
const CODE: Meaning = { family: "secret", strength: "random" };
const PASSWORD: Meaning = { family: "password", strength: "maybe" };

/** Words of other languages are whole names, and what follows them is taken only if it cannot be prose. */
function redactForeign(text: string, hits: Hits): string {
  const reader = new Reader(text);
  let out = "";
  let done = 0;
  for (const match of text.matchAll(FOREIGN_LABEL)) {
    if (match.index < done) continue;
    const end = match.index + match[0].length;
    const found = joined(reader, match.index, end);
    if (found === undefined) continue;
    const label: Label = { ...found, meaning: PASSWORD, name: match[0], at: match.index };
    const span = valueSpan(reader, label);
    if (span === undefined || span.end <= span.start || isPlaceholder(text.slice(span.start, span.end)))
      continue;
    out += text.slice(done, span.start) + replaced(hits, "password", text.slice(span.start, span.end));
    done = span.end;
  }
  return done === 0 ? text : out + text.slice(done);
}

/** A value that was replaced before, and the same behind the commonest joints. */
const REPLACED = `["'\`\\\\]{0,4}${PLACEHOLDER}(?=[;,"'&<)}\\r\\n]|$)`;
const DONE = new RegExp(REPLACED, "y");
const JOINED_DONE = new RegExp(`["']?[ \\t]{0,4}[=:]?[ \\t]{0,4}${REPLACED}`, "y");
const isLetter = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
const isNamePart = (code: number): boolean =>
  isLetter(code) || (code >= 48 && code <= 57) || code === 95 || code === 45;

/** "public key": the word before a key says what it opens. */
function qualified(text: string, start: number, name: string): string {
  if (!/^keys?$/i.test(name) || text[start - 1] !== " ") return name;
  let from = start - 1;
  while (from > 0 && start - from < 21 && isLetter(text.charCodeAt(from - 1))) from--;
  const before = text.slice(from, start - 1);
  return before === "" || /^(?:using|new|and|with|my|your|its|use|let|const|var|set)$/i.test(before)
    ? name
    : `${before} ${name}`;
}

const AS = /\s(?:as|is)\s/;
const AS_THE =
  /([^\s"'`<>()]{6,200})["'`]?[ \t]{1,3}(?:as|is)[ \t]{1,3}(?:the|your|my|our|a|its|his|her)[ \t]{1,3}(?:[A-Za-z]{1,16}[ \t]){0,2}$/;

/** "Use … as the password", "… is my password": the value stands before the label. */
function valueBefore(text: string, done: number, label: number): Span | undefined {
  if (text[label - 1] !== " " || !AS.test(text.slice(Math.max(0, label - 60), label))) return undefined;
  const start = Math.max(done, label - 260);
  const found = AS_THE.exec(text.slice(start, label));
  const value = found?.[1];
  if (found === null || value === undefined || !looksSecret(value) || !/\d/.test(value)) return undefined;
  return { start: start + found.index, end: start + found.index + value.length };
}

const ONE_PLACEHOLDER = new RegExp(PLACEHOLDER, "y");

/** Where the placeholders of a text are, asked from left to right: the kind of one (`api_key`) is no label. */
class Placeholders {
  readonly #text: string;
  #start: number;
  #end = 0;

  constructor(text: string) {
    this.#text = text;
    this.#start = text.indexOf("[REDACTED");
  }

  get areOver(): boolean {
    return this.#start === -1;
  }

  /** The index behind the placeholder that `at` stands in, or -1. */
  endAround(at: number): number {
    while (this.#start !== -1 && this.#start <= at) {
      if (this.#end <= this.#start) {
        ONE_PLACEHOLDER.lastIndex = this.#start;
        this.#end = ONE_PLACEHOLDER.test(this.#text) ? ONE_PLACEHOLDER.lastIndex : this.#start + 1;
      }
      if (at < this.#end) return this.#end;
      this.#start = this.#text.indexOf("[REDACTED", this.#end);
    }
    return -1;
  }
}
