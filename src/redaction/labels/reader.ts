import { PLACEHOLDER } from "../hits.ts";

const LEADING_PLACEHOLDERS = new RegExp(`(?:${PLACEHOLDER})+`, "y");
const QUOTES = `"'\``;

export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * A text, and where each kind of stop comes next in it. A stop found once is still the next one for every place before
 * it, so that many labels on one endless line cost one look at the line.
 */
export class Reader {
  readonly text: string;
  readonly #found = new Map<RegExp, { from: number; at: number }>();

  #hasValueNames: boolean | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** Index of the first of `stops` at or after `from`, or the text's length; a placeholder's bracket is no stop. */
  until(from: number, stops: RegExp): number {
    const start =
      this.text[from] === "[" ? from + (this.at(from, LEADING_PLACEHOLDERS)?.[0].length ?? 0) : from;
    const known = this.#found.get(stops);
    if (known !== undefined && known.from <= start && start <= known.at) return known.at;
    stops.lastIndex = start;
    const at = stops.exec(this.text)?.index ?? this.text.length;
    this.#found.set(stops, { from: start, at });
    return at;
  }

  /** Whether anything in the text is called a value. */
  get hasValueNames(): boolean {
    this.#hasValueNames ??= /alue|ALUE|\bval\b/.test(this.text);
    return this.#hasValueNames;
  }

  /** What `sticky` finds at `at`. */
  at(at: number, sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = at;
    return sticky.exec(this.text);
  }
}

export const LINE_END = /[\r\n]/g;
export const LINE_OR_DOUBLE_QUOTE = /[\r\n"]/g;
export const TAG = /<|&lt;/g;
const PAIR_END = /[\r\n";<]/g;
const WORD_END = /[\s"'`<>,;&)\]}]|%(?:25){0,2}(?:26|22|20|0[AD])/gi;
export const SIGNATURE_END = /[\s"'`<>,;&)\]}\\]/g;
export const SAS_END = /[\s"'`<>;\\]/g;

/** Where a quoted value starting at `open` ends, honouring `\"` and quotes that are escaped themselves. */
export function quotedSpan(reader: Reader, open: number): Span | undefined {
  const { text } = reader;
  let at = open;
  while (text[at] === "\\") at++;
  const quote = text[at];
  if (quote === undefined || !QUOTES.includes(quote)) return undefined;
  const slashes = at - open;
  // """…""" and ```…```
  const isTriple = text[at + 1] === quote && text[at + 2] === quote;
  const start = at + (isTriple ? 3 : 1);
  for (let close = text.indexOf(quote, start); close !== -1; close = text.indexOf(quote, close + 1)) {
    let before = 0;
    while (text[close - 1 - before] === "\\" && close - 1 - before >= start) before++;
    if (before <= slashes) return { start, end: close - before };
  }
  return { start, end: reader.until(start, LINE_END) };
}

const OPENERS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };
const MARKUP = /<(?:\/|!--|[A-Za-z][\w:-]*(?:\s[^<>\r\n]{0,200})?>)/y;

/**
 * Whether a stop at `at` belongs to the value all the same: a letter follows it, and it closes nothing that was opened
 * before the label (`api_key=ab}cd`, but not `{api_key=ab}`).
 */
function isPartOfValue({ text }: Reader, label: number, at: number): boolean {
  const stop = text[at] ?? "";
  if (!/[A-Za-z0-9]/.test(text[at + 1] ?? "") || text[at - 1] === "\\") return false;
  if (stop === ">") return true;
  if (stop === "<") {
    MARKUP.lastIndex = at;
    return !MARKUP.test(text);
  }
  const opener = OPENERS[stop] ?? (QUOTES.includes(stop) ? stop : undefined);
  return opener !== undefined && !text.slice(Math.max(0, label - 64), label).includes(opener);
}

const MOST_STOPS = 8;

function endAt(reader: Reader, label: number, from: number, stops: RegExp): number {
  let end = reader.until(from, stops);
  for (let n = 0; n < MOST_STOPS && end > from && isPartOfValue(reader, label, end); n++)
    end = reader.until(end + 1, stops);
  return end;
}

/** End of a value of one word. */
export const wordEnd = (reader: Reader, label: number, from: number): number =>
  endAt(reader, label, from, WORD_END);

const NEXT_PAIR = /[,\s&|]\s*(?=[A-Za-z_][\w.-]{0,40} ?[=:])/;
const NEXT_PAIR_OR_SENTENCE = new RegExp(
  `${NEXT_PAIR.source}|[.,;!?)](?=\\s|$)|\\s{2,}|\\s[-–—(|]|%(?:25){0,2}26`,
);
const MOST_WORDS = /^\s*(?:\S+\s+){0,9}\S*/;

/** End of `start..end`, brought forward to the first `stop` in it that leaves something before it. */
function shorten(text: string, start: number, end: number, stop: RegExp): number {
  const match = stop.exec(text.slice(start, end));
  return match === null || match.index === 0 ? end : start + match.index;
}

export function trimEnd(text: string, start: number, end: number): number {
  let last = end;
  while (last > start && /\s/.test(text[last - 1] ?? "")) last--;
  return last;
}

/** A full stop that ends the sentence is not part of the value. */
export function trimSentence(text: string, start: number, end: number): number {
  let last = end;
  while (last > start + 1 && end - last < 4 && ".!?:*".includes(text[last - 1] ?? "")) last--;
  return last;
}

/** End of an unquoted password: spaces belong to it, a connection string's `;`, the next pair or a sentence end it. */
export function passwordEnd(reader: Reader, label: number, start: number): number {
  const { text } = reader;
  const stop = endAt(reader, label, start, PAIR_END);
  const isConnectionString = text[stop] === ";" || /;\s*$/.test(text.slice(Math.max(0, label - 3), label));
  let end = shorten(
    text,
    start,
    stop,
    isConnectionString && stop - start <= 256 ? NEXT_PAIR : NEXT_PAIR_OR_SENTENCE,
  );
  // A passphrase has a few words; a whole paragraph behind "password=" is not all of it.
  if (!isConnectionString) end = start + (MOST_WORDS.exec(text.slice(start, end))?.[0].length ?? 0);
  const last = text[end - 1];
  if ((last === "'" || last === "`" || last === ")") && end - 1 > start) end--;
  return trimEnd(text, start, end);
}
