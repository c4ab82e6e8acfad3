import { describe, expect, it } from "@jest/globals";
import { labelled, leased, type Pair, released, skipped, takenBack } from "../../src/review/moves.ts";

const NOW = "2026-01-01T00:00:00.000Z";
const held = { reviewer: "ada", until: "2026-01-01T00:10:00.000Z" };
const label = { reviewer: "ada", reward_id: "rew-1", value: -1, corrected: true, at: NOW };

function fresh(): Pair {
  return {
    item: {
      id: "item-ep-1",
      type: "review_item",
      agent_id: "desk",
      episode_id: "ep-1",
      labels: [],
      skipped: [],
      leases: [],
      corrected: false,
      created_at: NOW,
    },
    person: {
      id: "reviewer-ada",
      type: "reviewer",
      agent_id: "desk",
      reviewer: "ada",
      done: [],
      labelled: 0,
      created_at: NOW,
    },
  };
}

describe("the moves of a review", () => {
  it("forget a lapsed lease when another reviewer takes the episode, and keep one that is alive", () => {
    const others = [
      { reviewer: "bob", until: "2025-12-31T23:59:00.000Z" },
      { reviewer: "eve", until: "2026-01-01T00:01:00.000Z" },
    ];
    const before = { ...fresh(), item: { ...fresh().item, leases: others } };
    expect(leased(before, held, { reason: "random" }, NOW).item.leases).toEqual([others[1], held]);
  });

  it("count a reviewer's second judgement of an episode once", () => {
    const once = labelled(leased(fresh(), held, { reason: "random" }, NOW), label);
    const twice = labelled(once, { ...label, reward_id: "rew-2", corrected: false });
    expect(once.person).toMatchObject({ labelled: 1, done: [{ what: "labelled", episode_id: "ep-1" }] });
    expect(twice.person).toMatchObject({ labelled: 1, done: [{ what: "labelled", episode_id: "ep-1" }] });
    expect(twice.item).toMatchObject({ labels: [{ reward_id: "rew-2" }], corrected: false });
  });

  it("end with what there was when a label is taken back, the episode in hand again", () => {
    const before = fresh();
    const done = labelled(before, label);
    const { pair, yours } = takenBack(
      done,
      { what: "labelled", episode_id: "ep-1", reward_id: "rew-1" },
      held,
      { reason: "again" },
    );
    expect(yours).toEqual({ value: -1, at: NOW });
    expect(pair.item).toEqual({ ...before.item, leases: [held] });
    expect(pair.person).toEqual({ ...before.person, episode_id: "ep-1", why: { reason: "again" } });
  });

  it("leave another episode in the reviewer's hand when this one is released or labelled", () => {
    const { item, person } = fresh();
    const busy = { item: { ...item, leases: [held] }, person: { ...person, episode_id: "ep-2" } };
    expect(labelled(busy, label).person.episode_id).toBe("ep-2");
    const { pair, hadLease } = released(busy, NOW);
    expect(hadLease).toBe(true);
    expect(pair?.item.leases).toEqual([]);
    expect(pair?.person.episode_id).toBe("ep-2");
  });

  it("have nothing to release without a lease and with empty hands", () => {
    expect(released(fresh(), NOW)).toEqual({ pair: undefined, hadLease: false });
  });

  it("remember fifty steps for undo, the newest", () => {
    let pair = fresh();
    for (let n = 0; n < 60; n++)
      pair = skipped({ ...pair, item: { ...fresh().item, episode_id: `ep-${n}` } }, NOW);
    expect(pair.person.done).toHaveLength(50);
    expect(pair.person.done.at(-1)).toEqual({ what: "skipped", episode_id: "ep-59", at: NOW });
  });
});
