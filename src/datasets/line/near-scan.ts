import {
  ABOUT,
  BEFORE,
  FIRST,
  FLAGS,
  hashesOf,
  mixed,
  mixedOther,
  OPENS,
  OTHER_SEED,
  phrasesFrom,
  placeOf,
  SEED,
  SHORTLY,
  STOP,
  UNSPACED_POLITENESS,
} from "./near-words.ts";

/** Words of a text that may itself be what is asked about. */
const SHORT_TEXT = 25;

/**
 * A text as tokens, for likeness: words without case and punctuation; and what must be the same, whole (numbers, ids,
 * addresses, dates, symbols, code, tables). Scripts without spaces are read as pairs of characters. Linear.
 */
export class Tokens {
  count = 0;
  /** How many are said for more than politeness. */
  content = 0;
  /** Whether the text may be about words themselves: then each counts as it is written. */
  isAboutWords = false;
  /** Two hashes of each token. */
  hashes = new Int32Array(2048);
  /** What each is, in bits. */
  flags = new Uint8Array(1024);
  /** Where in the lists each stands; 0: in none. */
  places = new Uint16Array(1024);
  #first = FIRST;
  #isShortlyAbout = false;
  readonly #openings: number[] = [];

  clear(): void {
    this.count = 0;
    this.content = 0;
    this.isAboutWords = false;
    this.#isShortlyAbout = false;
    this.#first = FIRST;
  }

  /** What follows is of another sentence or line. */
  endSentence(): void {
    this.#first = FIRST;
  }

  add(hash: number, other: number, flags = 0, place = 0): void {
    if (this.count === this.flags.length) this.#grow();
    const at = this.count++;
    this.hashes[at * 2] = hash;
    this.hashes[at * 2 + 1] = other;
    this.flags[at] = flags | this.#first;
    this.places[at] = place;
    this.#first = 0;
    if ((flags & STOP) === 0) this.content++;
  }

  addText(text: string, flags = 0): void {
    const [hash, other] = hashesOf(text);
    this.add(hash, other, flags);
  }

  /** A word: looked up in the lists. */
  addWord(hash: number, other: number): void {
    const place = placeOf(hash);
    const flags = FLAGS[place] as number;
    if ((flags & (ABOUT | SHORTLY | OPENS)) !== 0) this.#note(flags);
    this.add(hash, other, flags, place);
  }

  #note(flags: number): void {
    if ((flags & ABOUT) !== 0) this.isAboutWords = true;
    if ((flags & SHORTLY) !== 0) this.#isShortlyAbout = true;
    if ((flags & OPENS) !== 0) this.#openings.push(this.count);
  }

  /** Once the text is read: polite phrases may be left out. */
  end(): void {
    if (this.#isShortlyAbout && this.count < SHORT_TEXT) this.isAboutWords = true;
    if (this.#openings.length === 0) return;
    for (const at of this.#openings) {
      const phrase = phrasesFrom(this.hashes[at * 2] as number).find((words) => this.#says(words, at));
      for (let k = 0; k < (phrase?.length ?? 0); k++) this.#leaveOut(at + k);
    }
    this.#openings.length = 0;
  }

  #says(words: readonly number[], at: number): boolean {
    return at + words.length <= this.count && words.every((word, k) => this.hashes[(at + k) * 2] === word);
  }

  #leaveOut(at: number): void {
    const flags = this.flags[at] as number;
    if ((flags & STOP) === 0) this.content--;
    this.flags[at] = STOP | (flags & FIRST);
  }

  #grow(): void {
    const larger = <T extends Int32Array | Uint8Array | Uint16Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    const size = this.flags.length * 2;
    this.hashes = larger(this.hashes, new Int32Array(size * 2));
    this.flags = larger(this.flags, new Uint8Array(size));
    this.places = larger(this.places, new Uint16Array(size));
  }
}

const [
  ,
  SPACE,
  LETTER,
  DIGIT,
  PUNCTUATION,
  SYMBOL,
  UNSPACED,
  PAIRED,
  APOSTROPHE,
  NEWLINE,
  FULL_STOP,
  HYPHEN,
  SHARP_S,
] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
/** By code unit its class and, in the lower 16 bits, its lower case; 0: not looked at yet. */
const units = new Int32Array(65_536);
/** Scripts that put no spaces between words. */
const NO_SPACES =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}|\p{Script=Lao}|\p{Script=Khmer}|\p{Script=Myanmar}|ー/u;

function classify(code: number): number {
  const char = String.fromCharCode(code);
  if (code === 0xdf) return SHARP_S;
  if (char === "\n" || char === "\r" || char === "\u2028" || char === "\u2029") return NEWLINE;
  if (/['’‘ʼ´]/.test(char)) return APOSTROPHE;
  if (/[.!?;:。।؟¿¡]/u.test(char)) return FULL_STOP;
  if (/[-\u2010\u2011]/.test(char)) return HYPHEN;
  if (code >= 0xd800 && code < 0xe000) return PAIRED;
  if (NO_SPACES.test(char)) return UNSPACED;
  if (/[\ufe00-\ufe0f\u00ad]/.test(char)) return SPACE;
  if (/[\p{L}\p{M}]/u.test(char)) return LETTER;
  if (/\p{N}/u.test(char)) return DIGIT;
  if (/[@#%&/\\_+]/.test(char)) return SYMBOL;
  if (/\p{P}/u.test(char)) return PUNCTUATION;
  if (/[`´¨¯¸]/u.test(char)) return PUNCTUATION;
  return /\p{S}/u.test(char) ? SYMBOL : SPACE;
}

function lookAt(code: number): number {
  const char = String.fromCharCode(code);
  const unit = (classify(code) << 16) | (char === "ς" ? "σ" : char.toLowerCase()).charCodeAt(0);
  units[code] = unit;
  return unit;
}
const unitOf = (code: number): number => (units[code] as number) || lookAt(code);
const classOf = (code: number): number => unitOf(code) >>> 16;

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
