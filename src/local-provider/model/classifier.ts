import { scoreTools, TEXT_AFTER_RESULT, TEXT_PRIOR, type Toolset } from "./prior.ts";
import { features } from "./text.ts";

/**
 * The trained part: a softmax regression over the words of the request whose starting point is the untrained model's
 * scores. With no weights learned it *is* the untrained model, so training can only add what the examples teach,
 * good or bad.
 */
export interface Situation {
  readonly request: string;
  readonly toolset: Toolset;
  /** The name of the tool whose result is the newest message, if it is one. */
  readonly after?: string | undefined;
}

/** What the model decides on: `tool:<name>`, `text` (free text), or `say:<text>`, an answer that examples repeat. */
export type Label = string;
export const TEXT: Label = "text";
export const toolLabel = (name: string): Label => `tool:${name}`;

export interface Weights {
  readonly labels: readonly Label[];
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly idf: Float32Array;
  /** One row for each label, one column for each word. */
  readonly rows: readonly Float32Array[];
  /** How far the untrained scores are trusted; 1 before training. */
  gain: number;
}

export interface Sparse {
  readonly at: Int32Array;
  readonly value: Float32Array;
}

export function rawFeatures(situation: Situation): string[] {
  return [
    ...features(situation.request),
    ...(situation.after === undefined ? [] : [`@after ${situation.after}`, "@after"]),
  ];
}

/** Known words of a situation as a vector of length 1. */
export function vectorOf(weights: Pick<Weights, "vocabulary" | "idf">, raw: readonly string[]): Sparse {
  const found = new Map<number, number>();
  for (const feature of raw) {
    const index = weights.vocabulary.get(feature);
    if (index !== undefined) found.set(index, weights.idf[index] ?? 0);
  }
  let norm = 0;
  for (const value of found.values()) norm += value * value;
  norm = Math.sqrt(norm) || 1;
  return {
    at: Int32Array.from(found.keys()),
    value: Float32Array.from(found.values(), (value) => value / norm),
  };
}

/** Labels that may be chosen here, with the untrained score of each. */
export function optionsOf(
  situation: Situation,
  said: readonly Label[],
): { labels: Label[]; prior: number[] } {
  const labels = [...situation.toolset.names.map(toolLabel), TEXT, ...said];
  const text = situation.after === undefined ? TEXT_PRIOR : TEXT_AFTER_RESULT;
  // A repeated answer starts below free text: only training can bring it up.
  const prior = [...scoreTools(situation.toolset, situation.request), text, ...said.map(() => text - 1)];
  return { labels, prior };
}

/** How far an option is tended to: its untrained score, and what its words have learned to add. */
export function logitOf(
  weights: Weights | undefined,
  row: number | undefined,
  prior: number,
  x: Sparse,
): number {
  let logit = (weights?.gain ?? 1) * prior;
  const learnt = row === undefined ? undefined : weights?.rows[row];
  if (learnt !== undefined)
    for (let k = 0; k < x.at.length; k++) logit += (learnt[x.at[k] as number] ?? 0) * (x.value[k] as number);
  return logit;
}

/** Probabilities of the options, in their order. */
export function probabilities(
  weights: Weights | undefined,
  rows: readonly (number | undefined)[],
  prior: ArrayLike<number>,
  x: Sparse,
): Float64Array {
  const logits = new Float64Array(rows.length);
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows.length; i++) {
    const logit = logitOf(weights, rows[i], prior[i] ?? 0, x);
    logits[i] = logit;
    if (logit > most) most = logit;
  }
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    const e = Math.exp((logits[i] as number) - most);
    logits[i] = e;
    sum += e;
  }
  for (let i = 0; i < logits.length; i++) logits[i] = (logits[i] as number) / sum;
  return logits;
}

export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}

/** A small, fast, seeded generator of numbers in [0, 1) (mulberry32), so that a seed fixes the whole training. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
