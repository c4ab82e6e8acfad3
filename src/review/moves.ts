import type { Lease, Offer, Reviewer, ReviewItem, Step, Why } from "./contract.ts";
import { aliveLeases, othersOf, ownOf } from "./rules.ts";

/** An episode's review and the reviewer it is with: they change together or not at all. */
export interface Pair {
  readonly item: ReviewItem;
  readonly person: Reviewer;
}

/** Steps that undo goes back at most. */
const REMEMBERED = 50;

type Label = ReviewItem["labels"][number];

/** The reviewer has the episode in hand; leases that lapsed are forgotten. */
export function leased({ item, person }: Pair, held: Lease, why: Why, now: string): Pair {
  const others = othersOf(aliveLeases(item, now), held.reviewer);
  return {
    item: { ...item, leases: [...others, held] },
    person: { ...person, episode_id: item.episode_id, why },
  };
}

/** The order of judgements is that of their rewards, whichever is noted first. */
const isLater = (a: Label, b: Label): boolean => a.at > b.at || (a.at === b.at && a.reward_id > b.reward_id);

/**
 * The reviewer has judged the episode; a second judgement replaces the first. Of two that came at once the later counts,
 * whichever is noted last.
 */
export function labelled({ item, person }: Pair, label: Label): Pair {
  if (ownOf(item.labels, label.reviewer).some((one) => isLater(one, label))) return { item, person };
  const before = othersOf(item.labels, label.reviewer);
  const isFirst = before.length === item.labels.length;
  return {
    item: {
      ...withLabels(item, [...before, label]),
      skipped: othersOf(item.skipped, label.reviewer),
      leases: leasesWithout(item, label.reviewer),
    },
    person: {
      ...emptyHanded(person, item.episode_id),
      labelled: person.labelled + (isFirst ? 1 : 0),
      done: doneWith(person, { what: "labelled", episode_id: item.episode_id, reward_id: label.reward_id }),
    },
  };
}

/** The reviewer leaves the episode to others, and has nothing in hand. */
export function skipped({ item, person }: Pair, now: string): Pair {
  const { reviewer } = person;
  const { episode_id: _inHand, why: _why, ...rest } = person;
  return {
    item: {
      ...item,
      leases: leasesWithout(item, reviewer),
      skipped: [...othersOf(item.skipped, reviewer), { reviewer, at: now }],
    },
    person: { ...rest, done: doneWith(person, { what: "skipped", episode_id: item.episode_id, at: now }) },
  };
}

/** The reviewer's label of this step. */
export const labelOf = (item: ReviewItem | undefined, reviewer: string, step: Step): Label | undefined =>
  step.what === "skipped"
    ? undefined
    : ownOf(item?.labels ?? [], reviewer).find(
        ({ reward_id: id }) => step.reward_id === undefined || id === step.reward_id,
      );

/** The step that is to be taken back: the last, or the last of those that fit what was named. */
export const stepToUndo = (
  person: Reviewer | undefined,
  {
    episodeId,
    rewardId,
  }: { readonly episodeId?: string | undefined; readonly rewardId?: string | undefined },
): Step | undefined =>
  person?.done.findLast(
    (step) =>
      (episodeId === undefined || step.episode_id === episodeId) &&
      (rewardId === undefined || step.reward_id === rewardId),
  );

export const isSameStep = (a: Step | undefined, b: Step): boolean =>
  a?.what === b.what && a.episode_id === b.episode_id && a.reward_id === b.reward_id;

/** The reviewer's step without anything to take back: its episode is gone. */
export const forgotten = ({ item, person }: Pair, step: Step): Pair => ({
  item,
  person: {
    ...emptyHanded(person, step.episode_id),
    done: person.done.filter((one) => !isSameStep(one, step)),
  },
});

/** One step, a label or a skip, is taken back, and its episode in hand again. `yours`: the label that was there. */
export function takenBack(
  { item, person }: Pair,
  step: Step,
  held: Lease,
  why: Why,
): { readonly pair: Pair; readonly yours: Offer["yours"] } {
  const own = labelOf(item, held.reviewer, step);
  const labels = item.labels.filter((one) => one !== own);
  const pair = {
    item: {
      ...withLabels(item, labels),
      skipped: othersOf(item.skipped, held.reviewer),
      leases: [...leasesWithout(item, held.reviewer), held],
    },
    person: {
      ...person,
      episode_id: item.episode_id,
      why,
      labelled: Math.max(0, person.labelled - (own === undefined ? 0 : 1)),
      done: person.done.filter((one) => !isSameStep(one, step)),
    },
  };
  return { pair, yours: own && { value: own.value, at: own.at } };
}

/** The episode is free for others; `hadLease` says whether it was not before. Undefined: there is nothing to change. */
export function released(
  { item, person }: Pair,
  now: string,
): { readonly pair: Pair | undefined; readonly hadLease: boolean } {
  const hadLease = ownOf(aliveLeases(item, now), person.reviewer).length > 0;
  if (!hadLease && person.episode_id !== item.episode_id) return { pair: undefined, hadLease };
  return {
    hadLease,
    pair: {
      item: { ...item, leases: leasesWithout(item, person.reviewer) },
      person: emptyHanded(person, item.episode_id),
    },
  };
}

/** The item with these labels, and what follows from them. */
const withLabels = (item: ReviewItem, labels: Label[]): ReviewItem => ({
  ...item,
  labels,
  corrected: labels.some((one) => one.corrected),
});

const leasesWithout = (item: ReviewItem, reviewer: string): Lease[] => othersOf(item.leases, reviewer);

/** The reviewer without this episode in hand; another one in hand stays there. */
function emptyHanded(person: Reviewer, episodeId: string): Reviewer {
  const { episode_id: inHand, why, ...rest } = person;
  return inHand === episodeId || inHand === undefined ? rest : { ...rest, episode_id: inHand, why };
}

/** An episode has one step, the last: a second judgement of it replaces the first. */
const doneWith = (person: Reviewer, step: Step): Step[] =>
  [...person.done.filter((one) => one.episode_id !== step.episode_id), step].slice(-REMEMBERED);
