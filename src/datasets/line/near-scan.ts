import {
  APOSTROPHE,
  classOf,
  DIGIT,
  FULL_STOP,
  HYPHEN,
  LETTER,
  NEWLINE,
  PAIRED,
  PUNCTUATION,
  SHARP_S,
  SPACE,
  SYMBOL,
  UNSPACED,
  unitOf,
} from "./near-characters.ts";
import type { Tokens } from "./near-tokens.ts";
import { BEFORE, hashesOf, mixed, mixedOther, OTHER_SEED, SEED, UNSPACED_POLITENESS } from "./near-words.ts";

const BEYOND_ASCII = /[\u0080-\uffff]/;
/** Perhaps code, JSON or a table: only then the lines are looked at one by one. */
const MAYBE_STRUCTURED = /[{}|\t<>=(`~]/;
const FENCE = /^\s*(?:```|~~~)/;
const STRUCTURED_LINE =
  /^\s*(?:[{}|<]|\[["{[]|(?:def|return|SELECT|INSERT|UPDATE|DELETE) )|[{}]\s*,?\s*$|\t|\|.*\||=>|\);|\w\([^()]*\)\s*[:;]?\s*$|[\w\])] ?[-+*/]?==? ?[\w"'([{-]|":|\{.*\}|<[^<>]+>.*<\//u;

/** Adds a text's tokens. */
export function scan(given: string, out: Tokens): void {
  let text = given;
  if (BEYOND_ASCII.test(text)) text = text.normalize("NFKC").replace(UNSPACED_POLITENESS, " ");
  out.clear();
  if (MAYBE_STRUCTURED.test(text)) scanLines(text, out);
  else scanRange(text, 0, text.length, out);
  out.end();
}

function scanLines(text: string, out: Tokens): void {
  let fenced = false;
  for (let at = 0; at < text.length; ) {
    const found = text.indexOf("\n", at);
    const end = found === -1 ? text.length : found;
    const line = text.slice(at, end);
    const isFence = FENCE.test(line);
    if (isFence) fenced = !fenced;
    if (fenced || isFence || STRUCTURED_LINE.test(line)) addLine(line, out);
    else scanRange(text, at, end, out);
    out.endSentence();
    at = end + 1;
  }
}

/** Code, JSON and tables say other things in another order, or in another case: the whole line must be the same. */
function addLine(line: string, out: Tokens): void {
  const whole = line.trim().replace(/\s+/gu, " ");
  // Bound to its place: lines in another order are another text.
  if (whole === "") return;
  const [hash, other] = hashesOf(whole);
  out.add(mixed(hash, out.count), mixedOther(other, out.count));
}

function scanRange(text: string, from: number, to: number, out: Tokens): void {
  for (let at = from; at < to; ) {
    const kind = classOf(text.charCodeAt(at));
    if (kind === LETTER) {
      const after = addPlainWord(text, at, to, out);
      if (after > at) {
        at = after;
        continue;
      }
    }
    if (kind === NEWLINE) out.endSentence();
    if (kind === SPACE || kind === NEWLINE) at++;
    else if (kind === UNSPACED) at = addUnspaced(text, at, to, out);
    else if (kind === PAIRED) at = addPaired(text, at, to, out);
    else {
      let end = at;
      for (let next = kind; next !== SPACE && next !== NEWLINE && next !== UNSPACED && next !== PAIRED; ) {
        end++;
        if (end >= to) break;
        next = classOf(text.charCodeAt(end));
      }
      addChunk(text, at, end, out);
      at = end;
    }
  }
}

/**
 * Nearly all that is read: letters up to a space, perhaps with one mark before it. Answers where to read on; the start,
 * when it is something else.
 */
function addPlainWord(text: string, start: number, to: number, out: Tokens): number {
  let hash = SEED;
  let other = OTHER_SEED;
  let at = start;
  let kind = LETTER;
  for (; at < to; at++) {
    const unit = unitOf(text.charCodeAt(at));
    kind = unit >>> 16;
    if (kind !== LETTER) break;
    hash = mixed(hash, unit & 0xffff);
    other = mixedOther(other, unit & 0xffff);
  }
  if (at < to && kind !== SPACE) {
    if (kind !== FULL_STOP && kind !== PUNCTUATION) return start;
    const next = at + 1 < to ? classOf(text.charCodeAt(at + 1)) : SPACE;
    if (next !== SPACE && next !== NEWLINE) return start;
  }
  out.addWord(hash, other);
  if (kind === FULL_STOP) out.endSentence();
  return at >= to ? to : at + 1;
}

/** A run of characters without spaces between words: each two neighbours, so that another order is another text. */
function addUnspaced(text: string, from: number, to: number, out: Tokens): number {
  let at = from;
  while (at + 1 < to && classOf(text.charCodeAt(at + 1)) === UNSPACED) {
    out.addText(text.slice(at, at + 2));
    at++;
  }
  if (at === from) out.addText(text.charAt(at));
  return at + 1;
}

/** Emoji and rare characters, of two units. */
function addPaired(text: string, at: number, to: number, out: Tokens): number {
  const second = at + 1 < to && classOf(text.charCodeAt(at + 1)) === PAIRED ? 1 : 0;
  out.addText(text.slice(at, at + 1 + second));
  return at + 1 + second;
}

const isDigitAt = (text: string, at: number): boolean =>
  at >= 0 && at < text.length && classOf(text.charCodeAt(at)) === DIGIT;
/** Signs that are no word, yet say something where they stand alone. */
const MATHS = /[+=<>/^%&$€£¥≤≥≠×÷~\\]/u;
const isAngle = (code: number): boolean => code === 60 || code === 62;
/** `*`, `_`, `~`, `|` and angles around a word are mark-up. */
const isMarkup = (code: number): boolean => code === 95 || code === 126 || code === 124 || isAngle(code);

function isTrimmed(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  const kind = classOf(code);
  return (
    kind === PUNCTUATION || kind === FULL_STOP || kind === APOSTROPHE || kind === HYPHEN || isMarkup(code)
  );
}

/** What stands between two spaces. */
function addChunk(text: string, from: number, to: number, out: Tokens): void {
  let start = from;
  let end = to;
  while (end > start && isTrimmed(text, end - 1)) end--;
  while (start < end && isTrimmed(text, start)) {
    const code = text.charCodeAt(start);
    // The sign or the point of a number.
    if ((code === 45 || code === 46) && isDigitAt(text, start + 1)) break;
    start++;
  }
  if (start === end) {
    const sign = text.slice(from, to);
    if (MATHS.test(sign) || (sign === "-" && isDigitAt(text, from - 2) && isDigitAt(text, to + 1)))
      out.addText(sign, BEFORE);
  } else if (isSigns(text, start, end)) out.addText(text.slice(start, end), BEFORE);
  else if (isWhole(text, start, end)) out.addText(lower(text, start, end));
  else addWords(text, start, end, out);
  for (let at = end; at < to; at++) if (classOf(text.charCodeAt(at)) === FULL_STOP) out.endSentence();
}

/** With a digit, a sign, a hyphen, or a point inside it is a number, an id, an address, a route: taken whole. */
function isWhole(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const kind = classOf(text.charCodeAt(at));
    if (kind === DIGIT || kind === SYMBOL || kind === HYPHEN) return true;
    if (kind === FULL_STOP && at + 1 < end && classOf(text.charCodeAt(at + 1)) === LETTER) return true;
  }
  return false;
}

/** An arrow, an operator: what follows is its second side. */
function isSigns(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const kind = classOf(text.charCodeAt(at));
    if (kind === LETTER || kind === SHARP_S || kind === DIGIT) return false;
  }
  return true;
}

/** Words; an apostrophe within one is no mark, any other punctuation parts two. */
function addWords(text: string, start: number, end: number, out: Tokens): void {
  let word = "";
  for (let at = start; at <= end; at++) {
    const kind = at < end ? classOf(text.charCodeAt(at)) : PUNCTUATION;
    if (kind === LETTER || kind === SHARP_S) word += lower(text, at, at + 1);
    else if (kind !== APOSTROPHE && word !== "") {
      const [hash, other] = hashesOf(word);
      out.addWord(hash, other);
      word = "";
    }
  }
}

/** As words are hashed: unit by unit. */
function lower(text: string, start: number, end: number): string {
  let all = "";
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    // As upper-case text would write it.
    all += code === 0xdf ? "ss" : String.fromCharCode(unitOf(code) & 0xffff);
  }
  return all;
}
