import { isNameless, NAMELESS_WRITERS } from "../doors/writer.ts";
import { canonicalName } from "../kernel/names.ts";
import { isSamePerson, personKey, personName, readPerson } from "../kernel/persons.ts";
import type { SlotReward } from "./contract.ts";

type About = Pick<SlotReward, "source" | "evaluator" | "rubric">;
type Written = About & { readonly writer: string };

/** What is judged and in whose name. A rubric's case counts: it may be the name of a test. */
const judgementOf = (reward: About, nameOf = personKey): string =>
  JSON.stringify([reward.source, nameOf(reward.evaluator), canonicalName(reward.rubric) ?? ""]);

/**
 * A slot is writer, source, evaluator and rubric: a later reward of it supersedes the earlier. Rewards of earlier
 * versions, whose writer nobody noted, keep the slots they had, by letter, so that their aggregates stay as they are.
 */
export function slotOf(reward: About & Pick<SlotReward, "writer">): string {
  if (reward.writer === undefined)
    return JSON.stringify([reward.source, reward.evaluator ?? null, reward.rubric ?? null]);
  return JSON.stringify([personKey(reward.writer), judgementOf(reward)]);
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

/** What is judged, as rewards say it whose persons have no ids. */
const byName = (reward: About): string => judgementOf(reward, personName);

/**
 * The newest reward of each slot. One of an earlier version, whose writer nobody noted, stands until who may (`mayFollow`)
 * judges the same again: that reward names one of those in the same name, and all of them give way to its slot. It is the
 * migration of what earlier versions wrote, done at every reading.
 */
export function latestPerSlot<R extends SlotReward>(rewards: readonly R[]): R[] {
  const noted = rewards.filter((reward) => reward.writer !== undefined);
  const superseded = new Set(noted.map(({ supersedes }) => supersedes));
  const old = new Set(rewards.filter(({ writer }) => writer === undefined).map(({ id }) => id));
  // What an episode says about itself takes the place of what it said before: nobody else is `auto`.
  const following = new Set(
    noted
      .filter(({ supersedes = "", writer }) => old.has(supersedes) || writer === NAMELESS_WRITERS.auto)
      .map(slotOf),
  );
  const since = newestBy(
    noted.filter((reward) => following.has(slotOf(reward))),
    byName,
  );
  const standing = [...newestBy(rewards, slotOf).values()].filter((reward) => {
    if (superseded.has(reward.id)) return false;
    const later = reward.writer === undefined ? since.get(byName(reward)) : undefined;
    return later === undefined || isLater(reward, later);
  });
  // One order of adding, so that the sums do not depend on the order of delivery.
  return standing.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * Whether a reward without a noted writer, or of a writer without an id, may give way to this writer's: it is their own
 * by all that is known of it, or nobody is known by name here, or they may take the place of anybody's (an owner).
 */
function mayFollow(reward: SlotReward, about: Written, isOwner: boolean): boolean {
  if (reward.writer !== undefined)
    return (
      !isNameless(reward.writer) &&
      readPerson(reward.writer).id === undefined &&
      readPerson(about.writer).id !== undefined &&
      isSamePerson(reward.writer, about.writer)
    );
  return isOwner || isNameless(about.writer) || isSamePerson(reward.evaluator ?? "", about.writer);
}

/**
 * What a reward of this slot takes the place of: the newest of the slot, or, where there is none, what stands of earlier
 * versions for the same judgement and may give way to it, the newest first.
 * @param isOwner whether the writer may take the place of what others wrote
 */
export function earlierOf<R extends SlotReward>(rewards: readonly R[], about: Written, isOwner = false): R[] {
  const latest = latestPerSlot(rewards);
  const own = latest.find((reward) => slotOf(reward) === slotOf(about));
  if (own !== undefined) return [own];
  const old = latest.filter(
    (reward) => byName(reward) === byName(about) && mayFollow(reward, about, isOwner),
  );
  return old.toSorted((a, b) => (isLater(a, b) ? -1 : 1));
}
