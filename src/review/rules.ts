import type { Episode } from "../episodes/contract.ts";
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

/** People who judged it, here or through another door, as far as its aggregate knows. */
function judges(item: ReviewItem | undefined, episode: Judged): number {
  return Math.max(item?.labels.length ?? 0, episode.reward_by_source?.human_approval?.count ?? 0);
}

/** Whether this reviewer may be given the episode now. */
export function isOpenTo(
  reviewer: string,
  episode: Judged,
  item: ReviewItem | undefined,
  rules: ReviewRules,
  now: string,
): boolean {
  if (item?.status === "done") return false;
  if (item?.labels.some((label) => label.reviewer === reviewer)) return false;
  if (item?.skipped.some((skip) => skip.reviewer === reviewer)) return false;
  const others = aliveLeases(item, now).filter((lease) => lease.reviewer !== reviewer).length;
  return judges(item, episode) + others < rules.reviewers_per_episode;
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

/**
 * Its judges disagree: sources whose means have opposite signs, or one source that cancels itself out. The aggregate
 * knows sums alone, so a source of many lukewarm judgements also counts.
 */
export function isDisputed(episode: Judged): boolean {
  const means = Object.values(episode.reward_by_source ?? {}).map(({ count, sum }) => ({
    count,
    mean: sum / Math.max(1, count),
  }));
  const ranges = means.some(({ mean }) => mean > 0.1) && means.some(({ mean }) => mean < -0.1);
  return ranges || means.some(({ count, mean }) => count > 1 && Math.abs(mean) < 0.5);
}

/** Tools of the episode that no reviewer has seen at work yet. */
export const newTools = (episode: Judged, known: ReadonlySet<string>): string[] =>
  (episode.tool_names ?? []).filter((name) => !known.has(name));

/** A value as people read it: +0.5, −1, 0. */
export const signed = (value: number): string =>
  `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(Math.round(value * 100) / 100)}`;
