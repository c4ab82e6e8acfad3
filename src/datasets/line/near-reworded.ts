import type { DatasetLine } from "../contract.ts";
import { partsOf, sumsOf } from "./near-gist.ts";
import { scan, Tokens } from "./near-scan.ts";
import { ABOUT_WORDS, EXACT, FUNCTION, STOP } from "./near-words.ts";

/**
 * Whether one line is the other in other words. A template is no likeness: sentences that are equal are set aside, and
 * every one that is left must keep nearly all its own words. Words that may be names are never exchanged.
 */
interface Word {
  readonly hash: number;
  readonly text: string;
  /** Perhaps a name, or quoted, or of a script that tells neither: not to be exchanged. */
  readonly fixed: boolean;
}
type Sentence = readonly Word[];
interface Turn {
  readonly asked: boolean;
  readonly sentences: readonly Sentence[];
  readonly words: number;
}
export interface Worded {
  readonly turns: readonly Turn[];
  /** All that must be the same. */
  readonly exact: string;
}

/** Sentences of fewer words may differ by synonyms only: one other word in six may be another question. */
const FEWEST_IN_SENTENCE = 7;
/** So may questions and answers of fewer words in all. */
const FEWEST_IN_ALL = 10;
/** Synonyms are told apart in what is this short: it may be a label, or a word that is asked about. */
const FEWEST_FOR_SYNONYMS = 5;
/** Other words side by side: more is what a template is filled with. */
const MOST_SIDE_BY_SIDE = 2;
/** Other words in a question or an answer, however long: a few are a rewording, more are another text. */
const MOST_CHANGES = 8;
/** Sentences of a turn that differ, at most: each is compared with each. */
const MOST_SENTENCES = 24;

/** A line's words, for `isReworded`; some 60 bytes a word. */
export function wordsOf(line: DatasetLine): Worded {
  const parts = partsOf(line);
  const tokens = new Tokens();
  const turns = parts.said.map(({ text, asked }) => {
    tokens.clear();
    scan(text, tokens);
    const sentences: Word[][] = [];
    let words = 0;
    let last = -1;
    const literal = tokens.written.subarray(0, tokens.count).some((hash) => ABOUT_WORDS.has(hash));
    for (let at = 0; at < tokens.count; at++) {
      const kind = tokens.kinds[at] as number;
      if (kind === STOP || kind === FUNCTION || kind === EXACT) continue;
      if (tokens.segments[at] !== last) sentences.push([]);
      last = tokens.segments[at] as number;
      sentences.at(-1)?.push(wordAt(tokens, at, literal));
      words++;
    }
    return { asked, sentences, words };
  });
  return { turns, exact: sumsOf(parts).exact.join() };
}

