import { optionsWith } from "./cases.ts";
import { logitOf, type Sparse, vectorOf, type Weights } from "./classifier.ts";
import { likingNear, MEMORY_MOST, remember } from "./memory.ts";
import type { Memory } from "./model.ts";
import { decision, type Pair } from "./pairs.ts";
import { type Progress, TICK } from "./progress.ts";
import { type Figures, LEARNING_RATE, type Method, type TrainingOptions, train } from "./train.ts";
import { Descent, emptyWeights, frozen } from "./weights.ts";

/** In standard errors: of slopes that chance dealt out about one in ten lies further from 0. */
const DOUBT = 1.65;

export interface PreferenceOptions extends TrainingOptions {
  /** How closely the model stays to the one it began as: the higher, the smaller the margin that it is content with. */
  readonly beta: number;
}

/** A remembered answer whose liking changes while the model is trained. */
interface Kept extends Omit<Memory, "liking"> {
  liking: number;
}

interface Prepared {
  readonly x: Sparse;
  readonly rows: readonly (number | undefined)[];
  readonly prior: Float32Array;
  readonly preferred: number;
  readonly rejected: number;
  /** How much more likely the preferred answer was before training, in nats. */
  readonly before: number;
  readonly kept?: { readonly preferred: Kept; readonly rejected: Kept } | undefined;
}

/**
 * Direct preference optimisation (Rafailov et al. 2023): the loss is −ln σ(β · margin), where the margin is how much
 * further the model has moved towards the preferred answer than towards the rejected one since it began. Of a softmax
 * the logarithm of two chances' ratio is the difference of their logits, so each pair moves two logits, in opposite
 * directions. Two answers that are one decision (the same tool, both free text) differ in how well each is liked.
 *
 * One of the two is often right whichever was preferred, so that preferences dealt out by chance could make a better
 * model. Where the pairs do not agree with each other, a word's weight moves only as far as those that hold it do.
 */
export function* preferences(
  examples: readonly Pair[],
  held: readonly Pair[],
  options: PreferenceOptions,
): Generator<Progress, Method> {
  const agreed = yield* isAgreed(examples, options);
  return yield* optimise(examples, held, options, !agreed);
}

/**
 * Whether the pairs say the same of each other: each half is judged by a model that was trained on the other half. A coin
 * is right within two standard errors of one half.
 */
function* isAgreed(examples: readonly Pair[], options: PreferenceOptions): Generator<Progress, boolean> {
  // What is said of one request is in one half, so that it cannot agree with itself.
  const requests = new Map<string, number>();
  const halfOf = ({ preferred: { situation } }: Pair) => {
    const before = requests.get(situation.request) ?? requests.size;
    requests.set(situation.request, before);
    return before % 2;
  };
  const halves = Map.groupBy(examples, halfOf);
  const half = (rest: number) => halves.get(rest) ?? [];
  let judged = 0;
  let right = 0;
  for (const rest of [0, 1]) {
    const method = yield* optimise(half(rest), half(1 - rest), options, false);
    for (const progress of train(method, options)) {
      if (progress.kind === "epoch" && progress.epoch === options.epochs)
        right += method.held * (progress.metrics.full_valid_accuracy ?? 0);
      yield TICK;
    }
    judged += method.held;
  }
  return right > judged / 2 + Math.sqrt(judged);
}

