import { seeded } from "./classifier.ts";
import type { Model } from "./model.ts";
import { type Metrics, type Progress, TICK } from "./progress.ts";

/** Real steps on real examples; every figure that comes out was computed from them. */
export interface TrainingOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRateMultiplier: number;
  readonly seed: number;
  /** A tuned model to go on from. */
  readonly start?: Model | undefined;
}

/** Figures of one example, by name; a step's are their means. */
export type Figures = Readonly<Record<string, number>>;

/** What a method makes of its examples. The loop below is the same for all. */
export interface Method {
  /** How many examples there are to learn from, and how many are held out. */
  readonly examples: number;
  readonly held: number;
  /** Moves the model by an example, as it now is. @param share 1 over the examples of the step */
  learn(example: number, share: number): Figures;
  /** The figures of an example that is held out. */
  check(held: number): Figures;
  /** Steps between two looks at the validation side, and how many examples each takes; absent: every step, as many as the step has. */
  readonly looks?: { readonly every: number; readonly examples: number };
  /** The model as it now is; later steps do not change it. */
  model(): Model;
}

/** Adagrad's step before the multiplier; chosen on synthetic routing tasks (test/local-provider), not on any demo. */
export const LEARNING_RATE = 0.5;

/** What `auto` means here: small sets one example at a time, large ones in batches up to 16. */
export function autoBatchSize(examples: number): number {
  return Math.max(1, Math.min(16, Math.round(examples / 100)));
}

export function* train(method: Method, options: TrainingOptions): Generator<Progress, void> {
  const { epochs, batchSize } = options;
  const random = seeded(options.seed);
  const order = Array.from({ length: method.examples }, (_, i) => i);
  const { every, examples: looked } = method.looks ?? { every: 1, examples: batchSize };
  let step = 0;
  let nextHeld = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    shuffle(order, random);
    let last: Metrics = { step };
    for (let from = 0; from < order.length; from += batchSize) {
      const batch = order.slice(from, from + batchSize);
      const seen: Figures[] = [];
      for (const example of batch) {
        seen.push(method.learn(example, 1 / batch.length));
        yield TICK;
      }
      step++;
      const sample: number[] = [];
      if (step % every === 0)
        for (let i = Math.min(method.held, looked); i > 0; i--) sample.push(nextHeld++ % method.held);
      last = { step, ...named("train_", seen), ...named("valid_", yield* check(method, sample)) };
      yield { kind: "step", metrics: last };
    }
    const all = Array.from({ length: method.held }, (_, i) => i);
    const metrics = { ...last, ...named("full_valid_", yield* check(method, all)) };
    yield { kind: "epoch", epoch, metrics, model: method.model() };
  }
}

function* check(method: Method, held: readonly number[]): Generator<Progress, Figures[]> {
  const out: Figures[] = [];
  for (const one of held) {
    out.push(method.check(one));
    if (out.length % 16 === 0) yield TICK;
  }
  return out;
}

/** The means of figures, under names that say which side they are of. */
function named(prefix: string, all: readonly Figures[]): Record<string, number> {
  const names = Object.keys(all[0] ?? {});
  const mean = (name: string) => all.reduce((sum, one) => sum + (one[name] ?? 0), 0) / all.length;
  return Object.fromEntries(names.map((name) => [prefix + name, mean(name)]));
}

function shuffle(list: number[], random: () => number): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j] as number, list[i] as number];
  }
}
