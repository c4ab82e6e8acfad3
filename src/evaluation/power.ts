/** Chance that a gain which is there is seen; the level of the test is two-sided. */
const POWER = 0.8;
const LEVEL = 0.05;

/** ln(n!) up to a number. */
function logFactorials(most: number): Float64Array {
  const logs = new Float64Array(most + 1);
  for (let i = 1; i <= most; i++) logs[i] = (logs[i - 1] as number) + Math.log(i);
  return logs;
}

/**
 * The smallest gain that so many groups show as one with a chance of 80 %, when this share of them differs between the
 * models: the net share of groups on which the candidate alone is right. Reckoned by the exact test of the verdict, a
 * group as one pair, which is what a group of one session mostly is. undefined: these groups can show none.
 */
export function smallestGain(groups: number, differing: number): number | undefined {
  if (groups < 1 || differing <= 0) return undefined;
  const logs = logFactorials(groups);
  const log = (n: number, k: number) => (logs[n] as number) - (logs[k] as number) - (logs[n - k] as number);
  const of = (n: number, k: number, p: number): number =>
    Math.exp(log(n, k) + (k === 0 ? 0 : k * Math.log(p)) + (n === k ? 0 : (n - k) * Math.log1p(-p)));
  const shares = Array.from({ length: groups + 1 }, (_, k) =>
    differing >= 1 ? Number(k === groups) : of(groups, k, differing),
  );
  /** How many of k differing groups the candidate has to win; more than k: none are enough. */
  const needed = shares.map((share, k) => {
    if (share < 1e-9) return k + 1;
    let tail = 0;
    for (let wins = k; wins >= 0; wins--) {
      tail += of(k, wins, 0.5);
      if (2 * tail >= LEVEL) return wins + 1;
    }
    return k + 1;
  });
  const power = (gain: number): number => {
    const wins = (1 + gain / differing) / 2;
    let sum = 0;
    for (const [k, share] of shares.entries()) {
      const least = needed[k] as number;
      if (share < 1e-9 || least > k) continue;
      let shown = 0;
      for (let won = least; won <= k; won++) shown += wins >= 1 ? Number(won === k) : of(k, won, wins);
      sum += share * shown;
    }
    return sum;
  };
  if (power(differing) < POWER) return undefined;
  let [low, high] = [0, differing];
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2;
    if (power(middle) < POWER) low = middle;
    else high = middle;
  }
  return high;
}
