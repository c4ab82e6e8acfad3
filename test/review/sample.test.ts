import { afterEach, describe, expect, it } from "@jest/globals";
import { toIso } from "../../src/kernel/clock.ts";
import { type Desk, openDesk, seeded } from "./desk.ts";

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

/** How often each fifth of the episodes was offered first, in `draws` offers that are given back at once. */
async function offersByFifth(total: number, draws: number): Promise<number[]> {
  const counts = Array.from({ length: GROUPS }, () => 0);
  for (let n = 0; n < draws; n++) {
    const { episode_id } = await desk.next("ann");
    await desk.call("releaseReview", { reviewer: "ann", episode_id });
    const group = Math.floor((Number(episode_id.slice(3)) * GROUPS) / total);
    counts[group] = (counts[group] ?? 0) + 1;
  }
  return counts;
}
const only = (rule: string) =>
  desk.call("setReviewRules", {
    low_reward_below: 1,
    sampling: { random: 0, low_reward: 0, disagreement: 0, new_tool: 0, [rule]: 1 },
  });

/** When the n-th of the episodes happened. */
const TIMES: Readonly<Record<string, (n: number, now: number) => number>> = {
  "three uploads that share an instant each": (n, now) => now - (3 - Math.floor(n / 1000)) * DAY,
  "a minute apart, and one of 2001": (n, now) =>
    n === 0 ? Date.parse("2001-01-01") : now - (3000 - n) * 60_000,
};

describe("random offers", () => {
  it.each(Object.keys(TIMES))("are as likely for every episode: %s", async (name) => {
    desk = await openDesk({ random: seeded(42) });
    const at = TIMES[name] as (typeof TIMES)[string];
    await desk.record(2500, (n) => ({ created_at: toIso(at(n, desk.clock.now())) }));
    await only("random");
    expect(chiSquare(await offersByFifth(2500, 300))).toBeLessThan(MOST);
  });

  it("are as likely for every episode of uploads that share an instant on Cosmos DB too", async () => {
    desk = await openDesk({ ledger: "Cosmos DB, emulated", random: seeded(42) });
    const now = desk.clock.now();
    await desk.record(1100, (n) => ({ created_at: toIso(now - (5 - Math.floor(n / 220)) * DAY) }));
    await only("random");
    const counts = await offersByFifth(1100, 30);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(chiSquare(counts)).toBeLessThan(MOST);
  });

  it("are as likely for episodes that an earlier version stored, one of them dated 2099", async () => {
    desk = await openDesk({ random: seeded(7) });
    await desk.record(1);
    const { _etag, _ts, sample_key, ...old } = (await desk.ledger.read<
      Record<string, unknown> & { id: string }
    >("episodes", ["desk", "ep-0"], "ep-0")) as Record<string, unknown>;
    expect(sample_key).toEqual(expect.any(Number));
    const documents = Array.from({ length: 2999 }, (_, i) => ({
      ...old,
      id: `ep-${i + 1}`,
      created_at: i === 2998 ? "2099-01-01T00:00:00.000Z" : toIso(desk.clock.now() - (3000 - i) * 60_000),
    }));
    await desk.ledger.bulk("episodes", "create", documents);
    await only("random");
    // Each call gives some of them the key that they are drawn by.
    for (let n = 0; n < 16; n++) {
      const { episode_id } = await desk.next("ann");
      await desk.call("releaseReview", { reviewer: "ann", episode_id });
      desk.clock.advance(60_000);
    }
    const keyed = { pk: ["desk"], where: [{ field: "sample_key", op: "gte", value: 0 }] } as const;
    expect(await desk.ledger.count("episodes", keyed)).toBe(3000);
    const counts = await offersByFifth(3000, 300);
    expect(chiSquare(counts)).toBeLessThan(MOST);
  });
});

describe("offers by the other rules", () => {
  it.each(["low_reward", "new_tool"])("are a sample of what fits too: %s", async (rule) => {
    desk = await openDesk({ random: seeded(3) });
    const now = desk.clock.now();
    await desk.record(1500, (n) => ({
      created_at: toIso(now - (3 - Math.floor(n / 500)) * DAY),
      tool_calls: [{ tool_name: `tool-${n}` }],
      metadata: { eval_score: 0 },
    }));
    const patch = [{ op: "set", field: "reward_avg", value: -1 }] as const;
    for (let n = 0; n < 1500; n++) await desk.ledger.patch("episodes", ["desk", `ep-${n}`], `ep-${n}`, patch);
    await only(rule);
    const counts = await offersByFifth(1500, 150);
    expect(chiSquare(counts)).toBeLessThan(MOST);
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