const CASED = /^[\p{Lu}\p{Ll}\p{M}'’]+$/u;
const QUOTES = /["'`“”„‘’«»‹›「」『』*_]/u;

function wordAt(tokens: Tokens, at: number, literal: boolean): Word {
  const start = tokens.starts[at] as number;
  const end = tokens.ends[at] as number;
  const text = tokens.text.slice(start, end);
  const fixed =
    literal ||
    !CASED.test(text) ||
    /^\p{Lu}/u.test(text) ||
    QUOTES.test(tokens.text[start - 1] ?? "") ||
    QUOTES.test(tokens.text[end] ?? "");
  return { hash: (literal ? tokens.written : tokens.hashes)[at] as number, text: text.toLowerCase(), fixed };
}

/** @param share of the words of question and answer, and of each sentence, that stay */
export function isReworded(one: Worded, other: Worded, share: number): boolean {
  if (one.exact !== other.exact || one.turns.length !== other.turns.length) return false;
  const words = { asked: 0, done: 0 };
  const changed = { asked: 0, done: 0 };
  for (const [i, turn] of one.turns.entries()) {
    const there = other.turns[i];
    if (there === undefined || there.asked !== turn.asked) return false;
    const half = turn.asked ? "asked" : "done";
    const changes = changedWords(turn.sentences, there.sentences, share);
    if (changes === undefined) return false;
    words[half] += Math.max(turn.words, there.words);
    changed[half] += changes;
  }
  return (["asked", "done"] as const).every(
    (half) =>
      changed[half] === 0 ||
      (words[half] >= FEWEST_IN_ALL &&
        changed[half] <= Math.min(MOST_CHANGES, Math.max(1, Math.floor((1 - share) * words[half])))),
  );
}

/** How many words of a turn are others; undefined: so many, or such ones, that it says something else. */
function changedWords(
  one: readonly Sentence[],
  other: readonly Sentence[],
  share: number,
): number | undefined {
  const [left, right] = withoutEqual(one, other);
  if (left.length !== right.length || left.length > MOST_SENTENCES) return undefined;
  let all = 0;
  for (const sentence of left) {
    const match = takeMostAlike(sentence, right);
    const changes = match === undefined ? undefined : changesOf(sentence, match, share);
    if (changes === undefined) return undefined;
    all += changes;
  }
  return all;
}

/** Sentences of the same words, in whatever order, are taken off both. */
function withoutEqual(one: readonly Sentence[], other: readonly Sentence[]): [Sentence[], Sentence[]] {
  const keyOf = (sentence: Sentence) =>
    sentence
      .map((word) => word.text)
      .toSorted()
      .join(" ");
  const open = new Map<string, Sentence[]>();
  for (const sentence of other) {
    const key = keyOf(sentence);
    open.set(key, [...(open.get(key) ?? []), sentence]);
  }
  const left = one.filter((sentence) => open.get(keyOf(sentence))?.pop() === undefined);
  return [left, [...open.values()].flat()];
}

function takeMostAlike(sentence: Sentence, among: Sentence[]): Sentence | undefined {
  const own = new Set(sentence.map((word) => word.hash));
  let best = -1;
  let most = -1;
  for (const [i, other] of among.entries()) {
    const common = other.filter((word) => own.has(word.hash)).length * 2 - other.length;
    if (common > most || best < 0) [best, most] = [i, common];
  }
  return best < 0 ? undefined : among.splice(best, 1)[0];
}

function changesOf(one: Sentence, other: Sentence, share: number): number | undefined {
  const count = Math.max(one.length, other.length);
  if (count < FEWEST_FOR_SYNONYMS) return undefined;
  const gone = notIn(one, other);
  const come = notIn(other, one);
  const changes = Math.max(gone.length, come.length);
  if (changes === 0) return 0;
  if (count < FEWEST_IN_SENTENCE || changes > Math.max(1, Math.floor((1 - share) * count))) return undefined;
  if ([...gone, ...come].some(({ word }) => word.fixed)) return undefined;
  if (sideBySide(gone) > MOST_SIDE_BY_SIDE || sideBySide(come) > MOST_SIDE_BY_SIDE) return undefined;
  return gone.some(({ word }) => come.some((now) => areOpposites(word.text, now.word.text)))
    ? undefined
    : changes;
}

interface Placed {
  readonly word: Word;
  readonly place: number;
}

/** Words of one sentence that another has not, as often as it has them too few times. */
function notIn(one: Sentence, other: Sentence): Placed[] {
  const held = new Map<number, number>();
  for (const { hash } of other) held.set(hash, (held.get(hash) ?? 0) + 1);
  const missing: Placed[] = [];
  for (const [place, word] of one.entries()) {
    const left = held.get(word.hash) ?? 0;
    if (left > 0) held.set(word.hash, left - 1);
    else missing.push({ word, place });
  }
  return missing;
}

function sideBySide(words: readonly Placed[]): number {
  let longest = 0;
  let run = 0;
  for (const [i, { place }] of words.entries()) {
    run = i > 0 && words[i - 1]?.place === place - 1 ? run + 1 : 1;
    longest = Math.max(longest, run);
  }
  return longest;
}

const MOST_PREFIX = 5;
/** `paid` and `unpaid`, `careful` and `careless`: one is the other with something before it, or they end in opposites. */
function areOpposites(one: string, other: string): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  if (long.endsWith(short) && long.length > short.length && long.length - short.length <= MOST_PREFIX)
    return true;
  const stem = (word: string) => word.replace(/(?:ful|less|fully|lessly)$/u, "");
  return stem(one) === stem(other) && stem(one) !== one;
}
