import type { VerdictFacts } from "../../../src/evaluation/contract.ts";
import { percent, pValue, signed } from "./format.ts";

/** The gate's own rule (docs/decisions/008), step by step with this evaluation's numbers. */
export interface Step {
  readonly question: string;
  readonly numbers: string;
  /** undefined: the step informs and decides nothing. */
  readonly met: boolean | undefined;
}

const FEWEST_PAIRS = 50;
const MOST_MISSING = 0.05;
const LEVEL = 0.05;

export function arithmetic(facts: VerdictFacts): Step[] {
  const asked = facts.pairs + facts.missing;
  const missing = asked === 0 ? 0 : facts.missing / asked;
  const differ = facts.candidate_only + facts.baseline_only;
  const [low, high] = facts.interval;
  return [
    {
      question: "Enough pairs to judge?",
      numbers: `${facts.pairs} pairs, ${FEWEST_PAIRS} are needed`,
      met: facts.pairs >= FEWEST_PAIRS,
    },
    {
      question: "Answers complete?",
      numbers: `${facts.missing} of ${asked} missing (${percent(missing)}), at most ${percent(MOST_MISSING, 0)}`,
      met: missing <= MOST_MISSING,
    },
    {
      question: "Where do the models differ?",
      numbers: `candidate alone right ${facts.candidate_only}, baseline alone right ${facts.baseline_only}, of ${differ} that differ`,
      met: undefined,
    },
    {
      question: "Could that be chance?",
      numbers: `exact McNemar, two-sided: ${pValue(facts.p_value)}; below ${LEVEL} it is not taken for chance`,
      met: facts.p_value < LEVEL,
    },
    {
      question: "Is the whole interval above zero?",
      numbers: `difference ${signed(facts.difference * 100, 1)} points, 95 % between ${signed(low * 100, 1)} and ${signed(high * 100, 1)}`,
      met: low > 0,
    },
  ];
}
