import {
  EXACT,
  ended,
  hashOfText,
  meaningOf,
  mixed,
  phrasesFrom,
  SEED,
  STOP,
  UNSPACED_POLITENESS,
  WORD,
} from "./near-words.ts";

/**
 * A text as tokens, for likeness: words without case and punctuation; and what must be the same, whole (numbers, ids,
 * addresses, dates, symbols, code, tables). Scripts without spaces are read as pairs of characters. Linear.
 */
export class Tokens {
  count = 0;
  hashes = new Int32Array(1024);
  /** As it was written, for words that are taken for another. */
  written = new Int32Array(1024);
  kinds = new Uint8Array(1024);
  starts = new Int32Array(1024);
  ends = new Int32Array(1024);
  /** Number of the sentence or line. */
  segments = new Int32Array(1024);
  segment = 0;
  /** The text that starts and ends are places of. */
  text = "";

  clear(): void {
    this.count = 0;
    this.segment = 0;
  }

  add(hash: number, kind: number, start: number, end: number): void {
    if (this.count === this.hashes.length) this.#grow();
    const at = this.count++;
    this.hashes[at] = hash;
    this.written[at] = hash;
    this.kinds[at] = kind;
    this.starts[at] = start;
    this.ends[at] = end;
    this.segments[at] = this.segment;
  }

  #grow(): void {
    const larger = <T extends Int32Array | Uint8Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    const size = this.hashes.length * 2;
    this.hashes = larger(this.hashes, new Int32Array(size));
    this.written = larger(this.written, new Int32Array(size));
    this.kinds = larger(this.kinds, new Uint8Array(size));
    this.starts = larger(this.starts, new Int32Array(size));
    this.ends = larger(this.ends, new Int32Array(size));
    this.segments = larger(this.segments, new Int32Array(size));
  }
}

const [
  UNKNOWN,
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
] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const classes = new Uint8Array(65_536);
const lowered = new Uint16Array(65_536);
/** Scripts that put no spaces between words. */
const NO_SPACES =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}|\p{Script=Lao}|\p{Script=Khmer}|\p{Script=Myanmar}|ー/u;

