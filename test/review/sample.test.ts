import { afterEach, describe, expect, it } from "@jest/globals";
import { sampleKeyOf } from "../../src/episodes/contract.ts";
import { toIso } from "../../src/kernel/clock.ts";
import { createDraw } from "../../src/review/draw.ts";
import { createReviewStore } from "../../src/review/store.ts";
import { AGENT, type Desk, openDesk, seeded } from "./desk.ts";

let desk: Desk;
afterEach(() => desk.close());

/** Chi-square of five equal groups: a fair draw passes it once in a hundred times. */
const MOST = 13.28;
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, n) => sum + n, 0) / counts.length;
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
}
const GROUPS = 5;
const DAY = 86_400_000;

const fifthOf = (id: string, total: number) => Math.floor((Number(id.slice(3)) * GROUPS) / total);
function byFifth(ids: readonly string[], total: number): number[] {
  const counts = Array.from({ length: GROUPS }, () => 0);
  for (const id of ids) {
    const fifth = fifthOf(id, total);
    counts[fifth] = (counts[fifth] ?? 0) + 1;
  }
  return counts;
}
const only = (rule: string) =>
  desk.call("setReviewRules", {
    low_reward_below: 1,
    sampling: { random: 0, low_reward: 0, disagreement: 0, new_tool: 0, [rule]: 1 },
  });

/** Copies of one recorded episode, `ep-0` and on: thousands are checked and redacted once. */
async function store(total: number, more: (n: number) => object, how: { isOld?: boolean } = {}) {
  await desk.record(1, () => ({ id: "model" }));
  const { _etag, _ts, sample_key, ...model } = (await desk.ledger.read<Stored>(
    "episodes",
    [AGENT, "model"],
    "model",
  )) as Stored;
  expect(sample_key).toBe(sampleKeyOf(AGENT, "model"));
  await desk.ledger.delete("episodes", [AGENT, "model"], "model");
  const documents = Array.from({ length: total }, (_, n) => ({
    ...model,
    id: `ep-${n}`,
    ...(how.isOld === true ? {} : { sample_key: sampleKeyOf(AGENT, `ep-${n}`) }),
    ...more(n),
  }));
  for (const { ok } of await desk.ledger.bulk("episodes", "create", documents)) expect(ok).toBe(true);
}
type Stored = { readonly id: string; readonly [field: string]: unknown };

/** What reviewers would be offered one after the other, by the draw under the door. */
async function drawn(times: number, most: number): Promise<string[]> {
  const reviews = createReviewStore(desk.ledger, desk.clock);
  const draw = createDraw(reviews, desk.clock, seeded(42));
  const rules = await reviews.rules(AGENT);
  const found: string[] = [];
  for (let n = 0; n < times; n++) {
    let taken = 0;
    for await (const { episode } of draw(AGENT, "ann", rules, toIso(desk.clock.now()))) {
      found.push(episode.id);
      if (++taken === most) break;
    }
  }
  return found;
}

const TOTAL = 1500;
/** When the n-th of the episodes happened. */
const TIMES: Readonly<Record<string, (n: number, now: number) => number>> = {
  "three uploads that share an instant each": (n, now) => now - (3 - Math.floor((n * 3) / TOTAL)) * DAY,
  "a minute apart, and one of 2001": (n, now) =>
    n === 0 ? Date.parse("2001-01-01") : now - (TOTAL - n) * 60_000,
};

