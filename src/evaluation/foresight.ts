import type { Dataset } from "../datasets/contract.ts";
import { MINIMUM_GROUPS, type Power } from "./contract.ts";
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

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/**
 * What a dataset's own held-out side can show of a model trained on the rest, as a sentence for whoever is about to pay
 * for the training; undefined for a dataset of an earlier version, which did not count its groups.
 */
export async function heldOutNote(
  store: Pick<ReturnType<typeof createEvaluationStore>, "list">,
  agentId: string,
  { group_counts: counts }: Pick<Dataset, "group_counts">,
): Promise<string | undefined> {
  if (counts === undefined) return undefined;
  const side = (counts.test ?? 0) > 0 ? "test" : "validation";
  const groups = counts[side] ?? 0;
  if (groups === 0)
    return "Nothing of this dataset is held out: a verdict on the model needs other examples.";
  const held = `Its ${side} side has ${groups} independent ${groups === 1 ? "group" : "groups"} of examples`;
  if (groups < MINIMUM_GROUPS)
    return `${held}, and a verdict needs ${MINIMUM_GROUPS}: the model has to be judged by other examples.`;
  const power = await foreseePower(store, agentId, groups);
  if (power?.smallest_gain === undefined) return `${held}, which can hardly show any gain.`;
  const { differing, differing_is, smallest_gain } = power;
  return `${held}: a gain of ${percent(smallest_gain)} or more is shown by them with a chance of 80 %, where the models differ on ${percent(differing)} (${differing_is}).`;
}
