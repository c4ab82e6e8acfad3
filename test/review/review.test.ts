import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import { createEpisodeService } from "../../src/episodes/service.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { DEFAULT_RULES, type ReviewRules } from "../../src/review/contract.ts";
import { createReviewService, type ReviewService } from "../../src/review/service.ts";
import { createRewardFeed } from "../../src/rewards/feed.ts";
import { createRewardService } from "../../src/rewards/service.ts";

const agent = "desk";
const label = { value: 1, tags: [] };

const only = (rule: keyof ReviewRules["sampling"]) => ({
  sampling: { random: 0, low_reward: 0, disagreement: 0, new_tool: 0, [rule]: 1 },
});
const ids = (offers: ({ episode_id: string } | undefined)[]) => offers.map((one) => one?.episode_id);

describe("the review queue", () => {
  let clock: VirtualClock;
  let ledger: Ledger;
  let review: ReviewService;
  let rewards: ReturnType<typeof createRewardService>;
  let episodes: ReturnType<typeof createEpisodeService>;
  let draws: number[];
  const settings = readSettings({ LIGHTNING_AGENT_ID: agent });

  beforeEach(() => {
    clock = new VirtualClock();
    ledger = openSqliteLedger({ file: ":memory:", clock, logger: silentLogger });
    const ports = { ledger, settings, clock, logger: silentLogger };
    rewards = createRewardService(ports);
    episodes = createEpisodeService(ports);
    draws = [];
    review = createReviewService({ ...ports, rewards, random: () => draws.shift() ?? 0 });
  });
  afterEach(() => ledger.close());

  async function record(count: number, more: Record<string, unknown> = {}) {
    const results = await episodes.record(
      Array.from({ length: count }, (_, n) => {
        clock.advance(1000);
        return {
          id: `ep-${n}`,
          user_input: `Question ${n}`,
          assistant_output: `Answer ${n}`,
          model_deployment: "base",
          created_at: new Date(clock.now()).toISOString(),
          ...more,
        };
      }),
    );
    expect(results.every(({ status }) => status === "recorded")).toBe(true);
  }
  /** What the feed would do after a change. */
  async function feed() {
    const page = await ledger.changes("rewards", { limit: 1000 });
    await createRewardFeed({ ledger, settings, clock, logger: silentLogger }).handleRewardChanges(page.items);
  }
  const rules = (changes: Partial<ReviewRules>) => review.changeRules(agent, changes, undefined);

  it("gives each of many reviewers another episode, at the same instant", async () => {
    await record(12);
    const people = Array.from({ length: 12 }, (_, n) => `reviewer ${n}`);
    const offers = await Promise.all(people.map((one) => review.next(agent, one)));
    expect(new Set(ids(offers)).size).toBe(12);
    expect(ids(offers)).not.toContain(undefined);
    expect(await review.next(agent, "one too many")).toBeUndefined();
  });

  it("gives a reviewer the same episode until it is judged, and then another", async () => {
    await record(3);
    const first = await review.next(agent, "a");
    expect((await review.next(agent, "a"))?.episode_id).toBe(first?.episode_id);
    await review.label(agent, first?.episode_id ?? "", "a", label);
    const second = await review.next(agent, "a");
    expect(second?.episode_id).not.toBe(first?.episode_id);
  });

  it("returns an episode to the queue when its lease lapses", async () => {
    await record(1);
    expect((await review.next(agent, "a"))?.episode_id).toBe("ep-0");
    expect(await review.next(agent, "b")).toBeUndefined();
    clock.advance(599_000);
    expect(await review.next(agent, "b")).toBeUndefined();
    clock.advance(2000);
    expect((await review.next(agent, "b"))?.episode_id).toBe("ep-0");
    expect(await review.next(agent, "a")).toBeUndefined();
  });

  it("still takes the judgement of a reviewer whose lease has lapsed", async () => {
    await record(1);
    await review.next(agent, "a");
    clock.advance(3_600_000);
    await review.next(agent, "b");
    await review.label(agent, "ep-0", "a", label);
    expect(await review.next(agent, "b")).toBeUndefined();
    expect((await rewards.list({ agentId: agent, episodeId: "ep-0" }, 10)).items).toHaveLength(1);
  });

  it("asks as many people as the rules say, each once", async () => {
    await record(1);
    await rules({ reviewers_per_episode: 2 });
    await review.next(agent, "a");
    await review.label(agent, "ep-0", "a", label);
    expect(await review.next(agent, "a")).toBeUndefined();
    expect((await review.next(agent, "b"))?.episode_id).toBe("ep-0");
    expect(await review.next(agent, "c")).toBeUndefined();
    const { status } = await review.label(agent, "ep-0", "b", { ...label, value: -1 });
    expect(status).toBe("done");
    expect(await review.next(agent, "c")).toBeUndefined();
  });

  it("makes each label a reward with its author, tags and correction", async () => {
    await record(1);
    await review.label(agent, "ep-0", "a", {
      value: -0.5,
      tags: ["wrong tool"],
      comments: "Looked at the wrong order.",
      correction: "Order 17 is on its way.",
    });
    const { items } = await rewards.list({ agentId: agent, episodeId: "ep-0" }, 10);
    expect(items).toEqual([
      expect.objectContaining({
        source: "human_approval",
        evaluator: "a",
        value: -0.5,
        comments: "Looked at the wrong order.",
        metadata: { tags: ["wrong tool"], correction: "Order 17 is on its way." },
      }),
    ]);
  });

  it("skips for one reviewer and leaves the episode to others", async () => {
    await record(1);
    await review.next(agent, "a");
    await review.skip(agent, "ep-0", "a");
    expect(await review.next(agent, "a")).toBeUndefined();
    expect((await review.next(agent, "b"))?.episode_id).toBe("ep-0");
  });

  it("takes a label back: it counts no more, and the episode is in hand again", async () => {
    await record(2);
    const first = (await review.next(agent, "a"))?.episode_id ?? "";
    await review.label(agent, first, "a", { ...label, value: -1 });
    await feed();
    expect(await episodes.get(first, agent)).toMatchObject({ reward_avg: -1, reward_count: 1 });
    await review.next(agent, "a");
    const { offer } = await review.undo(agent, "a");
    expect(offer).toMatchObject({ episode_id: first, why: { reason: "again" }, yours: { value: -1 } });
    await feed();
    expect(await episodes.get(first, agent)).not.toHaveProperty("reward_avg");
    // What was in hand meanwhile is free for others.
    expect((await review.next(agent, "b"))?.episode_id).not.toBe(first);
    await review.label(agent, first, "a", { ...label, value: -1 });
    await feed();
    expect(await episodes.get(first, agent)).toMatchObject({ reward_avg: -1, reward_count: 1 });
  });

  it("goes back step by step, through skips too, and says when nothing is left", async () => {
    await record(3);
    const seen: string[] = [];
    for (let n = 0; n < 3; n++) {
      const id = (await review.next(agent, "a"))?.episode_id ?? "";
      seen.push(id);
      if (n === 1) await review.skip(agent, id, "a");
      else await review.label(agent, id, "a", label);
    }
    expect((await review.undo(agent, "a")).offer.episode_id).toBe(seen[2]);
    expect((await review.undo(agent, "a")).offer.episode_id).toBe(seen[1]);
    expect((await review.undo(agent, "a")).offer.episode_id).toBe(seen[0]);
    await expect(review.undo(agent, "a")).rejects.toMatchObject({ code: "nothing_to_undo" });
    expect((await review.queue(agent)).reviewers).toEqual([{ reviewer: "a", labelled: 0 }]);
  });

  it("keeps rewards and the model from the reviewer in blind mode", async () => {
    await record(1, { metadata: { variant: "b" } });
    await rewards.assign({ agent_id: agent, episode_id: "ep-0", source: "test_result", value: -1 });
    await feed();
    await rules({ blind: true, ...only("low_reward") });
    const offer = await review.next(agent, "a");
    expect(offer?.episode).toMatchObject({ user_input: "Question 0" });
    expect(Object.keys(offer?.episode ?? {}).filter((name) => /reward|model|metadata/.test(name))).toEqual(
      [],
    );
    expect(offer?.why).toEqual({ reason: "random" });
  });

  it("offers what was judged low, what is disputed and what uses a tool nobody has seen", async () => {
    await record(5);
    const reward = (n: number, value: number, evaluator: string) =>
      rewards.assign({ agent_id: agent, episode_id: `ep-${n}`, source: "test_result", value, evaluator });
    await reward(1, -1, "checks");
    await reward(2, 1, "x");
    await reward(2, -1, "y");
    await feed();
    await episodes.record([
      { id: "ep-tool", user_input: "q", assistant_output: "a", tool_calls: [{ tool_name: "fly" }] },
    ]);
    await rules(only("low_reward"));
    expect(await review.next(agent, "low")).toMatchObject({
      episode_id: "ep-1",
      why: { reason: "low_reward", text: "average −1 of 1 judgement" },
    });
    await rules(only("disagreement"));
    expect(await review.next(agent, "disputed")).toMatchObject({
      episode_id: "ep-2",
      why: { reason: "disagreement" },
    });
    await rules(only("new_tool"));
    const novel = await review.next(agent, "new");
    expect(novel).toMatchObject({ episode_id: "ep-tool", why: { reason: "new_tool", text: "fly" } });
    await review.label(agent, "ep-tool", "new", label);
    // The tool is known now, and no rule finds anything more: the newest that waits.
    expect((await review.next(agent, "new"))?.why).toEqual({ reason: "newest" });
  });

  it("makes golden conversations and preference pairs of corrections", async () => {
    await record(2);
    await review.label(agent, "ep-0", "a", { value: -1, tags: [], correction: "Better answer" });
    await review.label(agent, "ep-1", "a", { value: 1, tags: [], correction: "Answer 1" });
    const lines = async (format: "golden" | "dpo") => {
      const found: unknown[] = [];
      for await (const line of review.corrections.lines(agent, format)) found.push(JSON.parse(line));
      return found;
    };
    expect(await lines("golden")).toEqual([
      {
        messages: [
          { role: "user", content: "Question 0" },
          { role: "assistant", content: "Better answer" },
        ],
      },
    ]);
    expect(await lines("dpo")).toEqual([
      {
        input: { messages: [{ role: "user", content: "Question 0" }] },
        preferred_output: [{ role: "assistant", content: "Better answer" }],
        non_preferred_output: [{ role: "assistant", content: "Answer 0" }],
      },
    ]);
    expect(await review.queue(agent)).toMatchObject({ corrections: 1, done: 2, waiting: 0, reserved: 0 });
    await review.undo(agent, "a");
    await review.undo(agent, "a");
    expect(await lines("golden")).toEqual([]);
  });

  it("refuses rules that would never offer anything", async () => {
    await expect(
      rules({ sampling: { random: 0, low_reward: 0, disagreement: 0, new_tool: 0 } }),
    ).rejects.toMatchObject({ code: "no_sampling", field: "sampling" });
  });

  it("changes the rules that are named and leaves the others as they are", async () => {
    await rules({ blind: true });
    const changed = await review.changeRules(agent, { sampling: { new_tool: 7 } }, undefined);
    expect(changed).toEqual({
      ...DEFAULT_RULES,
      blind: true,
      sampling: { ...DEFAULT_RULES.sampling, new_tool: 7 },
    });
    expect((await review.queue(agent)).rules).toEqual(changed);
  });
});
