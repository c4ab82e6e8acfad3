import type { Episode } from "../episodes/contract.ts";
import { isSamePerson } from "../kernel/persons.ts";
import { PENALTY_SOURCES } from "../rewards/contract.ts";
import { type Lease, type ReviewItem, type ReviewRules, SAMPLING, type Sampling } from "./contract.ts";

/** The fields of an episode that decide whether and why it is offered. */
export const JUDGED_FIELDS = [
  "created_at",
  "tool_names",
  "reward_avg",
  "reward_count",
  "reward_by_source",
] as const;
export type Judged = Pick<Episode, "id"> & Partial<Pick<Episode, (typeof JUDGED_FIELDS)[number]>>;

export const aliveLeases = (item: Pick<ReviewItem, "leases"> | undefined, now: string): Lease[] =>
  (item?.leases ?? []).filter((lease) => lease.until > now);

/** Those of this person. */
export const ownOf = <T extends { readonly reviewer: string }>(all: readonly T[], reviewer: string): T[] =>
  all.filter((one) => isSamePerson(one.reviewer, reviewer));
export const othersOf = <T extends { readonly reviewer: string }>(all: readonly T[], reviewer: string): T[] =>
  all.filter((one) => !isSamePerson(one.reviewer, reviewer));

/** Only what was judged here is a review: a user's thumb or a reward of another door says nothing of an expert. */
export const isDone = (item: Pick<ReviewItem, "labels"> | undefined, rules: ReviewRules): boolean =>
  (item?.labels.length ?? 0) >= rules.reviewers_per_episode;

/** Whether this reviewer may be given the episode now. */
export function isOpenTo(
  reviewer: string,
  item: ReviewItem | undefined,
  rules: ReviewRules,
  now: string,
): boolean {
  if (item === undefined) return true;
  if (ownOf(item.labels, reviewer).length > 0 || ownOf(item.skipped, reviewer).length > 0) return false;
  const others = othersOf(aliveLeases(item, now), reviewer).length;
  return item.labels.length + others < rules.reviewers_per_episode;
}

/** The rules with weight, in the order of trying: the first is drawn by weight, so are the others after it. */
export function drawOrder(sampling: ReviewRules["sampling"], random: () => number): Sampling[] {
  const left = SAMPLING.filter((rule) => sampling[rule] > 0);
  const order: Sampling[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, rule) => sum + sampling[rule], 0);
    let at = random() * total;
    let chosen = 0;
    while (chosen < left.length - 1 && at >= sampling[left[chosen] as Sampling])
      at -= sampling[left[chosen++] as Sampling];
    order.push(...left.splice(chosen, 1));
  }
  return order;
}

/** Half of the scale: one is content and the other is not, or one is sure and the other undecided. */
const FAR_APART = 1;

/**
 * Its judges disagree: sources whose means have opposite signs or are half the scale apart, or one source that cancels
 * itself out. The aggregate knows sums alone, so a source of many lukewarm judgements also counts. Penalties for time
 * and cost are no judgement.
 */
export function isDisputed(episode: Judged): boolean {
  const means = Object.entries(episode.reward_by_source ?? {})
    .filter(([source]) => !(PENALTY_SOURCES as readonly string[]).includes(source))
    .map(([, { count, sum }]) => ({ count, mean: sum / Math.max(1, count) }));
  const lowest = Math.min(...means.map(({ mean }) => mean));
  const highest = Math.max(...means.map(({ mean }) => mean));
  const isApart = (highest > 0.1 && lowest < -0.1) || highest - lowest >= FAR_APART;
  return isApart || means.some(({ count, mean }) => count > 1 && Math.abs(mean) < 0.5);
}

/** Tools of the episode that no reviewer has seen at work yet. */
export const newTools = (episode: Judged, known: ReadonlySet<string>): string[] =>
  (episode.tool_names ?? []).filter((name) => !known.has(name));

/** A value as people read it: +0.5, −1, 0. */
export const signed = (value: number): string =>
  `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(Math.round(value * 100) / 100)}`;
