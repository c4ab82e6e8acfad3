/** How two models did on the same examples. */
export interface PairCounts {
  readonly both: number;
  readonly candidateOnly: number;
  readonly baselineOnly: number;
  readonly neither: number;
}

/** The 97.5 % point of the standard normal distribution, for two-sided 95 % intervals. */
const Z_95 = 1.959963984540054;

/** Wilson's score interval of a proportion (Wilson 1927, JASA 22:209-212). */
export function wilson(successes: number, n: number, z = Z_95): [number, number] {
  const p = successes / n;
  const middle = p + (z * z) / (2 * n);
  const reach = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return [Math.max(0, (middle - reach) / scale), Math.min(1, (middle + reach) / scale)];
}

/**
 * The interval of the paired difference, candidate minus baseline: Newcombe's hybrid score method with the corrected
 * correlation (method 10 of Newcombe 1998, Stat Med 17:2635-2650; recommended in Fagerland, Lydersen, Laake 2014, Stat
 * Med 33:2850-2875). It stays within [-1, 1] and has a sensible width where Wald's has none (no discordant pair).
 * Without any pair nothing is known: [-1, 1].
 */
export function pairedDifferenceInterval(counts: PairCounts, z = Z_95): [number, number] {
  const { both: a, candidateOnly: b, baselineOnly: c, neither: d } = counts;
  const n = a + b + c + d;
  if (n === 0) return [-1, 1];
  const [candidate, baseline] = [(a + b) / n, (a + c) / n];
  const [candidateLow, candidateHigh] = wilson(a + b, n, z);
  const [baselineLow, baselineHigh] = wilson(a + c, n, z);
  const phi = correlation(counts);
  const lower = squareAndAdd(candidate - candidateLow, baselineHigh - baseline, phi);
  const upper = squareAndAdd(candidateHigh - candidate, baseline - baselineLow, phi);
  const difference = candidate - baseline;
  return [Math.max(-1, difference - lower), Math.min(1, difference + upper)];
}

function squareAndAdd(one: number, other: number, phi: number): number {
  return Math.sqrt(Math.max(0, one * one - 2 * phi * one * other + other * other));
}

/** Newcombe's continuity-corrected phi: a positive correlation is taken smaller, never turned negative. */
function correlation({ both: a, candidateOnly: b, baselineOnly: c, neither: d }: PairCounts): number {
  const margins = (a + b) * (c + d) * (a + c) * (b + d);
  if (margins === 0) return 0;
  const product = a * d - b * c;
  const corrected = product > 0 ? Math.max(product - (a + b + c + d) / 2, 0) : product;
  return corrected / Math.sqrt(margins);
}
