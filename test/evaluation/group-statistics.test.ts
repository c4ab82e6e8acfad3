import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { type GroupSum, groupedInterval, signFlipTest, t975 } from "../../src/evaluation/group-statistics.ts";
import { smallestGain } from "../../src/evaluation/power.ts";
import { judge, tally } from "../../src/evaluation/rules.ts";
import { pairedDifferenceInterval } from "../../src/evaluation/statistics.ts";
import { mcnemar } from "./mcnemar.ts";

/** Looked up once: a global costs a test's sandbox a hundred times as much as a local one, and these are 100 million. */
const { imul } = Math;
/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const single = (gain: number): GroupSum => ({ pairs: 1, gain });
const repeat = <T>(times: number, value: T): T[] => Array.from({ length: times }, () => value);

describe("the sign-flip test", () => {
  test("is McNemar's exact test with groups of one pair, for every table up to forty", () => {
    for (let b = 0; b <= 40; b++)
      for (let c = 0; b + c <= 40; c++) {
        const groups = [...repeat(b, single(1)), ...repeat(c, single(-1)), ...repeat(5, single(0))];
        expect(signFlipTest(groups)).toBeCloseTo(mcnemar(b, c), 12);
      }
    // Published: 10 of 10, 8 of 10 and 15 of 20 differing pairs.
    expect(signFlipTest(repeat(10, single(1)))).toBeCloseTo(0.001953, 6);
    expect(signFlipTest([...repeat(8, single(1)), ...repeat(2, single(-1))])).toBeCloseTo(0.109375, 6);
    expect(signFlipTest([...repeat(15, single(1)), ...repeat(5, single(-1))])).toBeCloseTo(0.041389, 6);
  });

  test("agrees with trying every way to flip the signs", () => {
    const gains = fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 1, maxLength: 11 });
    fc.assert(
      fc.property(gains, (values) => {
        const seen = Math.abs(values.reduce((sum, one) => sum + one, 0));
        let extreme = 0;
        for (let signs = 0; signs < 2 ** values.length; signs++) {
          const sum = values.reduce((all, one, i) => all + (signs & (1 << i) ? one : -one), 0);
          if (Math.abs(sum) >= seen) extreme++;
        }
        const groups = values.map((gain) => ({ pairs: 6, gain }));
        expect(signFlipTest(groups)).toBeCloseTo(extreme / 2 ** values.length, 12);
      }),
    );
  });

  test("stays a probability for a thousand groups", () => {
    expect(signFlipTest([...repeat(500, single(1)), ...repeat(500, single(-1))])).toBeCloseTo(1, 10);
    expect(signFlipTest(repeat(1000, single(1)))).toBeGreaterThanOrEqual(0);
  });
});

describe("the interval by groups", () => {
  /** The published points of Student's t, and its density summed by Simpson's rule. */
  test("has Student's points", () => {
    expect(t975(9)).toBeCloseTo(2.262157, 6);
    expect(t975(49)).toBeCloseTo(2.009575, 6);
    expect(t975(1)).toBeCloseTo(12.706205, 5);
    for (const freedom of [2, 3, 10, 51, 102, 999]) {
      const density = (x: number) => (1 + (x * x) / freedom) ** (-(freedom + 1) / 2);
      const area = (to: number, steps: number) => {
        const width = to / steps;
        let sum = density(0) + density(to);
        for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * density(i * width);
        return (sum * width) / 3;
      };
      const tail = Math.max(400, 40 * Math.sqrt(freedom));
      // The tails of few degrees of freedom are long: what is cut off is below 1e-4.
      expect(area(t975(freedom), 2000) / area(tail, 40_000)).toBeCloseTo(0.95, 3);
    }
  });

  test("is never narrower than the t interval of the groups' means, reckoned anew", () => {
    const d = [2, -1, 2, 1, -1, 3, 0, 1, 2, 1];
    const groups = d.map((gain) => ({ pairs: 5, gain }));
    const mean = d.reduce((sum, one) => sum + one / 5, 0) / 10;
    const variance = d.reduce((sum, one) => sum + (one / 5 - mean) ** 2, 0) / 9;
    const reach = 2.262157 * Math.sqrt(variance / 10);
    const counts = { both: 20, candidateOnly: 13, baselineOnly: 3, neither: 14 };
    const [low, high] = groupedInterval(groups, counts);
    expect(low).toBeLessThanOrEqual(mean - reach + 1e-6);
    expect(high).toBeGreaterThanOrEqual(mean + reach - 1e-6);
    expect(high - low).toBeLessThan(3 * reach);
  });

  test("counts pairs that are copies of one another once", () => {
    const ones = [...repeat(40, single(1)), ...repeat(20, single(-1)), ...repeat(40, single(0))];
    const counts = { both: 20, candidateOnly: 40, baselineOnly: 20, neither: 20 };
    const one = groupedInterval(ones, counts);
    const tripled = groupedInterval(
      ones.map(({ gain }) => ({ pairs: 3, gain: 3 * gain })),
      { both: 60, candidateOnly: 120, baselineOnly: 60, neither: 60 },
    );
    expect(tripled[0]).toBeCloseTo(one[0], 2);
    expect(tripled[1]).toBeCloseTo(one[1], 2);
    const naive = pairedDifferenceInterval({ both: 60, candidateOnly: 120, baselineOnly: 60, neither: 60 });
    expect(tripled[1] - tripled[0]).toBeGreaterThan(1.5 * (naive[1] - naive[0]));
  });

  test("keeps a width where no pair differs, by the number of groups", () => {
    const agree = { both: 75, candidateOnly: 0, baselineOnly: 0, neither: 75 };
    const [low, high] = groupedInterval(repeat(50, { pairs: 3, gain: 0 }), agree);
    const [lowAlone, highAlone] = groupedInterval(repeat(150, single(0)), agree);
    expect(high).toBeGreaterThan(highAlone);
    expect(low).toBeLessThan(lowAlone);
    expect(
      groupedInterval([{ pairs: 9, gain: 9 }], { ...agree, both: 0, neither: 0, candidateOnly: 9 }),
    ).toEqual([-1, 1]);
  });
});

