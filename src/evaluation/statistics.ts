/** How two models did on the same examples. */
export interface PairCounts {
  readonly both: number;
  readonly candidateOnly: number;
  readonly baselineOnly: number;
  readonly neither: number;
}

/** ln(n!), summed once and kept: exact to about 1e-12 for the few thousand pairs an evaluation has. */
const LOG_FACTORIALS: number[] = [0];
function logFactorial(n: number): number {
  for (let i = LOG_FACTORIALS.length; i <= n; i++)
    LOG_FACTORIALS.push((LOG_FACTORIALS[i - 1] ?? 0) + Math.log(i));
  return LOG_FACTORIALS[n] ?? 0;
}

/** P(X = k) for X ~ Binomial(n, 1/2). */
function fairCoin(n: number, k: number): number {
  return Math.exp(logFactorial(n) - logFactorial(k) - logFactorial(n - k) - n * Math.LN2);
}

/**
 * McNemar's test on the discordant pairs, two-sided: under "no difference" each of them falls to either side like a
 * fair coin. `exact` is the conditional binomial test; `mid-p` counts the observed table by half, which is less
 * conservative (Fagerland, Lydersen, Laake 2013, BMC Med Res Methodol 13:91). Without discordant pairs p is 1.
 */
export function mcnemar(counts: PairCounts, kind: "exact" | "mid-p" = "exact"): number {
  const n = counts.candidateOnly + counts.baselineOnly;
  if (n === 0) return 1;
  const least = Math.min(counts.candidateOnly, counts.baselineOnly);
  let tail = 0;
  for (let k = 0; k <= least; k++) tail += fairCoin(n, k);
  const doubled = 2 * tail - (kind === "mid-p" ? fairCoin(n, least) : 0);
  return Math.min(1, doubled);
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
