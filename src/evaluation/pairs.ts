import { z } from "zod";
import { type Files, lines } from "../files/files.ts";
import { conflict, invalid, notFound } from "../kernel/errors.ts";
import { type Evaluation, type Pair, pairSchema, type VerdictFacts } from "./contract.ts";

/** How the two models did on one example. */
const OUTCOMES = ["candidate_only", "baseline_only", "both", "neither"] as const;
export type Outcome = (typeof OUTCOMES)[number];
export const outcomeSchema = z.enum(OUTCOMES);

const outcomeOf = ({ baseline_correct, candidate_correct }: Pair): Outcome => {
  if (candidate_correct) return baseline_correct ? "both" : "candidate_only";
  return baseline_correct ? "baseline_only" : "neither";
};

/** Pairs in the order of their examples' hashes, with how many there are in all. */
export interface PairPage {
  readonly pairs: readonly (Pair & { readonly outcome: Outcome })[];
  /** Pairs of the asked outcome, on all pages. */
  readonly total: number;
  /** Number of the first pair on this page among them, from 1; 0 on an empty page. */
  readonly first: number;
  readonly continuation?: string;
}

const countOf = (facts: VerdictFacts, outcome: Outcome | undefined): number =>
  outcome === undefined ? facts.pairs : facts[outcome];

/** A place in one evaluation's pairs of one outcome: how many have been given. */
const tokenOf = (id: string, outcome: Outcome | undefined, given: number) =>
  `${id} ${outcome ?? "all"} ${given}`;

/** @throws invalid `bad_continuation` */
function givenBefore(id: string, outcome: Outcome | undefined, continuation: string | undefined): number {
  if (continuation === undefined) return 0;
  const given = Number(continuation.split(" ")[2]);
  if (Number.isSafeInteger(given) && continuation === tokenOf(id, outcome, given)) return given;
  throw invalid(
    "bad_continuation",
    "The continuation is of another evaluation's pairs, or of another outcome.",
    {
      field: "continuation",
      remedy: "Keep evaluation_id and outcome from page to page, or start without it.",
    },
  );
}

/**
 * A page of an evaluation's pairs out of their file, which holds every one that was judged.
 * @throws conflict `evaluation_not_finished`; not_found `file_missing`; invalid `bad_continuation`
 */
export async function readPairs(
  files: Files,
  evaluation: Evaluation,
  asked: {
    readonly outcome?: Outcome | undefined;
    readonly limit: number;
    readonly continuation?: string | undefined;
  },
): Promise<PairPage> {
  const { id } = evaluation;
  const { outcome, limit } = asked;
  const given = givenBefore(id, outcome, asked.continuation);
  if (evaluation.status !== "finished")
    throw conflict("evaluation_not_finished", `Evaluation ${id} is ${evaluation.status}; it has no pairs.`, {
      field: "evaluation_id",
      remedy: "Wait until the evaluation has finished.",
    });
  const { pairs_key, result } = evaluation;
  if (pairs_key === undefined || (await files.stat(pairs_key)) === undefined)
    throw notFound("file_missing", `The file with the pairs of evaluation ${id} is gone.`, {
      field: "evaluation_id",
      remedy: "Its record still has counts and a sample; evaluate anew for all pairs.",
    });
  const total = countOf(result, outcome);
  const pairs: PairPage["pairs"][number][] = [];
  let met = 0;
  for await (const line of lines(files.read(pairs_key))) {
    const pair = pairSchema.parse(JSON.parse(line));
    const own = outcomeOf(pair);
    if (outcome !== undefined && own !== outcome) continue;
    if (met++ < given) continue;
    pairs.push({ ...pair, outcome: own });
    if (pairs.length === limit) break;
  }
  const next = given + pairs.length;
  return {
    pairs,
    total,
    first: pairs.length === 0 ? 0 : given + 1,
    ...(next < total ? { continuation: tokenOf(id, outcome, next) } : {}),
  };
}
