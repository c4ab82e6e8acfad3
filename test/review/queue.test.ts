import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type Body, type Desk, openDesk } from "./desk.ts";

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk();
});
afterEach(() => desk.close());

const rules = (changes: Record<string, unknown>) => desk.call("setReviewRules", changes);
const weights = (rule: string) => ({
  sampling: { random: 0, low_reward: 0, disagreement: 0, new_tool: 0, [rule]: 1 },
});
const reward = (n: number, given: Record<string, unknown>) =>
  desk.call("assignReward", { episode_id: `ep-${n}`, ...given });
/** Everything a reviewer is offered until nothing is left. */
async function offered(reviewer: string): Promise<Body[]> {
  const offers: Body[] = [];
  for (let offer = await desk.next(reviewer); offer !== null; offer = await desk.next(reviewer)) {
    offers.push(offer);
    await desk.label(reviewer, offer.episode_id);
  }
  return offers;
}

describe("users' feedback and the review queue", () => {
  it("offers what users disliked as low, and where user and judge disagree as disputed", async () => {
    await desk.record(20);
    for (let n = 0; n < 5; n++) await reward(n, { value: -1, evaluator: `customer ${n}` });
    for (let n = 5; n < 8; n++) {
      await reward(n, { value: 1, evaluator: `customer ${n}` });
      await reward(n, { source: "eval_score", value: 0, evaluator: "judge" });
    }
    await desk.feed();
    await rules(weights("low_reward"));
    const low = [];
    for (let n = 0; n < 5; n++) low.push(await desk.next(`low ${n}`));
    expect(new Set(low.map(({ why }) => why.reason))).toEqual(new Set(["low_reward"]));
    expect(new Set(low.map(({ episode_id }) => episode_id))).toEqual(
      new Set(["ep-0", "ep-1", "ep-2", "ep-3", "ep-4"]),
    );
    await rules(weights("disagreement"));
    const disputed = [];
    for (let n = 0; n < 3; n++) disputed.push(await desk.next(`disputed ${n}`));
    expect(new Set(disputed.map(({ episode_id }) => episode_id))).toEqual(new Set(["ep-5", "ep-6", "ep-7"]));
    expect(disputed[0].why.reason).toBe("disagreement");
  });

  it("does not take a penalty for time or cost for a judge who disagrees", async () => {
    await desk.record(1);
    await reward(0, { value: 1 });
    await reward(0, { source: "eval_score", value: 0.9 });
    await reward(0, { source: "latency_penalty", value: -0.5 });
    await desk.feed();
    await rules(weights("disagreement"));
    expect((await desk.next("a")).why.reason).toBe("newest");
  });

  it("waits for as many episodes as it offers, whatever users said of them", async () => {
    await desk.record(12);
    for (let n = 0; n < 12; n++) await reward(n, { value: 1 });
    await desk.feed();
    expect((await desk.queue()).waiting).toBe(12);
    expect(await offered("ann")).toHaveLength(12);
    expect(await desk.queue()).toMatchObject({ waiting: 0, done: 12 });
  });
});

describe("the counts of the queue", () => {
  it("are of the episodes that are there: reviewed ones that expired hide none that wait", async () => {
    await desk.record(10);
    for (let n = 0; n < 10; n++)
      await desk.call("submitReview", {
        reviewer: "ann",
        episode_id: `ep-${n}`,
        value: -1,
        correction: `Better ${n}`,
      });
    for (let n = 0; n < 10; n++) await desk.ledger.delete("episodes", ["desk", `ep-${n}`], `ep-${n}`);
    await desk.record(8, (n) => ({ id: `new-${n}` }));
    expect(await desk.queue()).toMatchObject({ episodes: 8, waiting: 8, done: 0, corrections: 0 });
    expect(await offered("bob")).toHaveLength(8);
  });

  it("go on past two hundred reviewers and reservations", async () => {
    await desk.record(215);
    for (let n = 0; n < 215; n++) await desk.next(`reviewer ${n}`);
    const queue = await desk.queue();
    expect([queue.reviewers.length, queue.reservations.length, queue.reserved]).toEqual([215, 215, 215]);
  });
});

