import { type Case, optionsWithTarget, repeatedAnswers } from "./cases.ts";
import {
  argmax,
  type Label,
  probabilities,
  type Sparse,
  seeded,
  vectorOf,
  type Weights,
} from "./classifier.ts";
import type { Memory, Model } from "./model.ts";

/** Real gradient steps on real examples; every figure that comes out was computed from them. */
export interface TrainingOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRateMultiplier: number;
  readonly seed: number;
  /** A tuned model to go on from. */
  readonly start?: Model | undefined;
}

export interface Metrics {
  readonly step: number;
  readonly train_loss: number;
  readonly train_mean_token_accuracy: number;
  readonly valid_loss?: number;
  readonly valid_mean_token_accuracy?: number;
}

/** `tick`: nothing to tell, a good moment to let others run. */
export type Progress =
  | { readonly kind: "tick" }
  | { readonly kind: "step"; readonly metrics: Metrics }
  | {
      readonly kind: "epoch";
      readonly epoch: number;
      readonly metrics: Metrics & { full_valid_loss?: number; full_valid_mean_token_accuracy?: number };
      readonly model: Model;
    };

const VOCABULARY_MOST = 20_000;
const MEMORY_MOST = 4_000;
/** Adagrad's step before the multiplier; chosen on synthetic routing tasks (test/local-provider), not on any demo. */
const LEARNING_RATE = 0.5;
const TICK: Progress = { kind: "tick" };

interface Prepared {
  readonly x: Sparse;
  readonly rows: (number | undefined)[];
  readonly prior: Float32Array;
  readonly target: number;
}

/** What `auto` means here: small sets one example at a time, large ones in batches up to 16. */
export function autoBatchSize(examples: number): number {
  return Math.max(1, Math.min(16, Math.round(examples / 100)));
}

export function* train(
  examples: readonly Case[],
  held: readonly Case[],
  options: TrainingOptions,
): Generator<Progress, void> {
  const weights = yield* emptyWeights(examples, options.start);
  const said = weights.labels.filter((label) => label.startsWith("say:"));
  const known = new Map(weights.labels.map((label, i) => [label, i]));
  const prepare = function* (cases: readonly Case[]): Generator<Progress, Prepared[]> {
    const out: Prepared[] = [];
    for (const one of cases) {
      const { labels, prior, target } = optionsWithTarget(one, said);
      out.push({
        x: vectorOf(weights, one.raw),
        rows: labels.map((label) => known.get(label)),
        prior: Float32Array.from(prior),
        target,
      });
      yield TICK;
    }
    return out;
  };
  const prepared = yield* prepare(examples);
  const valid = yield* prepare(held);
  const memory = yield* remember(examples, prepared, options.start);
  const squares = weights.rows.map((row) => new Float32Array(row.length));
  const gain = { square: 0 };
  const random = seeded(options.seed);
  const order = prepared.map((_, i) => i);
  let step = 0;
  let nextValid = 0;
  for (let epoch = 1; epoch <= options.epochs; epoch++) {
    shuffle(order, random);
    let last: Metrics = { step, train_loss: 0, train_mean_token_accuracy: 0 };
    for (let from = 0; from < order.length; from += options.batchSize) {
      const batch = order.slice(from, from + options.batchSize).map((i) => prepared[i] as Prepared);
      const done = descend(weights, squares, gain, batch, LEARNING_RATE * options.learningRateMultiplier);
      step++;
      const sample = Array.from({ length: Math.min(valid.length, options.batchSize) }, () => {
        const one = valid[nextValid % valid.length] as Prepared;
        nextValid++;
        return one;
      });
      const check = yield* measure(weights, sample);
      last = {
        step,
        train_loss: done.loss,
        train_mean_token_accuracy: done.accuracy,
        ...(check === undefined ? {} : { valid_loss: check.loss, valid_mean_token_accuracy: check.accuracy }),
      };
      yield { kind: "step", metrics: last };
    }
    const full = yield* measure(weights, valid);
    yield {
      kind: "epoch",
      epoch,
      metrics: {
        ...last,
        ...(full === undefined
          ? {}
          : { full_valid_loss: full.loss, full_valid_mean_token_accuracy: full.accuracy }),
      },
      model: { weights: { ...weights, rows: weights.rows.map((row) => row.slice()) }, memory },
    };
  }
}

