import { MINIMUM_PAIRS, type Pair, type Verdict, type VerdictFacts } from "./contract.ts";
import { mcnemar, type PairCounts, pairedDifferenceInterval } from "./statistics.ts";

/** More examples without both answers than this share, and what is left may be a biased rest (decision 008). */
const MOST_MISSING = 0.05;
/** Two-sided level of the test; its interval is the 95 % one. */
const SIGNIFICANCE = 0.05;
/** A gain that the interval rules out from this size on is none worth a model's cost: five of a hundred requests. */
const MEANINGFUL_GAIN = 0.05;

export function countPairs(
  pairs: Iterable<Pick<Pair, "baseline_correct" | "candidate_correct">>,
): PairCounts {
  const counts = { both: 0, candidateOnly: 0, baselineOnly: 0, neither: 0 };
  for (const { baseline_correct, candidate_correct } of pairs) {
    if (candidate_correct) counts[baseline_correct ? "both" : "candidateOnly"]++;
    else counts[baseline_correct ? "baselineOnly" : "neither"]++;
  }
  return counts;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/**
 * The verdict on a candidate:
 * - `inconclusive` with fewer than 50 pairs, or more than 5 % of the examples without both answers;
 * - `pass` when it is shown to be better: exact McNemar p < 0.05 and the interval's lower end above 0;
 * - `fail` when it is shown to be worse (p < 0.05, the upper end below 0), or when a gain of five points or more is
 *   ruled out (the upper end below 0.05): more examples would not change that;
 * - `inconclusive` otherwise: more examples may tell.
 * An example that a model could not answer because of a fault is missing, never wrong.
 */
export function judge(counts: PairCounts, missing: number): VerdictFacts {
  const pairs = counts.both + counts.candidateOnly + counts.baselineOnly + counts.neither;
  const share = (n: number) => (pairs === 0 ? 0 : n / pairs);
  const interval = pairedDifferenceInterval(counts);
  const p_value = mcnemar(counts);
  const { verdict, reasons } = decide(pairs, missing, interval, p_value);
  return {
    verdict,
    reasons,
    pairs,
    missing,
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

function decide(
  pairs: number,
  missing: number,
  [lower, upper]: readonly [number, number],
  p: number,
): { verdict: Verdict; reasons: string[] } {
  const doubts: string[] = [];
  if (pairs < MINIMUM_PAIRS) doubts.push(`Only ${pairs} pairs; at least ${MINIMUM_PAIRS} are needed.`);
  if (tooManyMissing(pairs, missing))
    doubts.push(
      `${missing} of ${pairs + missing} examples have no answer of both models; at most ${percent(MOST_MISSING)} may be missing.`,
    );
  if (doubts.length > 0) return { verdict: "inconclusive", reasons: doubts };

  const range = `95 % interval of the difference ${percent(lower)} to ${percent(upper)}, p = ${p.toPrecision(2)}`;
  const shown = p < SIGNIFICANCE;
  if (shown && lower > 0) return { verdict: "pass", reasons: [`The candidate is better: ${range}.`] };
  if (shown && upper < 0) return { verdict: "fail", reasons: [`The candidate is worse: ${range}.`] };
  if (upper < MEANINGFUL_GAIN)
    return {
      verdict: "fail",
      reasons: [`A gain of ${percent(MEANINGFUL_GAIN)} or more is ruled out: ${range}.`],
    };
  return { verdict: "inconclusive", reasons: [`The difference is not clear enough: ${range}.`] };
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
