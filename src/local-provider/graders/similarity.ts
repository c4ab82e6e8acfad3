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

function longestCommon(a: readonly string[], b: readonly string[]): number {
  let before = new Uint32Array(b.length + 1);
  for (const one of a) {
    const row = new Uint32Array(b.length + 1);
    for (let j = 0; j < b.length; j++)
      row[j + 1] =
        one === b[j] ? (before[j] as number) + 1 : Math.max(before[j + 1] as number, row[j] as number);
    before = row;
  }
  return before[b.length] as number;
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
