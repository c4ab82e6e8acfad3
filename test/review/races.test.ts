import { afterEach, describe, expect, it } from "@jest/globals";
import { createReviewStore } from "../../src/review/store.ts";
import { latestPerSlot } from "../../src/rewards/slots.ts";
import { createRewardStore } from "../../src/rewards/store.ts";
import { AGENT, type Desk, openDesk, seeded } from "./desk.ts";

let desk: Desk;
afterEach(() => desk.close());

/** What a reviewer's count, the episodes' labels and the rewards that stand each say was judged. */
async function accounts(reviewer: string, episodes: readonly string[]) {
  const reviews = createReviewStore(desk.ledger, desk.clock);
  const rewards = createRewardStore(desk.ledger);
  const labels: string[] = [];
  const standing: string[] = [];
  for (const id of episodes) {
    const item = await reviews.item(AGENT, id);
    labels.push(
      ...(item?.labels ?? []).filter((one) => one.reviewer === reviewer).map((one) => one.reward_id),
    );
    const its = latestPerSlot(await rewards.slotsOfEpisode(AGENT, id));
    standing.push(...its.filter((one) => one.evaluator === reviewer && !one.withdrawn).map((one) => one.id));
  }
  const person = await reviews.reviewer(AGENT, reviewer);
  return { labelled: person?.labelled ?? 0, labels: labels.toSorted(), standing: standing.toSorted() };
}

describe.each([
  ["SQLite", 50],
  ["Cosmos DB, emulated", 12],
] as const)("labels, skips and undos at once, on %s", (ledger, rounds) => {
  it("leave one account: what stands is what the labels and the reviewer's count say", async () => {
    const random = seeded(11);
    desk = await openDesk({ ledger, random });
    const ids = Array.from({ length: 6 }, (_, n) => `ep-${n}`);
    await desk.record(ids.length);
    const pick = () => ids[Math.floor(random() * ids.length)] as string;
    for (let round = 0; round < rounds; round++) {
      desk.clock.advance(1000);
      const acts = Array.from({ length: 4 }, () => {
        const what = random();
        if (what < 0.5) return desk.label("ann", pick(), random() < 0.5 ? 1 : -1);
        if (what < 0.85) return desk.call("undoReview", { reviewer: "ann" });
        return desk.next("ann");
      });
      // Nothing to undo, or too many at once, is an answer.
      await Promise.allSettled(acts);
      const { labelled, labels, standing } = await accounts("ann", ids);
      expect({ round, standing, labelled }).toEqual({ round, standing: labels, labelled: labels.length });
    }
  }, 120_000);
});
