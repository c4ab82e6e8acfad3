import { MINIMUM_GROUPS, type Pair, type Verdict, type VerdictFacts } from "./contract.ts";
import { type GroupSum, groupedInterval, signFlipTest } from "./group-statistics.ts";
import { smallestGain } from "./power.ts";
import type { PairCounts } from "./statistics.ts";

/** More examples without both answers than this share, and what is left may be a biased rest (decision 008). */
const MOST_MISSING = 0.05;
/** Two-sided level of the test; its interval is the 95 % one. */
const SIGNIFICANCE = 0.05;
/** A gain that the interval rules out from this size on is none worth a model's cost: five of a hundred requests. */
const MEANINGFUL_GAIN = 0.05;

type Judged = Pick<Pair, "group" | "baseline_correct" | "candidate_correct">;

/** The pairs counted one by one, and what each independent group of them says. */
export interface Tally {
  readonly counts: PairCounts;
  readonly groups: readonly GroupSum[];
}

/** A pair without a group is one of its own. */
export function tally(pairs: readonly Judged[]): Tally {
  const counts = { both: 0, candidateOnly: 0, baselineOnly: 0, neither: 0 };
  const groups = new Map<string | number, { pairs: number; gain: number }>();
  for (const [i, { group, baseline_correct, candidate_correct }] of pairs.entries()) {
    if (candidate_correct) counts[baseline_correct ? "both" : "candidateOnly"]++;
    else counts[baseline_correct ? "baselineOnly" : "neither"]++;
    const key = group ?? i;
    const sum = groups.get(key) ?? { pairs: 0, gain: 0 };
    groups.set(key, sum);
    sum.pairs++;
    sum.gain += Number(candidate_correct) - Number(baseline_correct);
  }
  return { counts, groups: [...groups.values()] };
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/**
 * The verdict on a candidate. The unit of evidence is the group (`groups.ts`), whatever the number of its pairs:
 * - `inconclusive` with fewer than 50 groups, with more than 5 % of the examples without both answers, or when neither
 *   model is right anywhere: nothing was measured then;
 * - `pass` when it is shown to be better: exact p < 0.05 and the interval's lower end above 0;
 * - `fail` when it is shown to be worse (p < 0.05, the upper end below 0), or when a gain of five points or more is
 *   ruled out (the upper end below 0.05): more examples would not change that;
 * - `inconclusive` otherwise: more examples may tell.
 * An example that a model could not answer because of a fault is missing, never wrong.
 */
export function judge({ counts, groups }: Tally, missing: number): VerdictFacts {
  const pairs = counts.both + counts.candidateOnly + counts.baselineOnly + counts.neither;
  const share = (n: number) => (pairs === 0 ? 0 : n / pairs);
  const interval = groupedInterval(groups, counts);
  const p_value = signFlipTest(groups);
  const doubts = doubtsOf(pairs, groups.length, missing, pairs > 0 && counts.neither === pairs);
  const { verdict, reasons } =
    doubts.length > 0
      ? { verdict: "inconclusive" as const, reasons: doubts }
      : decide(interval, p_value, groups);
  return {
    verdict,
    reasons,
    pairs,
    missing,
    groups: groups.length,
    baseline_accuracy: share(counts.both + counts.baselineOnly),
    candidate_accuracy: share(counts.both + counts.candidateOnly),
    difference: share(counts.candidateOnly - counts.baselineOnly),
    interval,
    candidate_only: counts.candidateOnly,
    baseline_only: counts.baselineOnly,
    both: counts.both,
    neither: counts.neither,
    p_value,
  };
}

/** Why the numbers, whatever they are, are no evidence. */
function doubtsOf(pairs: number, groups: number, missing: number, isFloor: boolean): string[] {
  const doubts: string[] = [];
  if (groups < MINIMUM_GROUPS)
    doubts.push(
      groups === pairs
        ? `Only ${pairs} pairs; at least ${MINIMUM_GROUPS} are needed.`
        : `Only ${groups} independent groups in ${pairs} pairs; at least ${MINIMUM_GROUPS} groups are needed, since examples of one session or nearly equal ones count once.`,
    );
  if (tooManyMissing(pairs, missing))
    doubts.push(
      `${missing} of ${pairs + missing} examples have no answer of both models; at most ${percent(MOST_MISSING)} may be missing.`,
    );
  if (isFloor)
    doubts.push(
      "Neither model is right on any example, so nothing was measured: look at the pairs, and whether the metric fits what is expected.",
    );
  return doubts;
}

function decide(
  [lower, upper]: readonly [number, number],
  p: number,
  groups: readonly GroupSum[],
): { verdict: Verdict; reasons: string[] } {
  const range = `95 % interval of the difference ${percent(lower)} to ${percent(upper)}, p = ${p.toPrecision(2)}`;
  const shown = p < SIGNIFICANCE;
  if (shown && lower > 0) return { verdict: "pass", reasons: [`The candidate is better: ${range}.`] };
  if (shown && upper < 0) return { verdict: "fail", reasons: [`The candidate is worse: ${range}.`] };
  if (upper < MEANINGFUL_GAIN)
    return {
      verdict: "fail",
      reasons: [`A gain of ${percent(MEANINGFUL_GAIN)} or more is ruled out: ${range}.`],
    };
  const gain = smallestGain(groups.length, groups.filter((one) => one.gain !== 0).length / groups.length);
  const most =
    gain === undefined
      ? `These ${groups.length} groups can hardly show any gain, since the models differ on few of them.`
      : `These ${groups.length} groups can show a gain of ${percent(gain)} or more.`;
  return { verdict: "inconclusive", reasons: [`The difference is not clear enough: ${range}.`, most] };
}

export function tooManyMissing(pairs: number, missing: number): boolean {
  return missing > 0 && missing / (pairs + missing) > MOST_MISSING;
}

const differs = (pair: Pair) => pair.baseline_correct !== pair.candidate_correct;
const cut = (text: string) => (text.length > 500 ? `${text.slice(0, 500)}…` : text);

/** Up to `limit` pairs for people: where the models differ first, since those decide. */
export function samplePairs(pairs: readonly Pair[], limit = 20): Pair[] {
  return [...pairs.filter(differs), ...pairs.filter((pair) => !differs(pair))]
    .slice(0, limit)
    .map((pair) => ({
      ...pair,
      ...(pair.question === undefined ? {} : { question: cut(pair.question) }),
      expected: cut(pair.expected),
      baseline_answer: cut(pair.baseline_answer),
      candidate_answer: cut(pair.candidate_answer),
    }));
}
