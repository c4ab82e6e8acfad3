import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type Desk, openDesk } from "./desk.ts";

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk();
});
afterEach(() => desk.close());

const undo = (more: Record<string, unknown> = {}) => desk.call("undoReview", { reviewer: "ann", ...more });
const countOf = async () =>
  (await desk.queue()).reviewers.find((one: { reviewer: string }) => one.reviewer === "ann")?.labelled;
/** Judgements of an episode that count. */
async function standing(episode_id: string): Promise<number[]> {
  const { rewards } = await desk.call("listRewards", { episode_id });
  const gone = new Set(rewards.flatMap((one: { supersedes?: string }) => one.supersedes ?? []));
  return rewards
    .filter((one: { id: string; withdrawn?: true }) => !gone.has(one.id) && one.withdrawn === undefined)
    .map((one: { value: number }) => one.value);
}
async function labelThree() {
  await desk.record(3);
  for (const n of [0, 1, 2]) await desk.label("ann", `ep-${n}`, -1);
}

describe("undo", () => {
  it("pressed twice at once takes two different steps back, and each judgement with its label", async () => {
    for (let times = 0; times < 5; times++) {
      await labelThree();
      const [first, second] = await Promise.all([undo(), undo()]);
      expect(new Set([first.item.episode_id, second.item.episode_id])).toEqual(new Set(["ep-2", "ep-1"]));
      expect([await standing("ep-0"), await standing("ep-1"), await standing("ep-2")]).toEqual([
        [-1],
        [],
        [],
      ]);
      expect((await undo()).item.episode_id).toBe("ep-0");
      await expect(undo()).rejects.toMatchObject({ code: "nothing_to_undo", status: 409 });
      expect(await countOf()).toBe(0);
      await desk.close();
      desk = await openDesk();
    }
  });

  it("takes its own label back, never a later judgement of the same person through another door", async () => {
    await desk.record(1);
    await desk.label("ann", "ep-0", 1);
    await desk.call("assignReward", {
      episode_id: "ep-0",
      value: -1,
      evaluator: "ann",
      comments: "second thoughts",
    });
    await undo();
    expect(await standing("ep-0")).toEqual([-1]);
    expect((await desk.queue()).done).toBe(0);
  });

  it("passes over an episode that is gone, says so, and reaches the steps below", async () => {
    await labelThree();
    await desk.ledger.delete("episodes", ["desk", "ep-2"], "ep-2");
    const undone = await undo();
    expect(undone.item.episode_id).toBe("ep-1");
    expect(undone.message).toContain("one step");
    await desk.ledger.delete("episodes", ["desk", "ep-0"], "ep-0");
    await expect(undo()).rejects.toMatchObject({
      code: "nothing_to_undo",
      message: expect.stringContaining("one step are gone"),
    });
  });

  it("of a step that is named takes that one back, and sent again nothing more", async () => {
    await labelThree();
    const named = { episode_id: "ep-1" };
    const first = await undo(named);
    const again = await undo(named);
    expect([first.item.episode_id, again.item.episode_id]).toEqual(["ep-1", "ep-1"]);
    expect([await standing("ep-0"), await standing("ep-1"), await standing("ep-2")]).toEqual([
      [-1],
      [],
      [-1],
    ]);
    expect(await countOf()).toBe(2);
  });

  it("takes a label by its reward's id, and refuses one that is not there", async () => {
    await labelThree();
    const { rewards } = await desk.call("listRewards", { episode_id: "ep-0" });
    expect((await undo({ reward_id: rewards[0].id })).item.episode_id).toBe("ep-0");
    await expect(undo({ reward_id: "rew-other" })).rejects.toMatchObject({ code: "nothing_to_undo" });
    await expect(undo({ episode_id: "ep-77" })).rejects.toMatchObject({ code: "nothing_to_undo" });
    expect(await countOf()).toBe(2);
  });

  it("takes back the steps that an earlier version remembered, without their rewards' ids", async () => {
    await labelThree();
    const { items } = await desk.ledger.query<{ id: string; done: { reward_id?: string }[] }>("reviews", {
      pk: ["desk"],
      where: [{ field: "type", op: "eq", value: "reviewer" }],
      limit: 1,
    });
    const [ann] = items;
    if (ann === undefined) throw new Error("no reviewer");
    const done = ann.done.map(({ reward_id: _id, ...step }) => step);
    await desk.ledger.replace("reviews", { ...ann, done });
    expect((await undo()).item).toMatchObject({ episode_id: "ep-2", yours: { value: -1 } });
    expect(await standing("ep-2")).toEqual([]);
  });
});
