/** McNemar's exact test, two-sided, by whole numbers: what the sign-flip test comes to with groups of one pair. */
export function mcnemar(candidateOnly: number, baselineOnly: number): number {
  const n = candidateOnly + baselineOnly;
  let ways = 1n;
  let tail = 0n;
  for (let k = 0; k <= Math.min(candidateOnly, baselineOnly); k++) {
    tail += ways;
    ways = (ways * BigInt(n - k)) / BigInt(k + 1);
  }
  // 60 binary digits of the quotient are more than a double holds.
  const share = Number((2n * tail * 2n ** 60n) / 2n ** BigInt(n)) / 2 ** 60;
  return Math.min(1, share);
}
