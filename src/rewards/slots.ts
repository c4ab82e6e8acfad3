import { canonicalName, foldedName } from "../kernel/names.ts";
import type { SlotReward } from "./contract.ts";

type About = Pick<SlotReward, "source" | "evaluator" | "rubric">;

/** What is judged and in whose name. A rubric's case counts: it may be the name of a test. */
const judgementOf = (reward: About): string =>
  JSON.stringify([reward.source, foldedName(reward.evaluator), canonicalName(reward.rubric) ?? ""]);

/**
 * A slot is writer, source, evaluator and rubric: a later reward of it supersedes the earlier. Rewards of earlier
 * versions, whose writer nobody noted, keep the slots they had, by letter, so that their aggregates stay as they are.
 */
function slotOf(reward: About & Pick<SlotReward, "writer">): string {
  if (reward.writer === undefined)
    return JSON.stringify([reward.source, reward.evaluator ?? null, reward.rubric ?? null]);
  return JSON.stringify([foldedName(reward.writer), judgementOf(reward)]);
}

const isLater = (a: SlotReward, b: SlotReward): boolean =>
  a.created_at > b.created_at || (a.created_at === b.created_at && a.id > b.id);

/** The newest of each key, by when they were written. */
function newestBy<R extends SlotReward>(rewards: readonly R[], keyOf: (reward: R) => string): Map<string, R> {
  const newest = new Map<string, R>();
  for (const reward of rewards) {
    const key = keyOf(reward);
    const found = newest.get(key);
    if (found === undefined || isLater(reward, found)) newest.set(key, reward);
  }
  return newest;
}

/**
 * The newest reward of each slot. One whose writer nobody noted stands until anybody judges the same again in the same
 * name: the migration of what earlier versions wrote, done at every reading.
 */
export function latestPerSlot<R extends SlotReward>(rewards: readonly R[]): R[] {
  const noted = newestBy(
    rewards.filter((reward) => reward.writer !== undefined),
    judgementOf,
  );
  const standing = [...newestBy(rewards, slotOf).values()].filter((reward) => {
    if (reward.writer !== undefined) return true;
    const since = noted.get(judgementOf(reward));
    return since === undefined || isLater(reward, since);
  });
  // One order of adding, so that the sums do not depend on the order of delivery.
  return standing.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * What a reward of this slot takes the place of: the newest of the slot, or, where there is none, all that stand of
 * earlier versions in the same name, the newest first.
 */
export function earlierOf<R extends SlotReward>(
  rewards: readonly R[],
  about: About & { readonly writer: string },
): R[] {
  const latest = latestPerSlot(rewards);
  const own = latest.find((reward) => slotOf(reward) === slotOf(about));
  if (own !== undefined) return [own];
  const old = latest.filter(
    (reward) => reward.writer === undefined && judgementOf(reward) === judgementOf(about),
  );
  return old.toSorted((a, b) => (isLater(a, b) ? -1 : 1));
}