describe("random offers", () => {
  it.each(Object.keys(TIMES))("are as likely for every episode: %s", async (name) => {
    desk = await openDesk({ random: seeded(42) });
    const at = TIMES[name] as (typeof TIMES)[string];
    await store(TOTAL, (n) => ({ created_at: toIso(at(n, desk.clock.now())) }));
    await only("random");
    expect(chiSquare(byFifth(await drawn(40, 50), TOTAL))).toBeLessThan(MOST);
  });

  it("are as likely for every episode through the door, too", async () => {
    desk = await openDesk({ random: seeded(42) });
    const at = TIMES["three uploads that share an instant each"] as (typeof TIMES)[string];
    await store(TOTAL, (n) => ({ created_at: toIso(at(n, desk.clock.now())) }));
    await only("random");
    const offered: string[] = [];
    for (let n = 0; n < 60; n++) {
      const { episode_id } = await desk.next("ann");
      await desk.call("releaseReview", { reviewer: "ann", episode_id });
      offered.push(episode_id);
    }
    const counts = byFifth(offered, TOTAL);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(chiSquare(counts)).toBeLessThan(MOST);
  });

  it("are as likely for every episode of uploads that share an instant on Cosmos DB too", async () => {
    desk = await openDesk({ ledger: "Cosmos DB, emulated", random: seeded(42) });
    const now = desk.clock.now();
    await store(1100, (n) => ({ created_at: toIso(now - (5 - Math.floor(n / 220)) * DAY) }));
    await only("random");
    const counts = byFifth(await drawn(6, 50), 1100);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(chiSquare(counts)).toBeLessThan(MOST);
  });

  it("are as likely for episodes that an earlier version stored, one of them dated 2099", async () => {
    desk = await openDesk({ random: seeded(7) });
    await store(
      TOTAL,
      (n) => ({
        created_at:
          n === TOTAL - 1 ? "2099-01-01T00:00:00.000Z" : toIso(desk.clock.now() - (TOTAL - n) * 60_000),
      }),
      { isOld: true },
    );
    await only("random");
    // Each call gives some of them the key that they are drawn by.
    for (let n = 0; n < 8; n++) {
      const { episode_id } = await desk.next("ann");
      await desk.call("releaseReview", { reviewer: "ann", episode_id });
      desk.clock.advance(60_000);
    }
    const keyed = { pk: [AGENT], where: [{ field: "sample_key", op: "gte", value: 0 }] } as const;
    expect(await desk.ledger.count("episodes", keyed)).toBe(TOTAL);
    expect(chiSquare(byFifth(await drawn(40, 50), TOTAL))).toBeLessThan(MOST);
  });
});

describe("offers by the other rules", () => {
  it.each(["low_reward", "new_tool"])("are a sample of what fits too: %s", async (rule) => {
    desk = await openDesk({ random: seeded(3) });
    const now = desk.clock.now();
    await store(TOTAL, (n) => ({
      created_at: toIso(now - (3 - Math.floor((n * 3) / TOTAL)) * DAY),
      tool_calls: [{ tool_name: `tool-${n}` }],
      tool_names: [`tool-${n}`],
      reward_avg: -1,
      reward_count: 1,
    }));
    await only(rule);
    expect(chiSquare(byFifth(await drawn(15, 50), TOTAL))).toBeLessThan(MOST);
  });

  it("offer an episode dated 2099 last, not for ever first", async () => {
    desk = await openDesk({ random: () => 0 });
    await desk.record(2);
    const stored = await desk.ledger.read<{ id: string }>("episodes", ["desk", "ep-0"], "ep-0");
    await desk.ledger.create("episodes", {
      ...(stored as object),
      id: "ep-2099",
      created_at: "2099-01-01T00:00:00.000Z",
    } as { id: string });
    await only("disagreement");
    const order = [];
    for (const one of ["a", "b", "c"]) order.push((await desk.next(one)).episode_id);
    expect(order).toEqual(["ep-1", "ep-0", "ep-2099"]);
  });
});

describe("created_at of an episode", () => {
  it.each([
    ["2099-01-01T00:00:00Z", "after the server's time"],
    ["2026-01-03T00:00:00.001Z", "after the server's time"],
    ["1999-12-31T23:59:59Z", "before 2000-01-01"],
    ["1970-01-01T00:00:00Z", "before 2000-01-01"],
  ])("is refused when no sender's clock can have meant it: %s", async (created_at, reason) => {
    desk = await openDesk();
    const send = (episodes: object[]) => desk.call("recordEpisodes", { episodes });
    const { results, recorded } = await send([
      { user_input: "q", assistant_output: "a", created_at },
      { user_input: "q", assistant_output: "a", created_at: "2026-01-02T23:00:00Z" },
    ]);
    expect(recorded).toBe(1);
    expect(results[0].error).toMatchObject({
      code: "created_at_out_of_range",
      field: "created_at",
      message: expect.stringContaining(reason),
      remedy: expect.any(String),
    });
  });
});