const RUNS = 5000;
const MOST_FALSE = 0.035;

/** Pairs as they are drawn, summed up at once: millions of them as objects would take a minute. */
class Drawn {
  readonly counts = { both: 0, candidateOnly: 0, baselineOnly: 0, neither: 0 };
  readonly groups: { pairs: number; gain: number }[] = [];
  group(size: number, pair: (i: number) => readonly [baseline: boolean, candidate: boolean]): void {
    let gain = 0;
    for (let i = 0; i < size; i++) {
      const [baseline, candidate] = pair(i);
      if (candidate) this.counts[baseline ? "both" : "candidateOnly"]++;
      else this.counts[baseline ? "baselineOnly" : "neither"]++;
      gain += (candidate ? 1 : 0) - (baseline ? 1 : 0);
    }
    this.groups.push({ pairs: size, gain });
  }
}

// The slower test only where the interval would let the candidate pass.
const byGroups = ({ groups, counts }: Drawn) =>
  groupedInterval(groups, counts)[0] > 0 && signFlipTest(groups) < 0.05;
/** What the verdict was before: each pair a piece of evidence, whatever it has in common with others. */
const byPairs = ({ counts }: Drawn) =>
  pairedDifferenceInterval(counts)[0] > 0 && mcnemar(counts.candidateOnly, counts.baselineOnly) < 0.05;

/** Share of runs without any effect whose statistics say "better", the least number of groups left aside. */
function falsePasses(
  seed: number,
  draw: (random: () => number, into: Drawn) => void,
  isBetter: (drawn: Drawn) => boolean = byGroups,
): number {
  const random = seededRandom(seed);
  let passes = 0;
  for (let run = 0; run < RUNS; run++) {
    const drawn = new Drawn();
    draw(random, drawn);
    if (isBetter(drawn)) passes++;
  }
  return passes / RUNS;
}

describe("without any effect a candidate passes at most as often as the test says", () => {
  /** Each model is right on half; within a group a model's answer is the group's with this chance, else its own. */
  const grouped =
    (groups: number, size: number, correlation: number) => (random: () => number, into: Drawn) => {
      const share = Math.sqrt(correlation);
      for (let g = 0; g < groups; g++) {
        const common = [random() < 0.5, random() < 0.5] as const;
        const answer = (shared: boolean) => (random() < share ? shared : random() < 0.5);
        into.group(size, () => [answer(common[0]), answer(common[1])]);
      }
    };

  test.each([
    [103, 3],
    [20, 5],
    [40, 5],
    [30, 10],
  ])("in %d groups of %d, alike within a group or correlated by 0.2 and 0.5", (groups, size) => {
    for (const [i, correlation] of [1, 0.2, 0.5].entries())
      expect(falsePasses(100 * groups + i, grouped(groups, size, correlation))).toBeLessThanOrEqual(
        MOST_FALSE,
      );
  });

  test.each([
    [103, 3, 1],
    [20, 5, 1],
    [40, 5, 1],
    [30, 10, 1],
    [103, 3, 0.5],
    [20, 5, 0.5],
    [40, 5, 0.5],
    [30, 10, 0.5],
    [30, 10, 0.2],
  ])(
    "which a statistic that counts pairs does not keep to: %d groups of %d, correlated by %d",
    (groups, size, correlation) => {
      const draw = grouped(groups, size, correlation);
      expect(falsePasses(100 * groups, draw, byPairs)).toBeGreaterThan(MOST_FALSE);
    },
  );

  test.each([60, 100, 200])("where 12 of 100 of %d pairs differ", (pairs) => {
    const sparse = (random: () => number, into: Drawn) => {
      for (let i = 0; i < pairs; i++) {
        const differs = random() < 0.12;
        const first = random() < 0.5;
        into.group(1, () => (differs ? [first, !first] : [true, true]));
      }
    };
    expect(falsePasses(pairs, sparse)).toBeLessThanOrEqual(MOST_FALSE);
  });

  test.each([50, 60, 100, 200])("where %d groups mostly gain a little and some lose much", (groups) => {
    const skewed = (random: () => number, into: Drawn) => {
      for (let g = 0; g < groups; g++) {
        const loses = random() < 0.25;
        into.group(3, (i) => [loses || i > 0, !loses]);
      }
    };
    expect(falsePasses(7 * groups, skewed)).toBeLessThanOrEqual(MOST_FALSE);
  });

  test("and one that is better by much still passes", () => {
    const random = seededRandom(5);
    let passes = 0;
    for (let run = 0; run < 200; run++) {
      const pairs = Array.from({ length: 103 }, (_, g) => {
        const [before, after] = [random() < 0.5, random() < 0.8];
        const pair = { group: String(g), baseline_correct: before, candidate_correct: after };
        return [pair, pair, pair];
      });
      if (judge(tally(pairs.flat()), 0).verdict === "pass") passes++;
    }
    expect(passes).toBeGreaterThan(180);
  });
});

