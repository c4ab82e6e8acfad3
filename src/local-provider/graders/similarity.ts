import { GraderFault } from "./template.ts";

/** How alike two texts are, 0 to 1, by metric. Words are compared without their case; `fuzzy_match` compares letters. */
const METRICS: Readonly<Record<string, (input: string, reference: string) => number>> = {
  fuzzy_match: (a, b) => {
    const [input, reference] = [letters(a), letters(b)];
    const both = input.length + reference.length;
    return both === 0 ? 1 : balanced(longestCommon(input, reference), input.length, reference.length);
  },
  bleu: (a, b) => bleu(tokens(a), tokens(b)),
  gleu: (a, b) => gleu(tokens(a), tokens(b)),
  rouge_1: (a, b) => rouge(tokens(a), tokens(b), 1),
  rouge_2: (a, b) => rouge(tokens(a), tokens(b), 2),
  rouge_3: (a, b) => rouge(tokens(a), tokens(b), 3),
  rouge_4: (a, b) => rouge(tokens(a), tokens(b), 4),
  rouge_5: (a, b) => rouge(tokens(a), tokens(b), 5),
  rouge_l: (a, b) => {
    const [input, reference] = [tokens(a), tokens(b)];
    return balanced(longestCommon(input, reference), input.length, reference.length);
  },
};
export const SIMILARITIES = Object.keys(METRICS);

export const similarity = (metric: string, input: string, reference: string): number =>
  METRICS[metric]?.(input, reference) ?? Number.NaN;

const letters = (text: string): string[] => Array.from(text);
const tokens = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Harmonic mean of the shares that the two sides have in common. */
const balanced = (common: number, a: number, b: number) => (a + b === 0 ? 0 : (2 * common) / (a + b));

/** Letters or words that are compared at most. */
const LONGEST = 20_000;

/**
 * Length of the longest common subsequence, a bit an element of `a` (Hyyrö 2004, "Bit-parallel LCS-length computation").
 * @throws GraderFault for texts too long to be compared while an answer is waited for
 */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  if (Math.max(a.length, b.length) > LONGEST)
    throw new GraderFault(`A text is longer than ${LONGEST} letters or words.`);
  const places = new Map<string, bigint>();
  for (const [i, one] of a.entries()) places.set(one, (places.get(one) ?? 0n) | (1n << BigInt(i)));
  const all = (1n << BigInt(a.length)) - 1n;
  let row = all;
  for (const one of b) {
    const both = row & (places.get(one) ?? 0n);
    row = ((row + both) | (row - both)) & all;
  }
  return a.length === 0 ? 0 : a.length - row.toString(2).replaceAll("0", "").length;
}

function grams(words: readonly string[], n: number): Map<string, number> {
  const out = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++) {
    const gram = words.slice(i, i + n).join(" ");
    out.set(gram, (out.get(gram) ?? 0) + 1);
  }
  return out;
}

/** Runs of `n` words that both have, and how many each has. */
function shared(a: readonly string[], b: readonly string[], n: number) {
  const [mine, theirs] = [grams(a, n), grams(b, n)];
  let common = 0;
  for (const [gram, count] of mine) common += Math.min(count, theirs.get(gram) ?? 0);
  return { common, mine: Math.max(0, a.length - n + 1), theirs: Math.max(0, b.length - n + 1) };
}

function rouge(a: readonly string[], b: readonly string[], n: number): number {
  const { common, mine, theirs } = shared(a, b, n);
  return balanced(common, mine, theirs);
}

const LONGEST_GRAM = 4;

/** Sentence BLEU, with one added to the counts of runs of two words and more (Lin and Och 2004). */
function bleu(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0) return 0;
  let logs = 0;
  for (let n = 1; n <= LONGEST_GRAM; n++) {
    const { common, mine } = shared(a, b, n);
    const add = n === 1 ? 0 : 1;
    if (common + add === 0) return 0;
    logs += Math.log((common + add) / (mine + add)) / LONGEST_GRAM;
  }
  return Math.exp(Math.min(0, 1 - b.length / a.length) + logs);
}

/** Google's BLEU of a sentence: of all runs of one to four words, the smaller of precision and recall. */
function gleu(a: readonly string[], b: readonly string[]): number {
  let [common, most] = [0, 0];
  for (let n = 1; n <= LONGEST_GRAM; n++) {
    const one = shared(a, b, n);
    common += one.common;
    most += Math.max(one.mine, one.theirs);
  }
  return most === 0 ? 0 : common / most;
}
