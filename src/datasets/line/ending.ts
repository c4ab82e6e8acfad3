import type { Episode } from "../../episodes/contract.ts";
import { type EndingState, endedAs, type NotWhole } from "../../episodes/endings.ts";

/**
 * Why an answer is no lesson, neither as the better nor as the worse of a pair: its ending, if the model did not finish
 * it and the recipe does not take such. Undefined: it is one, or does not say how it ended.
 */
export function endingLeftOut(
  episode: Pick<Episode, "ending" | "metadata">,
  included: readonly NotWhole[] = [],
): Exclude<EndingState, "finished"> | undefined {
  const ending = endedAs(episode);
  if (ending === undefined || ending === "finished") return undefined;
  return (included as readonly EndingState[]).includes(ending) ? undefined : ending;
}
