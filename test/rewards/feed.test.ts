import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import type { Episode } from "../../src/episodes/contract.ts";
import { createEpisodeService } from "../../src/episodes/service.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { ContainerKey } from "../../src/ledger/containers.ts";
import { readWatermark } from "../../src/ledger/feed-watermarks.ts";
import type { Ledger, Stored } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import type { Reward } from "../../src/rewards/contract.ts";
import { createRewardFeed } from "../../src/rewards/feed.ts";
import { createRewardService, type RewardService } from "../../src/rewards/service.ts";

const settings = readSettings({});
let ledger: Ledger;
let clock: VirtualClock;
let rewards: RewardService;
let positions: Partial<Record<ContainerKey, string>>;

beforeEach(() => {
  clock = new VirtualClock();
  ledger = openSqliteLedger({ file: ":memory:", clock });
  rewards = createRewardService({ ledger, settings, clock });
  positions = {};
});
afterEach(() => ledger.close());

const record = (more: object = {}) =>
  createEpisodeService({ ledger, settings, clock, logger: silentLogger }).record([
    { id: "ep-1", user_input: "x", assistant_output: "y", ...more },
  ]);
const feedOn = (on: Ledger) => createRewardFeed({ ledger: on, settings, clock, logger: silentLogger });
const episode = async () =>
  (await ledger.read<Episode>("episodes", ["mcp-agents", "ep-1"], "ep-1")) as Stored<Episode>;
const approve = (approved: boolean, evaluator?: string) =>
  rewards.assign({ episode_id: "ep-1", value: approved ? 1 : -1, evaluator });
const allRewards = async () => (await ledger.query<Reward>("rewards", { limit: 100 })).items;

/** The changes since the last look. */
async function changes(container: "episodes" | "rewards"): Promise<unknown[]> {
  const page = await ledger.changes(container, { after: positions[container], limit: 100 });
  positions[container] = page.continuation;
  return page.items;
}
/** Delivers both feeds until nothing changes any more; returns how many documents came. */
async function settle(feed = feedOn(ledger)): Promise<number> {
  for (let delivered = 0, round = 0; ; round++) {
    if (round > 20) throw new Error("the feeds never come to rest");
    const episodes = await changes("episodes");
    await feed.handleEpisodeChanges(episodes);
    const given = await changes("rewards");
    await feed.handleRewardChanges(given);
    if (episodes.length + given.length === 0) return delivered;
    delivered += episodes.length + given.length;
  }
}

/** A ledger whose named calls are replaced. */
const withFaults = (faults: Partial<Ledger>): Ledger =>
  new Proxy(ledger, {
    get: (target, name) => {
      const own = (faults as Record<string | symbol, unknown>)[name];
      const member: unknown = own ?? Reflect.get(target, name);
      return typeof member === "function" ? (member as (...p: unknown[]) => unknown).bind(target) : member;
    },
  });