/** One step of Adagrad down the cross-entropy of a batch; the figures are those before the step. */
function descend(
  weights: Weights,
  squares: readonly Float32Array[],
  gain: { square: number },
  batch: readonly Prepared[],
  rate: number,
): { loss: number; accuracy: number } {
  let loss = 0;
  let right = 0;
  for (const one of batch) {
    const p = probabilities(weights, one.rows, one.prior, one.x);
    loss -= Math.log(Math.max(p[one.target] as number, 1e-9));
    if (argmax(p) === one.target) right++;
    let gainSlope = 0;
    for (let i = 0; i < p.length; i++) {
      const slope = ((p[i] as number) - (i === one.target ? 1 : 0)) / batch.length;
      gainSlope += slope * (one.prior[i] as number);
      const r = one.rows[i];
      if (r === undefined || Math.abs(slope) < 1e-6) continue;
      const row = weights.rows[r] as Float32Array;
      const square = squares[r] as Float32Array;
      for (let k = 0; k < one.x.at.length; k++) {
        const at = one.x.at[k] as number;
        const g = slope * (one.x.value[k] as number);
        square[at] = (square[at] as number) + g * g;
        row[at] = (row[at] as number) - (rate * g) / (Math.sqrt(square[at]) + 1e-6);
      }
    }
    // One shared weight sees every example: it moves a hundred times slower than a word's.
    gain.square += gainSlope * gainSlope;
    weights.gain = Math.max(0, weights.gain - (0.01 * rate * gainSlope) / (Math.sqrt(gain.square) + 1e-6));
  }
  return { loss: loss / batch.length, accuracy: right / batch.length };
}

function* measure(
  weights: Weights,
  cases: readonly Prepared[],
): Generator<Progress, { loss: number; accuracy: number } | undefined> {
  if (cases.length === 0) return undefined;
  let loss = 0;
  let right = 0;
  for (let i = 0; i < cases.length; i++) {
    const one = cases[i] as Prepared;
    const p = probabilities(weights, one.rows, one.prior, one.x);
    loss -= Math.log(Math.max(p[one.target] as number, 1e-9));
    if (argmax(p) === one.target) right++;
    if (i % 16 === 15) yield TICK;
  }
  return { loss: loss / cases.length, accuracy: right / cases.length };
}

function* emptyWeights(cases: readonly Case[], start: Model | undefined): Generator<Progress, Weights> {
  const found = new Map<string, number>();
  const labels = new Set<Label>(start?.weights.labels ?? []);
  for (const one of cases) {
    for (const feature of new Set(one.raw)) found.set(feature, (found.get(feature) ?? 0) + 1);
    for (const name of one.situation.toolset.names) labels.add(`tool:${name}`);
    labels.add(one.target);
    yield TICK;
  }
  labels.add("text");
  for (const label of repeatedAnswers(cases)) labels.add(label);
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

function* remember(
  cases: readonly Case[],
  prepared: readonly Prepared[],
  start: Model | undefined,
): Generator<Progress, readonly Memory[]> {
  const constants = new Map<string, number>();
  for (const one of cases) {
    for (const leaf of one.leaves ?? [])
      if ("value" in leaf) {
        const key = constantKey(one, leaf.path, leaf.value);
        constants.set(key, (constants.get(key) ?? 0) + 1);
      }
    yield TICK;
  }
  const own = cases.slice(-MEMORY_MOST).map((one, i): Memory => {
    const { x } = prepared[Math.max(0, cases.length - MEMORY_MOST) + i] as Prepared;
    return {
      label: one.target,
      x,
      ...(one.text === undefined || one.situation.after !== undefined ? {} : { text: one.text }),
      ...(one.leaves === undefined
        ? {}
        : {
            // A text that stands in one example only and not in its request was its own: nothing to imitate.
            leaves: one.leaves.filter(
              (leaf) =>
                !("value" in leaf) ||
                typeof leaf.value !== "string" ||
                (constants.get(constantKey(one, leaf.path, leaf.value)) ?? 0) > 1,
            ),
          }),
    };
  });
  return [...(start?.memory ?? []), ...own].slice(-MEMORY_MOST);
}

const constantKey = (one: Case, path: string, value: unknown) => JSON.stringify([one.target, path, value]);

function shuffle(list: number[], random: () => number): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j] as number, list[i] as number];
  }
}