function classify(code: number): number {
  const char = String.fromCharCode(code);
  lowered[code] = char.toLowerCase().charCodeAt(0);
  if (char === "ς") lowered[code] = "σ".charCodeAt(0);
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

const classOf = (code: number): number => {
  const known = classes[code] as number;
  if (known !== UNKNOWN) return known;
  const found = classify(code);
  classes[code] = found;
  return found;
};

const BEYOND_ASCII = /[\u0080-\uffff]/;
/** Perhaps code, JSON or a table: only then the lines are looked at one by one. */
const MAYBE_STRUCTURED = /[{}|\t<>]|```|~~~|=>|\);|":/;
const FENCE = /^\s*(?:```|~~~)/;
const STRUCTURED_LINE = /^\s*(?:[{}|<]|\[["{[])|[{}]\s*,?\s*$|\t|\|.*\||=>|\);|":|\{.*\}|<[^<>]+>.*<\//u;

/** Adds a text's tokens. */
export function scan(given: string, out: Tokens): void {
  let text = given;
  if (BEYOND_ASCII.test(text)) text = text.normalize("NFKC").replace(UNSPACED_POLITENESS, " ");
  out.text = text;
  if (!MAYBE_STRUCTURED.test(text)) {
    scanRange(text, 0, text.length, out);
    return;
  }
  let fenced = false;
  for (let at = 0; at < text.length; ) {
    const found = text.indexOf("\n", at);
    const end = found === -1 ? text.length : found;
    const line = text.slice(at, end);
    const isFence = FENCE.test(line);
    if (isFence) fenced = !fenced;
    if (fenced || isFence || STRUCTURED_LINE.test(line)) addLine(line, at, out);
    else scanRange(text, at, end, out);
    out.segment++;
    at = end + 1;
  }
}

/** Code, JSON and tables say other things in another order, or in another case: the whole line must be the same. */
function addLine(line: string, at: number, out: Tokens): void {
  const whole = line.trim().replace(/\s+/gu, " ");
  // Bound to its place: lines in another order are another text.
  if (whole !== "") out.add(ended(mixed(hashOfText(whole), out.count)), EXACT, at, at + line.length);
}

function scanRange(text: string, from: number, to: number, out: Tokens): void {
  const first = out.count;
  for (let at = from; at < to; ) {
    const kind = classOf(text.charCodeAt(at));
    if (kind === LETTER) {
      const after = addPlainWord(text, at, to, out);
      if (after > at) {
        at = after;
        continue;
      }
    }
    if (kind === NEWLINE) out.segment++;
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
  understand(out, first);
}

/**
 * Nearly all that is read: letters up to a space, perhaps with one mark before it. Answers where to read on; the start,
 * when it is something else.
 */
function addPlainWord(text: string, start: number, to: number, out: Tokens): number {
  let hash = SEED;
  let at = start;
  let kind = LETTER;
  for (; at < to; at++) {
    const code = text.charCodeAt(at);
    kind = classOf(code);
    if (kind !== LETTER) break;
    hash = code === 0xdf ? mixed(mixed(hash, 115), 115) : mixed(hash, lowered[code] as number);
  }
  if (at < to && kind !== SPACE) {
    if (kind !== FULL_STOP && kind !== PUNCTUATION) return start;
    const next = at + 1 < to ? classOf(text.charCodeAt(at + 1)) : SPACE;
    if (next !== SPACE && next !== NEWLINE) return start;
  }
  out.add(ended(hash), WORD, start, at);
  if (at >= to) return to;
  if (kind === FULL_STOP) out.segment++;
  return at + 1;
}

/** A run of characters without spaces between words: each two neighbours, so that another order is another text. */
function addUnspaced(text: string, from: number, to: number, out: Tokens): number {
  let at = from;
  while (at + 1 < to && classOf(text.charCodeAt(at + 1)) === UNSPACED) {
    out.add(ended(mixed(mixed(SEED, text.charCodeAt(at)), text.charCodeAt(at + 1))), WORD, at, at + 2);
    at++;
  }
  if (at === from) out.add(ended(mixed(SEED, text.charCodeAt(at))), WORD, at, at + 1);
  return at + 1;
}

/** Emoji and rare characters, of two units. */
function addPaired(text: string, at: number, to: number, out: Tokens): number {
  const second = at + 1 < to && classOf(text.charCodeAt(at + 1)) === PAIRED ? 1 : 0;
  const code = mixed(mixed(SEED, text.charCodeAt(at)), second === 1 ? text.charCodeAt(at + 1) : 0);
  out.add(ended(code), EXACT, at, at + 1 + second);
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
    if (MATHS.test(sign)) out.add(hashOfText(sign), EXACT, from, to);
    else if (sign === "-" && isDigitAt(text, from - 2) && isDigitAt(text, to + 1))
      out.add(hashOfText(sign), EXACT, from, to);
  } else if (isWhole(text, start, end)) addWhole(text, start, end, out);
  else addWords(text, start, end, out);
  for (let at = end; at < to; at++)
    if (classOf(text.charCodeAt(at)) === FULL_STOP) {
      out.segment++;
      return;
    }
}

/** With a digit, a sign, or a point or slash inside it is a number, an id, an address, a path: taken whole. */
function isWhole(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const kind = classOf(text.charCodeAt(at));
    if (kind === DIGIT || kind === SYMBOL) return true;
    if (kind === FULL_STOP && at + 1 < end && classOf(text.charCodeAt(at + 1)) === LETTER) return true;
  }
  return false;
}

function addWhole(text: string, start: number, end: number, out: Tokens): void {
  let hash = SEED;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    classOf(code);
    hash = code === 0xdf ? mixed(mixed(hash, 115), 115) : mixed(hash, lowered[code] as number);
  }
  out.add(ended(hash), EXACT, start, end);
}

/** Words; an apostrophe within one is no mark, any other punctuation parts two. */
function addWords(text: string, start: number, end: number, out: Tokens): void {
  let hash = SEED;
  let begun = -1;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    const kind = classOf(code);
    if (kind === LETTER) {
      if (begun < 0) begun = at;
      hash = code === 0xdf ? mixed(mixed(hash, 115), 115) : mixed(hash, lowered[code] as number);
    } else if (kind !== APOSTROPHE && begun >= 0) {
      out.add(ended(hash), WORD, begun, at);
      hash = SEED;
      begun = -1;
    }
  }
  if (begun >= 0) out.add(ended(hash), WORD, begun, end);
}

/** Puts what the lists know in the place of the words. */
function understand(out: Tokens, first: number): void {
  for (let at = first; at < out.count; at++) {
    if (out.kinds[at] !== WORD) continue;
    const hash = out.hashes[at] as number;
    const meaning = meaningOf(hash);
    const phrases = phrasesFrom(hash);
    if (meaning === undefined && phrases === undefined) continue;
    const phrase = phrases?.find(
      (one) => at + one.length <= out.count && one.every((word, k) => out.written[at + k] === word),
    );
    if (phrase !== undefined) {
      out.kinds.fill(STOP, at, at + phrase.length);
      at += phrase.length - 1;
    } else if (meaning !== undefined) {
      out.kinds[at] = meaning.kind;
      out.hashes[at] = meaning.hash;
    }
  }
}
