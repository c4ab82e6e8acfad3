import type { Power } from "./contract.ts";
import { MOST_EXAMPLES } from "./plan.ts";
import { smallestGain } from "./power.ts";
import type { createEvaluationStore } from "./store.ts";

/** Where an agent has no evaluation yet: a tuned model and its base differ on about so many of the pairs. */
const USUAL_DIFFERING = 0.3;
/** Evaluations looked back through for one that says how often the models differ. */
const LOOKED_AT = 20;

/**
 * What a side can show before anything is paid for: its groups, the share of pairs on which the agent's models differed
 * when they were last compared, and the smallest gain that comes to light with these.
 * @param counted the side's groups; undefined for a dataset of an earlier version, which did not count them
 */
export async function foreseePower(
  store: Pick<ReturnType<typeof createEvaluationStore>, "list">,
  agentId: string,
  counted: number | undefined,
): Promise<Power | undefined> {
  if (counted === undefined) return undefined;
  const groups = Math.min(counted, MOST_EXAMPLES);
  const { items } = await store.list(agentId, undefined, LOOKED_AT);
  const last = items.find(({ result }) => result !== undefined && result.neither < result.pairs)?.result;
  const seen = last === undefined ? 0 : (last.candidate_only + last.baseline_only) / last.pairs;
  // None that differ says little of the next model.
  const differing = seen > 0 ? seen : USUAL_DIFFERING;
  const gain = smallestGain(groups, differing);
  return {
    groups,
    differing,
    differing_is: seen > 0 ? "seen" : "assumed",
    ...(gain === undefined ? {} : { smallest_gain: gain }),
  };
}