describe("the interval, reckoned anew from the pairs by other ways", () => {
  type PairOutcome = readonly [baseline: boolean, candidate: boolean];
  /** Student's point by bisection of its density's area, summed by Simpson's rule. */
  const points = new Map<number, number>();
  const studentPoint = (freedom: number): number => {
    const known = points.get(freedom);
    if (known !== undefined) return known;
    const density = (x: number) => (1 + (x * x) / freedom) ** (-(freedom + 1) / 2);
    // With x = tan(u) sqrt(freedom) the whole line is an interval: its area is the normalising constant.
    const area = (to: number) => {
      const end = Math.atan(to / Math.sqrt(freedom));
      const steps = 400;
      const width = end / steps;
      const at = (u: number) => density(Math.sqrt(freedom) * Math.tan(u)) / Math.cos(u) ** 2;
      let sum = at(0) + at(end);
      for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * at(i * width);
      return (sum * width) / 3;
    };
    const whole = area(1e9);
    // Simpson's error falls with the fourth power of the width.
    let [low, high] = [1, 20];
    for (let i = 0; i < 30; i++) {
      const middle = (low + high) / 2;
      if (area(middle) / whole < 0.95) low = middle;
      else high = middle;
    }
    points.set(freedom, low);
    return low;
  };
  /** Wilson's limits as the roots of (p - x)^2 n = z^2 x (1 - x). */
  const wilsonRoots = (share: number, n: number, z: number): [number, number] => {
    const [a, b, c] = [n + z * z, -(2 * n * share + z * z), n * share * share];
    const root = Math.sqrt(Math.max(0, b * b - 4 * a * c));
    return [(-b - root) / (2 * a), (-b + root) / (2 * a)];
  };
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;

  function anew(groups: readonly (readonly PairOutcome[])[]): [number, number] {
    const pairs = groups.flat();
    const gainOf = ([baseline, candidate]: PairOutcome) => Number(candidate) - Number(baseline);
    const d = mean(pairs.map(gainOf));
    const rests = groups.map((group) => group.reduce((sum, one) => sum + gainOf(one) - d, 0));
    const spread = rests.reduce((sum, one) => sum + one ** 2, 0);
    const alone = pairs.reduce((sum, one) => sum + (gainOf(one) - d) ** 2, 0);
    const effect =
      alone < 1e-9
        ? groups.reduce((sum, { length }) => sum + length ** 2, 0) / pairs.length
        : Math.max(1, spread / alone);
    const t = studentPoint(groups.length - 1);
    const error = Math.sqrt(spread * (groups.length / (groups.length - 1))) / pairs.length;
    const second = mean(rests.map((one) => one ** 2));
    const skewness = second === 0 ? 0 : mean(rests.map((one) => one ** 3)) / second ** 1.5;
    const moved = (error * skewness * (1 + 2 * t ** 2)) / (6 * Math.sqrt(groups.length));
    // Newcombe's square-and-add limits on the effective number of pairs.
    const n = pairs.length / effect;
    const of = (baseline: boolean, candidate: boolean) =>
      pairs.filter((one) => one[0] === baseline && one[1] === candidate).length / effect;
    const [a, b, c, e] = [of(true, true), of(false, true), of(true, false), of(false, false)];
    const [p1, p2] = [(a + b) / n, (a + c) / n];
    const [l1, u1] = wilsonRoots(p1, n, t);
    const [l2, u2] = wilsonRoots(p2, n, t);
    const product = a * e - b * c;
    const margins = (a + b) * (c + e) * (a + c) * (b + e);
    const corrected = product > 0 ? Math.max(0, product - n / 2) : product;
    const phi = margins === 0 ? 0 : corrected / Math.sqrt(margins);
    const reach = (x: number, y: number) => Math.sqrt(Math.max(0, x * x + y * y - 2 * phi * x * y));
    return [
      Math.max(-1, Math.min(d - reach(p1 - l1, u2 - p2), d - t * error + Math.min(0, moved))),
      Math.min(1, Math.max(d + reach(u1 - p1, p2 - l2), d + t * error + Math.max(0, moved))),
    ];
  }

  test("is the same for groups of every kind", () => {
    const pair = fc.tuple(fc.boolean(), fc.boolean());
    const group = fc.array(pair, { minLength: 1, maxLength: 5 });
    const many = fc.array(group, { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(many, (groups) => {
        const drawn = new Drawn();
        for (const one of groups) drawn.group(one.length, (i) => one[i] ?? [false, false]);
        const [low, high] = groupedInterval(drawn.groups, drawn.counts);
        const [lowAnew, highAnew] = anew(groups);
        expect(low).toBeCloseTo(lowAnew, 5);
        expect(high).toBeCloseTo(highAnew, 5);
      }),
      { seed: 15, numRuns: 60 },
    );
  });
});

describe("the smallest gain that can be shown", () => {
  /** The power by adding group after group: every pair of wins and losses with its chance, judged by McNemar's test. */
  function powerAnew(groups: number, differing: number, gain: number): number {
    const [win, lose] = [(differing + gain) / 2, (differing - gain) / 2];
    let chances = [[1]];
    for (let g = 0; g < groups; g++) {
      const next = Array.from({ length: g + 2 }, () => repeat(g + 2, 0));
      for (const [wins, row] of chances.entries())
        for (const [losses, chance] of row.entries()) {
          if (chance === 0) continue;
          const put = (w: number, l: number, share: number) => {
            const line = next[w] as number[];
            line[l] = (line[l] ?? 0) + chance * share;
          };
          put(wins + 1, losses, win);
          put(wins, losses + 1, lose);
          put(wins, losses, 1 - differing);
        }
      chances = next;
    }
    let shown = 0;
    for (const [wins, row] of chances.entries())
      for (const [losses, chance] of row.entries())
        if (wins > losses && mcnemar(wins, losses) < 0.05) shown += chance;
    return shown;
  }

  test.each([
    [50, 0.3],
    [60, 0.5],
    [80, 0.2],
    [60, 1],
  ])(
    "of %d groups of which the share %d differs has a chance of four in five, and less has less",
    (groups, differing) => {
      const gain = smallestGain(groups, differing) as number;
      expect(powerAnew(groups, differing, gain)).toBeCloseTo(0.8, 2);
      expect(powerAnew(groups, differing, gain - 0.01)).toBeLessThan(0.8);
    },
  );

  test("is none where even the largest has a smaller chance", () => {
    expect(powerAnew(50, 0.1, 0.1)).toBeLessThan(0.8);
    expect(smallestGain(50, 0.1)).toBeUndefined();
  });

  test("lies near the published table, and is none where too few groups differ", () => {
    // By the mid-p test 0.13, 0.18, 0.09 and 0.06: the exact one asks for a little more.
    for (const [groups, differing, least] of [
      [100, 0.2, 0.13],
      [100, 0.4, 0.18],
      [200, 0.2, 0.09],
      [500, 0.2, 0.06],
    ] as const) {
      const gain = smallestGain(groups, differing) ?? 0;
      expect(gain).toBeGreaterThan(least - 0.01);
      expect(gain).toBeLessThan(least + 0.025);
    }
    expect(smallestGain(50, 0.1)).toBeUndefined();
    expect(smallestGain(0, 0.5)).toBeUndefined();
  });

  test("is shown in four of five simulated evaluations", () => {
    const gain = smallestGain(120, 0.3) ?? 0;
    const random = seededRandom(11);
    let shown = 0;
    for (let run = 0; run < 2000; run++) {
      const groups = Array.from({ length: 120 }, () => {
        const at = random();
        return single(at < (0.3 + gain) / 2 ? 1 : at < 0.3 ? -1 : 0);
      });
      const sum = groups.reduce((all, one) => all + one.gain, 0);
      if (sum > 0 && signFlipTest(groups) < 0.05) shown++;
    }
    expect(shown / 2000).toBeGreaterThan(0.77);
    expect(shown / 2000).toBeLessThan(0.83);
  });
});
