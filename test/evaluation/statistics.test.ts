import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { type PairCounts, pairedDifferenceInterval, wilson } from "../../src/evaluation/statistics.ts";

const table = (both: number, candidateOnly: number, baselineOnly: number, neither: number): PairCounts => ({
  both,
  candidateOnly,
  baselineOnly,
  neither,
});
/** A worked example of Fagerland, Lydersen, Laake, "Statistical Analysis of Contingency Tables", chapter 8. */
const response = table(59, 6, 16, 80);

describe("the interval of the paired difference", () => {
  test("gives the published limits of Newcombe's method 10", () => {
    const [lower, upper] = pairedDifferenceInterval(response);
    expect(lower).toBeCloseTo(-0.1186, 4);
    expect(upper).toBeCloseTo(-0.0046, 4);
  });

  test("builds on Wilson's interval", () => {
    // Newcombe 1998, Stat Med 17:857-872, table I: 81 of 263 and 0 of 20.
    const [lower, upper] = wilson(81, 263);
    expect([lower.toFixed(4), upper.toFixed(4)]).toEqual(["0.2553", "0.3662"]);
    expect(wilson(0, 20).map((one) => one.toFixed(4))).toEqual(["0.0000", "0.1611"]);
  });

  test("lies in [-1, 1], holds the difference, and turns over when the models change places", () => {
    const count = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(count, count, count, count, (a, b, c, d) => {
        fc.pre(a + b + c + d > 0);
        const [lower, upper] = pairedDifferenceInterval(table(a, b, c, d));
        const difference = (b - c) / (a + b + c + d);
        expect(lower).toBeGreaterThanOrEqual(-1);
        expect(upper).toBeLessThanOrEqual(1);
        expect(lower).toBeLessThanOrEqual(difference + 1e-12);
        expect(upper).toBeGreaterThanOrEqual(difference - 1e-12);
        const [otherLower, otherUpper] = pairedDifferenceInterval(table(a, c, b, d));
        expect(otherLower).toBeCloseTo(-upper, 10);
        expect(otherUpper).toBeCloseTo(-lower, 10);
      }),
    );
  });

  test("covers the true difference about 95 times in 100, counted over every possible table", () => {
    const n = 30;
    const [p11, p10, p01] = [0.4, 0.25, 0.1];
    const p00 = 1 - p11 - p10 - p01;
    const logs = Array.from({ length: n + 1 }, () => 0);
    for (let i = 1; i <= n; i++) logs[i] = (logs[i - 1] ?? 0) + Math.log(i);
    let covered = 0;
    for (let a = 0; a <= n; a++)
      for (let b = 0; a + b <= n; b++)
        for (let c = 0; a + b + c <= n; c++) {
          const d = n - a - b - c;
          const ways = (logs[n] ?? 0) - (logs[a] ?? 0) - (logs[b] ?? 0) - (logs[c] ?? 0) - (logs[d] ?? 0);
          const chance = Math.exp(
            ways + a * Math.log(p11) + b * Math.log(p10) + c * Math.log(p01) + d * Math.log(p00),
          );
          const [lower, upper] = pairedDifferenceInterval(table(a, b, c, d));
          if (lower <= p10 - p01 && p10 - p01 <= upper) covered += chance;
        }
    expect(covered).toBeGreaterThan(0.93);
    expect(covered).toBeLessThan(0.98);
  });

  test("knows nothing without pairs", () => {
    expect(pairedDifferenceInterval(table(0, 0, 0, 0))).toEqual([-1, 1]);
  });
});
