import { type Case, optionsWith } from "./cases.ts";
import { argmax, probabilities, type Sparse, vectorOf } from "./classifier.ts";
import { remember } from "./memory.ts";
import { type Progress, TICK } from "./progress.ts";
import { type Figures, LEARNING_RATE, type Method, type TrainingOptions } from "./train.ts";
import { Descent, emptyWeights, frozen } from "./weights.ts";

interface Prepared {
  readonly x: Sparse;
  readonly rows: readonly (number | undefined)[];
  readonly prior: Float32Array;
  readonly target: number;
}

/** Learns to do what the examples did: down the cross-entropy of their decisions. */
export function* supervised(
  examples: readonly Case[],
  held: readonly Case[],
  options: TrainingOptions,
): Generator<Progress, Method> {
  const weights = yield* emptyWeights(examples, options.start);
  const said = weights.labels.filter((label) => label.startsWith("say:"));
  const known = new Map(weights.labels.map((label, i) => [label, i]));
  const prepare = function* (cases: readonly Case[]): Generator<Progress, Prepared[]> {
    const out: Prepared[] = [];
    for (const one of cases) {
      const { labels, prior, targets } = optionsWith(one.situation, said, [one]);
      out.push({
        x: vectorOf(weights, one.raw),
        rows: labels.map((label) => known.get(label)),
        prior: Float32Array.from(prior),
        target: targets[0] as number,
      });
      yield TICK;
    }
    return out;
  };
  const prepared = yield* prepare(examples);
  const valid = yield* prepare(held);
  const memory = remember(examples, (one) => vectorOf(weights, one.raw), options.start?.memory);
  const descent = new Descent(weights, LEARNING_RATE * options.learningRateMultiplier);

  const judge = (one: Prepared): { p: Float64Array; figures: Figures } => {
    const p = probabilities(weights, one.rows, one.prior, one.x);
    const loss = -Math.log(Math.max(p[one.target] as number, 1e-9));
    return { p, figures: { loss, mean_token_accuracy: argmax(p) === one.target ? 1 : 0 } };
  };
  return {
    examples: prepared.length,
    held: valid.length,
    learn(i, share) {
      const one = prepared[i] as Prepared;
      const { p, figures } = judge(one);
      descent.step({ ...one, slopes: p.map((chance, at) => chance - (at === one.target ? 1 : 0)) }, share);
      return figures;
    },
    check: (i) => judge(valid[i] as Prepared).figures,
    model: () => ({ weights: frozen(weights), memory }),
  };
}