describe("the change feeds", () => {
  test("a slow, failing episode is scored and its aggregate stands on it; then the feeds rest", async () => {
    await record({
      request_latency_ms: 20_000,
      tool_calls: [{ tool_name: "t", error: "boom" }],
      metadata: { eval_score: 1 },
    });
    await settle();
    expect((await allRewards()).map((reward) => reward.source).toSorted()).toEqual([
      "eval_score",
      "latency_penalty",
      "test_result",
    ]);
    expect(await episode()).toMatchObject({
      reward_count: 2,
      reward_avg: 0,
      reward_penalty: -0.1,
      reward_vetoed: false,
      reward_policy: expect.stringContaining("@1"),
    });
  });

  test("redelivery changes nothing, and a change of reward fields alone writes nothing", async () => {
    await record({ request_latency_ms: 20_000 });
    await settle();
    const before = [await episode(), ...(await allRewards())];
    positions = {};
    clock.advance(60_000);
    await settle();
    await feedOn(ledger).handleEpisodeChanges([await episode(), await episode()]);
    expect([await episode(), ...(await allRewards())]).toEqual(before);
  });

  test("any order of delivery gives the same aggregate", async () => {
    await record();
    await approve(false, "a");
    clock.advance(10);
    await approve(true, "a");
    await rewards.assign({ episode_id: "ep-1", source: "safety_check", value: -1 });
    const documents = await allRewards();
    const feed = feedOn(ledger);
    await feed.handleRewardChanges(documents.toReversed().slice(0, 1));
    await feed.handleRewardChanges(documents.toReversed());
    expect(await episode()).toMatchObject({ reward_count: 2, reward_sum: 0, reward_vetoed: true });
  });

  test("an episode that changes meanwhile is read again", async () => {
    await record();
    await approve(true);
    let races = 3;
    const feed = feedOn(
      withFaults({
        async patch(c, pk, id, operations, options) {
          if (races-- > 0)
            await ledger.patch(c, pk, id, [{ op: "set", field: "user_id", value: `u${races}` }]);
          return ledger.patch(c, pk, id, operations, options);
        },
      }),
    );
    await feed.handleRewardChanges(await allRewards());
    expect(await episode()).toMatchObject({ reward_avg: 1, user_id: "u0" });
  });

  test("rewards of a deleted episode are ignored, and a deleted episode gets none", async () => {
    await record({ request_latency_ms: 20_000 });
    const changed = await changes("episodes");
    await approve(true);
    await ledger.delete("episodes", ["mcp-agents", "ep-1"], "ep-1");
    await feedOn(ledger).handleRewardChanges(await changes("rewards"));
    await feedOn(ledger).handleEpisodeChanges(changed);
    expect(await ledger.count("rewards", {})).toBe(1);
    expect(await ledger.count("episodes", {})).toBe(0);
    expect(await ledger.count("deadLetters", {})).toBe(0);
  });

  test("a poison document goes to the dead letters, counted when it comes again, and the feed moves on", async () => {
    await record();
    await approve(true);
    const [good] = await allRewards();
    const poison = {
      id: "rew-bad",
      agent_id: "mcp-agents",
      episode_id: 7,
      created_at: "2026-03-01T00:00:00.000Z",
    };
    const feed = feedOn(ledger);
    await feed.handleRewardChanges([poison, null, good]);
    clock.advance(1000);
    await feed.handleRewardChanges([poison]);
    expect((await episode()).reward_avg).toBe(1);
    const letters = (await ledger.query("deadLetters", { pk: ["mcp-agents"], limit: 10 })).items;
    expect(letters).toMatchObject([
      {
        id: expect.stringMatching(/^dl-/),
        agent_id: "mcp-agents",
        feed: "rewards",
        document_id: "rew-bad",
        error: expect.stringContaining("episode_id"),
        attempts: 2,
        created_at: "2026-01-01T00:00:00.000Z",
      },
    ]);
    expect(await ledger.count("deadLetters", { pk: ["unknown"] })).toBe(1);
    expect(await readWatermark(ledger, "rewards")).toBe("2026-03-01T00:00:00.000Z");
  });

  test.each(["the rewards", "the episode", "both"])(
    "a safety veto counts though a replica that is behind does not show %s yet",
    async (what) => {
      await record();
      await approve(true);
      await settle();
      await rewards.assign({ episode_id: "ep-1", source: "safety_check", value: -1 });
      const behind = feedOn(
        withFaults({
          query: async (c, asked) => {
            const page = await ledger.query<Reward>(c, asked);
            return c === "rewards" && what !== "the episode"
              ? { ...page, items: page.items.filter(({ source }) => source !== "safety_check") as never }
              : (page as never);
          },
          read: async (c, pk, id) =>
            c === "episodes" && what !== "the rewards" ? undefined : ledger.read(c, pk, id),
        }),
      );
      await behind.handleRewardChanges(await changes("rewards"));
      expect(await episode()).toMatchObject({ reward_count: 2, reward_vetoed: true });
    },
  );

  test("an episode that a replica does not show yet is scored all the same; one that is gone gets nothing", async () => {
    await record({ request_latency_ms: 20_000 });
    const changed = await changes("episodes");
    const behind = feedOn(
      withFaults({ read: async (c, pk, id) => (c === "episodes" ? undefined : ledger.read(c, pk, id)) }),
    );
    await behind.handleEpisodeChanges(changed);
    expect(await allRewards()).toMatchObject([{ source: "latency_penalty" }]);
    const [penalty] = await allRewards();
    await ledger.delete("rewards", ["mcp-agents", "ep-1"], penalty?.id ?? "");
    await ledger.delete("episodes", ["mcp-agents", "ep-1"], "ep-1");
    await behind.handleEpisodeChanges(changed);
    expect(await allRewards()).toEqual([]);
  });

  test("when the ledger is unavailable the batch is thrown back whole and the watermark stays", async () => {
    await record({ request_latency_ms: 20_000 });
    const changed = await changes("episodes");
    const feed = feedOn(
      withFaults({
        create: async () => {
          throw unavailable("throttled", "Try again.");
        },
      }),
    );
    await expect(feed.handleEpisodeChanges(changed)).rejects.toMatchObject({ code: "throttled" });
    expect(await readWatermark(ledger, "episodes")).toBe("");
    expect(await ledger.count("deadLetters", {})).toBe(0);
    await feedOn(ledger).handleEpisodeChanges(changed);
    expect(await allRewards()).toHaveLength(1);
  });

  test("watermarks follow recorded_at and created_at", async () => {
    clock.advance(5000);
    await record({ created_at: "2025-01-01T00:00:00Z" });
    clock.advance(1000);
    await approve(true);
    await settle();
    expect(await readWatermark(ledger, "episodes")).toBe("2026-01-01T00:00:05.000Z");
    expect(await readWatermark(ledger, "rewards")).toBe("2026-01-01T00:00:06.000Z");
  });
});