describe("changed rules", () => {
  it("reopen finished episodes when more reviewers are asked for, and close them when fewer are", async () => {
    await desk.record(3);
    await offered("ann");
    expect(await desk.queue()).toMatchObject({ waiting: 0, done: 3 });
    await rules({ reviewers_per_episode: 2 });
    expect(await desk.queue()).toMatchObject({ waiting: 3, done: 0 });
    expect(await desk.next("ann")).toBeNull();
    expect((await desk.next("bob")).episode_id).toMatch(/^ep-/);
    await rules({ reviewers_per_episode: 1 });
    expect(await desk.queue()).toMatchObject({ waiting: 0, done: 3 });
    expect(await desk.next("eve")).toBeNull();
  });

  it("keep both of two changes made at once", async () => {
    for (let times = 0; times < 10; times++) {
      await Promise.all([
        rules({ blind: true }),
        rules({ reviewers_per_episode: 3 }),
        rules({ sampling: { new_tool: 5 } }),
        rules({ sampling: { random: 2 } }),
      ]);
      expect((await desk.queue()).rules).toMatchObject({
        blind: true,
        reviewers_per_episode: 3,
        sampling: { new_tool: 5, random: 2 },
      });
      await rules({ blind: false, reviewers_per_episode: 1, sampling: { new_tool: 1, random: 4 } });
    }
  });

  it("remember the tools of two labels given at once", async () => {
    await desk.record(8, (n) => ({ tool_calls: [{ tool_name: `tool-${n}` }] }));
    await Promise.all(Array.from({ length: 8 }, (_, n) => desk.label(`reviewer ${n}`, `ep-${n}`)));
    const known = await desk.ledger.read<{ id: string; names: string[] }>("reviews", ["desk"], "tools");
    expect(known?.names).toHaveLength(8);
  });
});

describe("an episode in hand", () => {
  it("stays there when another one is skipped, which is refused", async () => {
    await desk.record(3);
    const held = await desk.next("ann");
    const other = ["ep-0", "ep-1", "ep-2"].find((id) => id !== held.episode_id) ?? "";
    const skip = (episode_id: string) => desk.call("skipReview", { reviewer: "ann", episode_id });
    await expect(skip(other)).rejects.toMatchObject({ code: "review_not_in_hand", field: "episode_id" });
    expect((await desk.next("ann")).episode_id).toBe(held.episode_id);
    await skip(held.episode_id);
    // Sent again it changes nothing: what was taken up since stays in hand.
    const second = await desk.next("ann");
    await skip(held.episode_id);
    expect((await desk.next("ann")).episode_id).toBe(second.episode_id);
    expect((await desk.queue()).reserved).toBe(1);
  });

  it("is one, in however many tabs a new reviewer opens the desk", async () => {
    await desk.record(30);
    const tabs = await Promise.all(Array.from({ length: 6 }, () => desk.next("ann")));
    expect(new Set(tabs.map(({ episode_id }) => episode_id)).size).toBe(1);
    expect((await desk.queue()).reserved).toBe(1);
  });

  it("goes back to the queue when others have judged it, and leaves no reservation behind", async () => {
    await desk.record(2);
    const held = await desk.next("ann");
    await desk.label("bob", held.episode_id);
    expect((await desk.next("ann")).episode_id).not.toBe(held.episode_id);
    expect((await desk.queue()).reserved).toBe(1);
  });

  it("may be judged by any number of people at the same moment", async () => {
    await desk.record(1);
    const people = Array.from({ length: 24 }, (_, n) => `reviewer ${n}`);
    const labels = await Promise.all(people.map((one) => desk.label(one, "ep-0")));
    expect(labels).toHaveLength(24);
    await desk.feed();
    expect(await desk.call("getEpisode", { episode_id: "ep-0" })).toMatchObject({ reward_count: 24 });
  });

  it("counts one reviewer once, however the name is written", async () => {
    await desk.record(2);
    await rules({ reviewers_per_episode: 2 });
    await desk.label("Ann", "ep-0");
    const second = await desk.label(" ann ", "ep-0", -1);
    expect(second).toMatchObject({ judged_by: 1, status: "open" });
    expect((await desk.queue()).reviewers).toEqual([{ reviewer: "Ann", labelled: 1 }]);
    expect((await desk.next("ANN")).episode_id).toBe("ep-1");
  });
});
