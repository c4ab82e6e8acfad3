import { judgedBy } from "./verdict.ts";
import type { Evaluation, GatePolicy } from "./wire.ts";

/** An evaluation as far as a promotion looks at it. */
export type Judged = Pick<Evaluation, "id" | "status" | "baseline" | "metric" | "grading" | "result">;

/** What is known about a model that somebody wants in service, and what the gate makes of it. */
export interface PromotionNews {
  readonly tone: "good" | "warn" | "bad";
  readonly known: string;
  readonly gate: string;
}

/** The newest evaluation that has ended with a verdict. */
export const newestVerdict = <One extends Judged>(newestFirst: readonly One[]): One | undefined =>
  newestFirst.find(({ status, result }) => status === "finished" && result !== undefined);

/**
 * What the dialog of a promotion says before anybody agrees to it. The gate itself looks at more (whether the verdict is
 * about what serves, withdrawals, two persons), and has the last word.
 * @param evaluation the newest with a verdict; undefined: there is none
 */
export function promotionNews(
  evaluation: Judged | undefined,
  { gate, four_eyes }: Pick<GatePolicy, "gate" | "four_eyes">,
): PromotionNews {
  const persons = four_eyes ? " Who had it trained may not promote it." : "";
  const unproven =
    gate === "require"
      ? "The gate requires a pass: it will refuse this, unless an owner overrides it with a reason."
      : "The gate only warns: the model would serve, and the warning stays with it.";
  const result = evaluation?.result;
  if (evaluation === undefined || result === undefined)
    return { tone: "warn", known: "No evaluation says how good this model is.", gate: unproven + persons };
  const about = `against ${evaluation.baseline}, ${judgedBy(evaluation)}`;
  if (result.verdict === "pass")
    return {
      tone: "good",
      known: `Its newest verdict is pass: it was shown to be better, ${about}.`,
      gate: `The gate lets it through if ${evaluation.baseline} is still what serves.${persons}`,
    };
  if (result.verdict === "fail" && result.interval[1] < 0)
    return {
      tone: "bad",
      known: `Its newest verdict is fail: it was shown to be worse, ${about}.`,
      gate: `If ${evaluation.baseline} is what serves, the gate refuses this whatever its policy, unless an owner overrides it with a reason.${persons}`,
    };
  return {
    tone: result.verdict === "fail" ? "bad" : "warn",
    known:
      result.verdict === "fail"
        ? `Its newest verdict is fail: a gain worth having was ruled out, ${about}.`
        : `Its newest verdict is inconclusive: it was not shown to be better, ${about}.`,
    gate: unproven + persons,
  };
}