function* optimise(
  examples: readonly Pair[],
  held: readonly Pair[],
  options: PreferenceOptions,
  cautious: boolean,
): Generator<Progress, Method> {
  const cases = examples.flatMap(({ preferred, rejected }) => [preferred, rejected]);
  const weights = yield* emptyWeights(cases, options.start);
  const said = weights.labels.filter((label) => label.startsWith("say:"));
  const known = new Map(weights.labels.map((label, i) => [label, i]));
  const keep = (side: keyof Pair): Kept[] => {
    const all = examples.map((pair) => pair[side]);
    return remember(all, (one) => vectorOf(weights, one.raw)).map((one) => ({ ...one, liking: 0 }));
  };
  const kept = { preferred: keep("preferred"), rejected: keep("rejected") };
  /** Of a large file the last examples alone are remembered. */
  const forgotten = examples.length - kept.preferred.length;

  const prepare = ({ preferred, rejected }: Pair, at = -1): Prepared => {
    const { labels, prior, targets } = optionsWith(preferred.situation, said, [preferred, rejected]);
    const [better = 0, worse = 0] = targets;
    const memory = { preferred: kept.preferred[at - forgotten], rejected: kept.rejected[at - forgotten] };
    const one = {
      x: vectorOf(weights, preferred.raw),
      rows: labels.map((label) => known.get(label)),
      prior: Float32Array.from(prior),
      preferred: better,
      rejected: worse,
      ...(memory.preferred && memory.rejected ? { kept: memory as Prepared["kept"] } : {}),
    };
    return { ...one, before: gap(weights, one) };
  };
  const prepared: Prepared[] = [];
  for (const [i, pair] of examples.entries()) {
    prepared.push(prepare(pair, i));
    yield TICK;
  }
  const byAnswer = Map.groupBy([...kept.preferred, ...kept.rejected], (one) =>
    decision({ ...one, target: one.label }),
  );
  const valid = held.map((pair) => ({ ...prepare(pair), pair }));
  /** Of a held-out pair with one decision: how much better its preferred answer is liked in situations like it. */
  const likedNear = ({ x, pair }: (typeof valid)[number]) =>
    likingNear(byAnswer.get(decision(pair.preferred)) ?? [], x) -
    likingNear(byAnswer.get(decision(pair.rejected)) ?? [], x);
  const rate = LEARNING_RATE * options.learningRateMultiplier;
  const descent = new Descent(weights, rate, cautious);
  let learnt = 0;

  const judge = (one: Prepared, liked: number): { slope: number; figures: Figures } => {
    const margin = options.beta * (gap(weights, one) - one.before + liked);
    const doubt = 1 / (1 + Math.exp(margin));
    return {
      slope: -options.beta * doubt,
      figures: { loss: Math.log1p(Math.exp(-margin)), accuracy: margin > 0 ? 1 : 0, reward_margin: margin },
    };
  };
  return {
    examples: prepared.length,
    held: valid.length,
    learn(i, share) {
      const one = prepared[i] as Prepared;
      const same = one.preferred === one.rejected;
      const liked = same && one.kept ? one.kept.preferred.liking - one.kept.rejected.liking : 0;
      const { slope, figures } = judge(one, liked);
      if (cautious) descent.doubt(DOUBT * Math.sqrt(Math.ceil(++learnt / prepared.length)));
      if (!same) {
        const slopes = new Float64Array(one.rows.length);
        slopes[one.preferred] = slope;
        slopes[one.rejected] = -slope;
        descent.step({ ...one, slopes }, share);
      } else if (one.kept !== undefined) {
        one.kept.preferred.liking -= rate * slope * share;
        one.kept.rejected.liking += rate * slope * share;
      }
      return figures;
    },
    check(i) {
      const one = valid[i] as (typeof valid)[number];
      return judge(one, one.preferred === one.rejected ? likedNear(one) : 0).figures;
    },
    model() {
      const own = prepared.flatMap(({ kept: both, preferred, rejected }) => {
        if (both === undefined) return [];
        if (preferred !== rejected) return [both.preferred];
        // Where the pairs do not agree, no way to fill a tool's arguments is better than another.
        return cautious && both.preferred.leaves !== undefined ? [] : [both.rejected, both.preferred];
      });
      const memory = [...(options.start?.memory ?? []), ...own].slice(-MEMORY_MOST);
      return { weights: frozen(weights), memory: memory.map((one) => ({ ...one })) };
    },
  };
}

/** How much more the model tends to the preferred answer than to the rejected one, in nats. */
function gap(weights: Weights, { rows, prior, x, preferred, rejected }: Omit<Prepared, "before">): number {
  const logit = (i: number) => logitOf(weights, rows[i], prior[i] ?? 0, x);
  return logit(preferred) - logit(rejected);
}
