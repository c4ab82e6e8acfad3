import { looksSecret } from "../hits.ts";
import { ALNUM, IN_WORD, isBehindEscape } from "./alphabets.ts";
import { MARKED, type Marked } from "./marked.ts";
import { type Form, VENDOR_FORMS } from "./vendors.ts";

/** A key that was found: from `start` up to `end`. */
export interface Found {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

interface Start {
  readonly mark: string;
  readonly form: Form;
  readonly rest: RegExp;
}

/** A number for the first three letters of a mark; other letters may have the same. */
const hashOf = (first: number, second: number, third: number): number =>
  ((first << 9) ^ (second << 5) ^ third) & 0xff_ff;

/** By that number: which marks begin so. One of two letters stands under each third. */
const STARTS: ReadonlyMap<number, readonly Start[]> = (() => {
  const table = new Map<number, Start[]>();
  for (const form of VENDOR_FORMS) {
    const rest = new RegExp(form.rest, "y");
    for (const mark of form.starts.split(" ")) {
      const [first = 0, second = 0, third] = Array.from(mark, (letter) => letter.charCodeAt(0));
      const thirds = third === undefined ? Array.from({ length: 128 }, (_, code) => code) : [third];
      for (const hash of new Set(thirds.map((code) => hashOf(first, second, code))))
        table.set(hash, [...(table.get(hash) ?? []), { mark, form, rest }]);
    }
  }
  return table;
})();
/** The same, yes or no: what every part of a long word is asked. */
const IS_START = new Uint8Array(0x1_00_00);
for (const hash of STARTS.keys()) IS_START[hash] = 1;

/** The shortest of any form, in characters of `IN_WORD`. */
const LEAST = 13;
/** The letters of an escape that a word may begin with: `\n`, `\u003d`, `%3D`, the `32m` of a colour. */
const ESCAPE = /(?<=\\)(?:[bfnrtv]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})|(?<=%)[0-9a-fA-F]{2}|(?<=[[;])\d{1,3}m/y;

function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

/**
 * The next key at or after `from` that a mark at its beginning tells. Only long words are looked at letter by letter:
 * the search asks for the last letter that a word of `LEAST` would have, and most often can go on behind it.
 */
export function nextByStart(text: string, from: number): Found | undefined {
  const { length } = text;
  let least = from;
  for (let probe = least + LEAST - 1; probe < length; probe = least + LEAST - 1) {
    let start = probe;
    while (start >= least && IN_WORD[text.charCodeAt(start)] === 1) start--;
    if (start >= least) {
      least = start + 1;
      continue;
    }
    const { found, end } = inRun(text, least);
    if (found !== undefined) return found;
    least = end + 1;
  }
  return undefined;
}

/** The first key in the run of letters at `start`, or where the run ends. */
function inRun(text: string, start: number): { found?: Found; end: number } {
  const escaped = matchEnd(ESCAPE, text, start);
  let isInWord = escaped === -1 && start > 0 && ALNUM[text.charCodeAt(start - 1)] === 1;
  let at = escaped === -1 ? start : escaped;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (IN_WORD[code] === 0) break;
    const wasInWord = isInWord;
    isInWord = ALNUM[code] === 1;
    if (wasInWord || !isInWord) continue;
    const hash = hashOf(code, text.charCodeAt(at + 1), text.charCodeAt(at + 2));
    if (IS_START[hash] === 0) continue;
    const found = startingAt(text, at, STARTS.get(hash) ?? []);
    if (found === undefined) continue;
    if (found.kind !== "") return { found, end: found.end };
    at = found.end - 1;
  }
  return { end: at };
}

/** The key at `at`; a `kind` of "" is a word that has the form and was not made by chance. */
function startingAt(text: string, at: number, starts: readonly Start[]): Found | undefined {
  const before = at === 0 ? "" : text.charAt(at - 1);
  let word: Found | undefined;
  for (const { mark, form, rest } of starts) {
    if (!text.startsWith(mark, at) || (form.alone && before !== "" && "-_+/".includes(before))) continue;
    const end = matchEnd(rest, text, at + mark.length);
    if (end === -1) continue;
    if (!form.random || looksSecret(text.slice(at + mark.length, end)))
      return { kind: form.kind, start: at, end };
    word = { kind: "", start: at, end };
  }
  return word;
}

/** Keys that have this mark inside, from left to right. */
export function* byMark(text: string, marked: Marked): Generator<Found> {
  const { kind, mark, before, least = before } = marked;
  let done = 0;
  for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, Math.max(done, at + 1))) {
    for (let length = before; length >= least; length--) {
      const start = at - length;
      const end = start < done ? -1 : wholeEnd(text, start, marked);
      if (end === -1) continue;
      yield { kind, start, end };
      done = end;
      break;
    }
  }
}

function wholeEnd(text: string, start: number, { whole, alone }: Marked): number {
  const isFree = !alone || start === 0 || !/[A-Za-z0-9+/]/.test(text.charAt(start - 1));
  return isFree || isBehindEscape(text, start) ? matchEnd(whole, text, start) : -1;
}

/** Without one of these no mark stands inside some word; most of what has one holds no key all the same. */
export const MARK_SIGNS: readonly string[] = MARKED.map(({ mark }) => mark);
