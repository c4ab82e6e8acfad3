import { each, type Ledger } from "../ledger/ledger.ts";
import type { ReviewItem, ReviewRules } from "./contract.ts";
import { type CorrectedItems, createCorrectionFinder } from "./find-corrections.ts";
import { isDone } from "./rules.ts";

export interface Reviewed {
  /** Episodes that as many people judged as the rules ask for. */
  readonly done: number;
  /** Corrections that stand, as the list has them. */
  readonly corrections: number;
}

/** Ids that one question of the ledger takes. */
const AT_ONCE = 100;

/** Those of the episodes that the ledger still has. */
async function stillThere(ledger: Ledger, agentId: string, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const where = [{ field: "id", op: "in", value: ids.slice(at, at + AT_ONCE) }] as const;
    for await (const { id } of each(ledger, "episodes", { pk: [agentId], where, select: ["created_at"] }))
      found.add(id);
  }
  return found;
}

/**
 * Counted by the items and the rules as they are now: what a review is worth follows from both, and items outlive
 * episodes that expire. People label by hand, so the items are few beside the episodes.
 */
export async function countReviewed(
  ledger: Ledger,
  store: CorrectedItems,
  agentId: string,
  rules: ReviewRules,
): Promise<Reviewed> {
  let done = 0;
  let batch: string[] = [];
  const add = async () => {
    done += (await stillThere(ledger, agentId, batch)).size;
    batch = [];
  };
  const items = each<ReviewItem>(ledger, "reviews", {
    pk: [agentId],
    where: [{ field: "type", op: "eq", value: "review_item" }],
    select: ["episode_id", "labels"],
  });
  for await (const item of items) {
    if (isDone(item, rules)) batch.push(item.episode_id);
    if (batch.length === AT_ONCE) await add();
  }
  await add();
  const corrected: string[] = [];
  for await (const { reward } of createCorrectionFinder(ledger, store).all(agentId))
    corrected.push(reward.episode_id);
  const there = await stillThere(ledger, agentId, [...new Set(corrected)]);
  return { done, corrections: corrected.filter((id) => there.has(id)).length };
}
