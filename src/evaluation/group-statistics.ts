import { type PairCounts, pairedDifferenceInterval } from "./statistics.ts";

/** What one group of examples said: how many pairs it has, and by how many more of them the candidate was right. */
export interface GroupSum {
  readonly pairs: number;
  readonly gain: number;
}

/**
 * Two-sided exact test by sign flips of the groups' sums: under "no difference" the models could change places in any
 * group, so each sum is as likely with either sign. All 2^G ways are counted, by their sums. With groups of one pair it
 * is the exact McNemar test. Without a group whose sum differs from 0 p is 1.
 */
export function signFlipTest(groups: readonly GroupSum[]): number {
  const sizes = groups.map(({ gain }) => Math.abs(gain)).filter((size) => size > 0);
  const most = sizes.reduce((sum, size) => sum + size, 0);
  const seen = Math.abs(groups.reduce((sum, { gain }) => sum + gain, 0));
  if (most === 0) return 1;
  /** chance[w]: that the sums with a plus come to w; the whole is then 2w - most. */
  const chance = new Float64Array(most + 1);
  chance[0] = 1;
  let reached = 0;
  for (const size of sizes) {
    reached += size;
    for (let w = reached; w >= 0; w--)
      chance[w] = ((chance[w] as number) + (w >= size ? (chance[w - size] as number) : 0)) / 2;
  }
  let p = 0;
  for (let w = 0; w <= most; w++) if (Math.abs(2 * w - most) >= seen) p += chance[w] as number;
  return Math.min(1, p);
}

/** P(|T| <= t) of Student's t with a whole number of degrees of freedom: finite sums (Abramowitz, Stegun 26.7.3 and 4). */
function withinT(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const isOdd = freedom % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= freedom - 2; k += 2) {
    term *= (cosine * cosine * (k - 1)) / k;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}

const quantiles = new Map<number, number>();
/** The 97.5 % point of Student's t, for two-sided 95 % intervals. */
export function t975(freedom: number): number {
  const known = quantiles.get(freedom);
  if (known !== undefined) return known;
  let [low, high] = [1.9, 13];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (withinT(middle, freedom) < 0.95) low = middle;
    else high = middle;
  }
  quantiles.set(freedom, high);
  return high;
}

/**
 * The 95 % interval of the difference where groups, not pairs, are independent. Of two intervals the wider end:
 * - Student's t on the groups' sums in the ratio form, for groups of unequal size, moved by their skewness (Hall 1992),
 *   outwards only: a few large losses among many small gains are else taken for less than they are;
 * - Newcombe's score interval on the effective number of pairs, which is the number of pairs divided by the design
 *   effect: it keeps a sensible width where few pairs differ, or none.
 * Of fewer than two groups nothing is known: [-1, 1].
 */
export function groupedInterval(groups: readonly GroupSum[], counts: PairCounts): [number, number] {
  const n = groups.length;
  if (n < 2) return [-1, 1];
  let [pairs, gain] = [0, 0];
  for (const group of groups) {
    pairs += group.pairs;
    gain += group.gain;
  }
  const difference = gain / pairs;
  let [squares, cubes, sizes] = [0, 0, 0];
  for (const group of groups) {
    const rest = group.gain - difference * group.pairs;
    squares += rest * rest;
    cubes += rest * rest * rest;
    sizes += group.pairs * group.pairs;
  }
  const t = t975(n - 1);
  const error = Math.sqrt((n / (n - 1)) * squares) / pairs;
  const skewness = squares === 0 ? 0 : cubes / n / (squares / n) ** 1.5;
  const moved = (error * skewness * (2 * t * t + 1)) / (6 * Math.sqrt(n));

  const differing = counts.candidateOnly + counts.baselineOnly;
  const independent = differing - pairs * difference * difference;
  // Where all pairs agree, or all differ alike, nothing shows how alike a group is: it is taken for one pair.
  const effect = independent < 1e-9 ? sizes / pairs : Math.max(1, squares / independent);
  const scaled = {
    both: counts.both / effect,
    candidateOnly: counts.candidateOnly / effect,
    baselineOnly: counts.baselineOnly / effect,
    neither: counts.neither / effect,
  };
  const [low, high] = pairedDifferenceInterval(scaled, t);
  return [
    Math.max(-1, Math.min(low, difference - t * error + Math.min(0, moved))),
    Math.min(1, Math.max(high, difference + t * error + Math.max(0, moved))),
  ];
}
