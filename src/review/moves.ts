import type { Lease, Offer, Reviewer, ReviewItem, ReviewRules, Why } from "./contract.ts";
import { aliveLeases } from "./rules.ts";

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
  const others = aliveLeases(item, now).filter((one) => one.reviewer !== held.reviewer);
  return {
    item: { ...item, leases: [...others, held] },
    person: { ...person, episode_id: item.episode_id, why },
  };
}

/** The reviewer has judged the episode; a second judgement replaces the first. */
export function labelled({ item, person }: Pair, label: Label, rules: ReviewRules): Pair {
  const before = item.labels.filter((one) => one.reviewer !== label.reviewer);
  const isFirst = before.length === item.labels.length;
  return {
    item: {
      ...withLabels(item, [...before, label], rules),
      skipped: item.skipped.filter((one) => one.reviewer !== label.reviewer),
      leases: leasesWithout(item, label.reviewer),
    },
    person: {
      ...emptyHanded(person, item.episode_id),
      labelled: person.labelled + (isFirst ? 1 : 0),
      done: doneWith(person, "labelled", item.episode_id),
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
      skipped: [...item.skipped.filter((one) => one.reviewer !== reviewer), { reviewer, at: now }],
    },
    person: { ...rest, done: doneWith(person, "skipped", item.episode_id) },
  };
}

/** The reviewer's label or skip is taken back, and the episode in hand again. `yours`: the label that was there. */
export function takenBack(
  { item, person }: Pair,
  held: Lease,
  why: Why,
  rules: ReviewRules,
): { readonly pair: Pair; readonly yours: Offer["yours"] } {
  const own = item.labels.find((one) => one.reviewer === held.reviewer);
  const labels = item.labels.filter((one) => one.reviewer !== held.reviewer);
  const pair = {
    item: {
      ...withLabels(item, labels, rules),
      skipped: item.skipped.filter((one) => one.reviewer !== held.reviewer),
      leases: [...leasesWithout(item, held.reviewer), held],
    },
    person: {
      ...person,
      episode_id: item.episode_id,
      why,
      labelled: Math.max(0, person.labelled - (own === undefined ? 0 : 1)),
      done: person.done.slice(0, -1),
    },
  };
  return { pair, yours: own && { value: own.value, at: own.at } };
}

/** The episode is free for others; `hadLease` says whether it was not before. Undefined: there is nothing to change. */
export function released(
  { item, person }: Pair,
  now: string,
): { readonly pair: Pair | undefined; readonly hadLease: boolean } {
  const hadLease = aliveLeases(item, now).some((one) => one.reviewer === person.reviewer);
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
const withLabels = (item: ReviewItem, labels: Label[], rules: ReviewRules): ReviewItem => ({
  ...item,
  labels,
  corrected: labels.some((one) => one.corrected),
  status: labels.length >= rules.reviewers_per_episode ? "done" : "open",
});

const leasesWithout = (item: ReviewItem, reviewer: string): Lease[] =>
  item.leases.filter((one) => one.reviewer !== reviewer);

/** The reviewer without this episode in hand; another one in hand stays there. */
function emptyHanded(person: Reviewer, episodeId: string): Reviewer {
  const { episode_id: inHand, why, ...rest } = person;
  return inHand === episodeId || inHand === undefined ? rest : { ...rest, episode_id: inHand, why };
}

const doneWith = (person: Reviewer, what: "labelled" | "skipped", episodeId: string) =>
  [...person.done.filter((one) => one.episode_id !== episodeId), { what, episode_id: episodeId }].slice(
    -REMEMBERED,
  );
