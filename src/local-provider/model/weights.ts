import { type Case, repeatedAnswers } from "./cases.ts";
import type { Label, Sparse, Weights } from "./classifier.ts";
import type { Model } from "./model.ts";
import { type Progress, TICK } from "./progress.ts";

const VOCABULARY_MOST = 20_000;

/** What one example pulls at: its words, its options, and the slope of the loss by each option's logit. */
interface Pull {
  readonly x: Sparse;
  readonly rows: readonly (number | undefined)[];
  readonly prior: ArrayLike<number>;
  readonly slopes: ArrayLike<number>;
}

/** Adagrad on the weights: what is pulled at often moves in smaller steps. */
export class Descent {
  readonly #weights: Weights;
  readonly #squares: readonly Float32Array[];
  #gainSquare = 0;
  readonly #rate: number;
  readonly #caution:
    | { readonly start: readonly Float32Array[]; readonly sums: readonly Float32Array[] }
    | undefined;
  #doubt = 0;

  /** @param cautious each weight moves only as far as its slopes agree beyond chance (`doubt`) */
  constructor(weights: Weights, rate: number, cautious = false) {
    this.#weights = weights;
    this.#squares = weights.rows.map((row) => new Float32Array(row.length));
    this.#rate = rate;
    this.#caution = cautious
      ? { start: frozen(weights).rows, sums: frozen({ ...weights, rows: this.#squares }).rows }
      : undefined;
  }

  /**
   * Of a cautious descent: how many standard errors the sum of a weight's slopes must lie from 0. Slopes that chance
   * dealt out lie within two, and √n times that after n times the same examples.
   */
  doubt(standardErrors: number): void {
    this.#doubt = standardErrors;
  }

  /** One example's part of a step; `share`: 1 over the examples of the step. */
  step({ x, rows, prior, slopes }: Pull, share: number): void {
    const weights = this.#weights;
    let gainSlope = 0;
    for (let i = 0; i < slopes.length; i++) {
      const slope = (slopes[i] as number) * share;
      gainSlope += slope * (prior[i] as number);
      const r = rows[i];
      if (r === undefined || Math.abs(slope) < 1e-6) continue;
      const row = weights.rows[r] as Float32Array;
      const square = this.#squares[r] as Float32Array;
      for (let k = 0; k < x.at.length; k++) {
        const at = x.at[k] as number;
        const g = slope * (x.value[k] as number);
        square[at] = (square[at] as number) + g * g;
        const scale = Math.sqrt(square[at]) + 1e-6;
        if (this.#caution === undefined) row[at] = (row[at] as number) - (this.#rate * g) / scale;
        else {
          // Dual averaging with a soft threshold: the same steps, taken from the start anew.
          const sums = this.#caution.sums[r] as Float32Array;
          sums[at] = (sums[at] as number) + g;
          const sure = sums[at] / scale;
          const beyond = Math.max(0, Math.abs(sure) - this.#doubt);
          row[at] =
            ((this.#caution.start[r] as Float32Array)[at] as number) - this.#rate * Math.sign(sure) * beyond;
        }
      }
    }
    // One shared weight sees every example: it moves a hundred times slower than a word's.
    this.#gainSquare += gainSlope * gainSlope;
    weights.gain = Math.max(
      0,
      weights.gain - (0.01 * this.#rate * gainSlope) / (Math.sqrt(this.#gainSquare) + 1e-6),
    );
  }
}

/**
 * Weights to begin with: those of `start`, with a row for each answer of the examples and a column for each of their words.
 * @param more answers to be learned beside those that the examples give
 */
export function* emptyWeights(
  cases: readonly Case[],
  start: Model | undefined,
  more: readonly Label[] = [],
): Generator<Progress, Weights> {
  const found = new Map<string, number>();
  const labels = new Set<Label>(start?.weights.labels ?? []);
  for (const one of cases) {
    for (const feature of new Set(one.raw)) found.set(feature, (found.get(feature) ?? 0) + 1);
    for (const name of one.situation.toolset.names) labels.add(`tool:${name}`);
    labels.add(one.target);
    yield TICK;
  }
  for (const label of ["text", ...repeatedAnswers(cases), ...more]) labels.add(label);
  const kept = [...found]
    .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, VOCABULARY_MOST)
    .map(([feature]) => feature);
  const list = [...new Set([...(start?.weights.vocabulary.keys() ?? []), ...kept])];
  const vocabulary = new Map(list.map((feature, i) => [feature, i]));
  const idf = Float32Array.from(list, (feature, i) => {
    const count = found.get(feature);
    return count === undefined ? (start?.weights.idf[i] ?? 1) : Math.log(1 + cases.length / count);
  });
  const old = new Map((start?.weights.labels ?? []).map((label, i) => [label, i]));
  const rows = [...labels].map((label) => {
    const row = new Float32Array(list.length);
    const before = old.get(label);
    // The old vocabulary leads the new one, so that old columns keep their places.
    if (before !== undefined) row.set(start?.weights.rows[before] ?? []);
    return row;
  });
  return { labels: [...labels], vocabulary, idf, rows, gain: start?.weights.gain ?? 1 };
}

/** A copy that later steps do not change. */
export const frozen = (weights: Weights): Weights => ({
  ...weights,
  rows: weights.rows.map((row) => row.slice()),
});
