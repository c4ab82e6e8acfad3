import type { Power, VerdictFacts } from "../../../src/evaluation/contract.ts";
import { metricWords } from "../../../src/evaluation/metric-words.ts";
import { percent, pValue, signed } from "./format.ts";

/** The gate's own rule (docs/decisions/008), step by step with this evaluation's numbers. */
export interface Step {
  readonly question: string;
  /** To the question as it is asked; undefined: the numbers are the answer. */
  readonly answer: "yes" | "no" | undefined;
  readonly numbers: string;
  /** Whether it speaks for a pass; undefined: the step informs and decides nothing. */
  readonly met: boolean | undefined;
}

const yesNo = (is: boolean) => (is ? "yes" : "no");

export const FEWEST_GROUPS = 50;
const MOST_MISSING = 0.05;
const LEVEL = 0.05;
const MEANINGFUL_GAIN = 0.05;

export function arithmetic(facts: VerdictFacts): Step[] {
  const asked = facts.pairs + facts.missing;
  const missing = asked === 0 ? 0 : facts.missing / asked;
  const differ = facts.candidate_only + facts.baseline_only;
  const [low, high] = facts.interval;
  // Earlier versions counted pairs.
  const groups = facts.groups ?? facts.pairs;
  return [
    {
      question: "Enough evidence to judge?",
      numbers:
        groups === facts.pairs
          ? `${facts.pairs} pairs, ${FEWEST_GROUPS} are needed`
          : `${groups} independent groups in ${facts.pairs} pairs, ${FEWEST_GROUPS} are needed`,
      answer: yesNo(groups >= FEWEST_GROUPS),
      met: groups >= FEWEST_GROUPS,
    },
    {
      question: "Was anything measured?",
      numbers: `at least one model is right on ${facts.pairs - facts.neither} of ${facts.pairs} pairs`,
      answer: yesNo(facts.neither < facts.pairs),
      met: facts.neither < facts.pairs,
    },
    {
      question: "Answers complete?",
      numbers: `${facts.missing} of ${asked} missing (${percent(missing)}), at most ${percent(MOST_MISSING, 0)}`,
      answer: yesNo(missing <= MOST_MISSING),
      met: missing <= MOST_MISSING,
    },
    {
      question: "Where do the models differ?",
      numbers: `candidate alone right ${facts.candidate_only}, baseline alone right ${facts.baseline_only}, of ${differ} that differ`,
      answer: undefined,
      met: undefined,
    },
    {
      question: "Could that be chance?",
      answer: yesNo(facts.p_value >= LEVEL),
      numbers: `exact test by groups, two-sided: ${pValue(facts.p_value)}; below ${LEVEL} it is not taken for chance`,
      met: facts.p_value < LEVEL,
    },
    {
      question: "Is the whole interval above zero?",
      numbers: `difference ${signed(facts.difference * 100, 1)} points, 95 % between ${signed(low * 100, 1)} and ${signed(high * 100, 1)}`,
      answer: yesNo(low > 0),
      met: low > 0,
    },
    {
      question: `Can the gain still be ${percent(MEANINGFUL_GAIN, 0)} or more?`,
      answer: yesNo(high >= MEANINGFUL_GAIN),
      numbers:
        "where it is ruled out and nothing better is shown, the verdict is fail: more examples would not change it",
      // What is shown to be better passes, however small the gain.
      met: low > 0 ? undefined : high >= MEANINGFUL_GAIN,
    },
  ];
}

/** The metrics one can choose, and when an answer is right by them (src/evaluation/grade.ts). */
export const RIGHT: Readonly<Record<string, string>> = {
  auto: "the same tool calls with the same arguments; where none is expected, the same text",
  tool_call: "the same tool calls with the same arguments; where none is expected, none",
  tool_names: "the same tools by name, whatever their arguments",
  exact: "literally the same calls in the same order, or the same text",
};

/** Beside a share of right answers, so that nobody takes one judgement for another. */
export const judgedBy = ({
  metric,
  grading,
}: {
  readonly metric: string;
  readonly grading?: number | undefined;
}) => `judged by ${metricWords(metric, grading)}`;

/** In words; `auto` and `tool_call` of earlier versions compared names alone. */
export function rightMeans(metric: string, grading: number | undefined): string {
  if (grading === undefined && metric === "auto")
    return "the same tools by name, whatever their arguments; where none is expected, the same text";
  if (grading === undefined && metric === "tool_call") return RIGHT.tool_names ?? metric;
  return RIGHT[metric] ?? metric;
}

/** What the held-out examples can bring to light, in a sentence. */
export function canShow(power: Power | undefined): string | undefined {
  if (power === undefined) return undefined;
  const { groups, differing, differing_is, smallest_gain: gain } = power;
  const at = `with ${groups} groups, where the models differ on ${percent(differing, 0)} of the pairs (${differing_is})`;
  return gain === undefined ? `no gain ${at}` : `a gain of ${percent(gain, 0)} or more ${at}`;
}
