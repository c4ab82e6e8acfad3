import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createDatasetActivities } from "../../src/datasets/activities.ts";
import { createDatasetService } from "../../src/datasets/service.ts";
import { tokenCacheKey } from "../../src/datasets/shards/token-cache.ts";
import { toIso, VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { createFeedPositions, createFeedProgress } from "../../src/ledger/feed-progress.ts";
import { type FeedName, raiseWatermark } from "../../src/ledger/feed-watermarks.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import type { Reward } from "../../src/rewards/contract.ts";
import {
  AGENT,
  chat,
  episode,
  examplesIn,
  makeWorld,
  must,
  rewarded,
  unjudged,
  type World,
} from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.close());

const many = (count: number, from = 0) => Array.from({ length: count }, (_, n) => episode(from + n));
const everyFile = async () =>
  (await readdir(world.folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));

describe("what enters a dataset", () => {
  test("keeps episodes whose average reward reaches the least one, and counts the others by reason", async () => {
    await world.store(
      episode(1, rewarded(0.5)),
      episode(2, rewarded(0.49)),
      unjudged(3),
      episode(4, { reward_vetoed: true }),
      episode(5, { assistant_output: "" }),
      episode(6, { redaction: { version: "1", counts: {}, withheld: true } }),
    );
    const dataset = await world.build({ min_reward: 0.5 });
    expect(dataset).toMatchObject({
      status: "ready",
      episode_count: 6,
      training_count: 1,
      dropped: { no_reward: 1, below_reward: 1, vetoed: 1, withheld: 1, "invalid:no_assistant": 1 },
    });
  });

  test("a failed safety check keeps an episode out whatever its mean (defect 9.9)", async () => {
    await world.store(episode(1, { ...rewarded(0.5), reward_vetoed: true }), episode(2));
    expect(await world.build()).toMatchObject({ training_count: 1, dropped: { vetoed: 1 } });
  });

  test("an approval of a slow call is kept: penalties do not enter the mean (defect 9.9)", async () => {
    await world.store(episode(1, { ...rewarded(1), reward_penalty: -0.1, reward_count: 2 }));
    expect(await world.build({ min_reward: 0.5 })).toMatchObject({ training_count: 1 });
  });

  test("with sources the score is their mean alone", async () => {
    const at = "2026-01-02T00:00:00.000Z";
    const both = {
      reward_count: 2,
      reward_avg: 0,
      reward_by_source: {
        human_approval: { count: 1, sum: 1, latest_at: at },
        eval_score: { count: 1, sum: -1, latest_at: at },
      },
    };
    await world.store(episode(1, both), episode(2, rewarded(1)));
    const human = await world.build({ min_reward: 0.5, sources: ["human_approval"] });
    expect(examplesIn(human)).toBe(2);
    const scored = await world.build({ min_reward: -1, sources: ["eval_score"] });
    expect(scored).toMatchObject({ training_count: 1, dropped: { no_reward: 1 } });
  });

  test("start and end date choose the episodes (defect 9.11)", async () => {
    await world.store(...many(10));
    const dataset = await world.build({
      start_date: "2026-01-01T00:00:03Z",
      end_date: "2026-01-01T02:00:06+02:00",
    });
    expect(dataset.episode_count).toBe(4);
    const kept = [
      ...(await world.linesOf(dataset, "train")),
      ...(await world.linesOf(dataset, "validation")),
    ];
    expect(
      kept
        .map((line) => JSON.parse(line).messages[0].content as string)
        .toSorted((a, b) => a.localeCompare(b)),
    ).toEqual(["Question 3", "Question 4", "Question 5", "Question 6"]);
  });

  test("of equal episodes the best rewarded stays, once (defect 9.11)", async () => {
    const same = { user_input: "What is 2+2?", assistant_output: "4" };
    await world.store(...many(40).map((e) => ({ ...e, ...same })));
    const dataset = await world.build();
    expect(dataset).toMatchObject({ training_count: 1, validation_count: 0, dropped: { duplicate: 39 } });
  });

  test("over the limit the best rewarded are kept, of equals the newest", async () => {
    await world.store(
      episode(1, rewarded(0.2)),
      episode(2, rewarded(0.9)),
      episode(3, rewarded(0.5)),
      episode(4, rewarded(0.5)),
    );
    const dataset = await world.build({ max_examples: 2, train_split: 1 });
    const asked = (await world.linesOf(dataset, "train")).map((line) => JSON.parse(line).messages[0].content);
    expect(asked).toEqual(["Question 2", "Question 4"]);
    expect(dataset.dropped).toEqual({ over_limit: 2 });
  });

  test("golden examples join by name of their dataset, without its test side", async () => {
    const content = Array.from({ length: 30 }, (_, n) => chat(`golden ${n}`, "yes")).join("\n");
    const golden = await world.golden(content, { test_split: 0.3 });
    await world.store(...many(5));
    const dataset = await world.build({ include_golden: [golden.id] });
    expect(examplesIn(dataset)).toBe(5 + 30 - must(golden.test_count));
    const held = new Set(await world.linesOf(golden, "test"));
    expect(held.size).toBe(golden.test_count);
    for (const line of await world.linesOf(dataset, "train")) expect(held.has(line)).toBe(false);
  });
});

describe("the split", () => {
  test("one episode is trained on, not set aside (defect 9.11)", async () => {
    await world.store(episode(1));
    expect(await world.build()).toMatchObject({ training_count: 1, validation_count: 0, test_count: 0 });
  });

  test("two episodes give one line each side", async () => {
    await world.store(episode(1), episode(2));
    expect(await world.build()).toMatchObject({ training_count: 1, validation_count: 1 });
  });

  test("neither a session nor an equal question stands on two sides", async () => {
    await world.store(
      ...many(300).map((e, n) => ({
        ...e,
        session_id: `session-${n % 60}`,
        user_input:
          n % 10 === 0
            ? `  COMMON question ${n % 50} `
            : n % 10 === 5
              ? `common Question ${(n - 5) % 50}`
              : e.user_input,
      })),
    );
    const dataset = await world.build({ test_split: 0.2 });
    const sides = new Map<string, Set<string>>();
    for (const split of ["train", "validation", "test"] as const) {
      for (const line of await world.linesOf(dataset, split)) {
        const [question, answer] = (JSON.parse(line) as { messages: { content: string }[] }).messages;
        const session = `session-${Number(must(answer).content.replace("Answer ", "")) % 60}`;
        for (const key of [session, must(question).content.trim().toLowerCase()])
          sides.set(key, (sides.get(key) ?? new Set()).add(split));
      }
    }
    expect([...sides].filter(([, of]) => of.size > 1)).toEqual([]);
    expect(dataset.training_count).toBeGreaterThan(0);
  });
});

describe("a build as a whole", () => {
  test("files, counts and hashes come with the manifest, and nothing else stays behind", async () => {
    await world.store(...many(50));
    const dataset = await world.build({ name: "first" });
    expect(dataset.content_hash).toMatch(/^[0-9a-f]{64}$/);
    for (const split of ["train", "validation"] as const) {
      const file = must(dataset.files?.[split]);
      expect(file.key).toBe(`${dataset.id}/first_${split}_20260301.jsonl`);
      expect(await readFile(file.path, "utf8")).toHaveLength(file.bytes);
      expect(await world.linesOf(dataset, split)).toHaveLength(file.lines);
    }
    expect((await everyFile()).map((file) => path.basename(file)).toSorted()).toEqual([
      path.basename(tokenCacheKey(AGENT, "o200k_base")),
      "first_train_20260301.jsonl",
      "first_validation_20260301.jsonl",
      "groups_train.txt",
      "groups_validation.txt",
      "line_groups_train.txt",
      "line_groups_validation.txt",
    ]);
  });

  test("a name never leads out of the folder (defect 9.12)", async () => {
    await world.store(episode(1), episode(2));
    for (const name of ["../../x", "..", "/etc/passwd", "C:\\x", "a/b\0c", "名前"]) {
      const dataset = await world.build({ name });
      expect(dataset.status).toBe("ready");
      expect(must(dataset.files?.train).path.startsWith(path.join(world.folder, dataset.id) + path.sep)).toBe(
        true,
      );
    }
    for (const file of await everyFile()) expect(file.startsWith(world.folder + path.sep)).toBe(true);
  });

  test("two builds of one name in one second have files of their own (defect 9.13)", async () => {
    await world.store(episode(1), episode(2));
    const first = await world.build();
    const before = await world.linesOf(first, "train");
    await world.store(...many(20, 10));
    const second = await world.build();
    expect(second.created_at).toBe(first.created_at);
    expect(second.id).not.toBe(first.id);
    expect(must(second.files?.train).key).not.toBe(must(first.files?.train).key);
    expect(await world.linesOf(first, "train")).toEqual(before);
  });

  test("the answer's id can always be found, since the record comes before the work (defect 9.14)", async () => {
    const create = world.ledger.create.bind(world.ledger);
    world.ledger.create = async () => {
      throw new Error("store is away");
    };
    await expect(world.build()).rejects.toThrow("store is away");
    expect(await everyFile()).toEqual([]);
    world.ledger.create = create;
  });

  test("the same request in the same state of the ledger is the same dataset", async () => {
    await world.store(...many(10));
    const first = await world.build();
    const again = await world.service.prepare({ agent_id: AGENT, name: "v1" });
    expect(again).toMatchObject({ existed: true, dataset: { id: first.id, status: "ready" } });
    const other = await world.service.prepare({ agent_id: AGENT, name: "v1", min_reward: 0.5 });
    expect(other).toMatchObject({ existed: false, dataset: { status: "pending" } });
  });

  test("another split key is another dataset, whose recipe tells the key apart without saying it", async () => {
    await world.store(...many(10));
    const first = await world.build();
    const otherSettings = { ...world.settings, splitKey: "a key of ours" };
    const other = createDatasetService({ ...world, settings: otherSettings });
    const { existed, dataset } = await other.prepare({ agent_id: AGENT, name: "v1" });
    expect([existed, dataset.id === first.id, first.recipe.split_key]).toEqual([false, false, undefined]);
    expect(dataset.recipe.split_key).toMatch(/^[0-9a-f]{12}$/);
    expect(JSON.stringify(dataset)).not.toContain("a key of ours");
  });

  test("a build whose split key was changed on the way is refused: its groups would stand on sides by two keys", async () => {
    await world.store(...many(10));
    const settings = { ...world.settings, splitKey: "before the restart" };
    const { dataset } = await createDatasetService({ ...world, settings }).prepare({
      agent_id: AGENT,
      name: "v1",
    });
    expect(await world.run(dataset)).toMatchObject({ status: "failed", error_code: "split_key_changed" });
  });

  test("equal content points at the first dataset that had it", async () => {
    await world.store(...many(10));
    const first = await world.build({ name: "a" });
    world.clock.advance(1000);
    const second = await world.build({ name: "b", min_reward: 0.1 });
    expect(first.same_as).toBeUndefined();
    expect(second).toMatchObject({ content_hash: first.content_hash, same_as: first.id });
  });

  test("every step can run twice, at any point, and the end is the same", async () => {
    await world.store(...many(30));
    const once = await world.build({ name: "once" });
    const { dataset } = await world.service.prepare({ agent_id: AGENT, name: "twice" });
    const ref = { agent_id: AGENT, id: dataset.id };
    for (let i = 0; i < 2; i++)
      expect(await world.activities.claimDataset({ ...ref, instance_id: "i" })).toEqual({ kind: "claimed" });
    const plan = await world.activities.planDatasetShards(ref);
    expect(await world.activities.planDatasetShards(ref)).toEqual(plan);
    const { shards } = plan;
    for (const shard of [...shards, ...shards])
      expect(await world.activities.buildDatasetShard({ ...ref, shard })).toEqual({
        read: 30,
        kept: 30,
        dropped: {},
      });
    const end = await world.activities.assembleDataset({ ...ref, shards: shards.length });
    expect(await world.activities.assembleDataset({ ...ref, shards: shards.length })).toEqual(end);
    expect(await world.activities.claimDataset({ ...ref, instance_id: "i" })).toEqual({ kind: "finished" });
    await world.activities.failDataset({ ...ref, code: "late", message: "late" });
    expect(await world.service.get(AGENT, dataset.id)).toMatchObject({
      status: "ready",
      content_hash: once.content_hash,
      same_as: once.id,
    });
  });

  test("a second orchestration finds the dataset claimed", async () => {
    await world.store(episode(1));
    const { dataset } = await world.service.prepare({ agent_id: AGENT, name: "v1" });
    const ref = { agent_id: AGENT, id: dataset.id };
    await world.activities.claimDataset({ ...ref, instance_id: dataset.id });
    expect(await world.activities.claimDataset({ ...ref, instance_id: "pipeline-1-dataset" })).toEqual({
      kind: "elsewhere",
    });
  });

  test("nothing left is refused with the reasons in numbers; asked again it starts afresh", async () => {
    await world.store(unjudged(1), unjudged(2), episode(3, rewarded(-1)));
    const failed = await world.build();
    expect(failed).toMatchObject({ status: "failed", error_code: "dataset_empty" });
    expect(failed.error).toContain(
      "No example is left of 3 episodes: 2 had no reward, 1 was below the least reward",
    );
    expect(failed.error).toContain("Assign rewards");
    expect(await everyFile()).toEqual([]);
    const again = await world.service.prepare({ agent_id: AGENT, name: "v1" });
    expect(again.dataset).toMatchObject({ id: failed.id, status: "pending" });
    expect(again.dataset.error).toBeUndefined();
  });

  test("an agent without episodes is told so", async () => {
    expect((await world.build()).error).toContain("has no episodes");
  });

  test("episodes recorded after the request do not enter", async () => {
    await world.store(episode(1), episode(2));
    const { dataset } = await world.service.prepare({ agent_id: AGENT, name: "v1" });
    await world.store(...many(10, 100));
    const built = await world.run(dataset);
    expect(examplesIn(built)).toBe(2);
  });

  test("waits until the feeds have scored what was recorded, and for the rewards that this gave", async () => {
    await world.store(episode(1));
    const { dataset } = await world.service.prepare({ agent_id: AGENT, name: "v1" });
    const ref = { agent_id: AGENT, id: dataset.id };
    const caughtUp = async () => (await world.activities.readFeedProgress(ref)).caught_up;
    expect(await caughtUp()).toBe(false);
    const reward = {
      id: "rew-1",
      agent_id: AGENT,
      episode_id: "ep-000001",
      source: "latency_penalty",
      value: -0.1,
      metadata: {},
      created_at: toIso(world.clock.now()),
    };
    await world.ledger.create("rewards", reward);
    await raiseWatermark(world.ledger, "episodes", dataset.watermark.episodes);
    expect(await caughtUp()).toBe(false);
    await world.ledger.create("rewards", { ...reward, id: "rew-2", created_at: "2026-06-01T00:00:00.000Z" });
    await raiseWatermark(world.ledger, "rewards", reward.created_at);
    expect(await caughtUp()).toBe(true);
  });

  describe("where the consumers' places are known", () => {
    const rewardOf = (id: string, created_at: string, over: Partial<Reward> = {}): Reward => ({
      id,
      agent_id: AGENT,
      episode_id: "ep-000001",
      source: "human_approval",
      value: 1,
      metadata: {},
      created_at,
      ...over,
    });

    test.each([
      ["an hour ahead", 3_600_000],
      ["two seconds ahead", 2_000],
      ["two seconds behind", -2_000],
      ["in the year 2099", Date.parse("2099-01-01T00:00:00Z") - Date.parse("2026-03-01T12:00:00Z")],
    ])(
      "waits for what was written before it by a machine whose clock is %s, and for nothing after it",
      async (_name, off) => {
        const other = new VirtualClock(world.clock.now() + off);
        const at = toIso(other.now());
        const file = path.join(world.folder, "shared.sqlite");
        const theirs = openSqliteLedger({ file, clock: other });
        const ledger = openSqliteLedger({ file, clock: world.clock });
        const positions = createFeedPositions();
        const consume = async (feed: FeedName) =>
          positions.note(feed, (await ledger.changes(feed, { limit: 1000 })).continuation);
        await consume("episodes");
        await consume("rewards");
        await theirs.create("episodes", { ...episode(1), recorded_at: at });
        const service = createDatasetService({ ...world, ledger });
        const { dataset } = await service.prepare({ agent_id: AGENT, name: "v1" });
        const progress = createFeedProgress(ledger, positions);
        const { readFeedProgress } = createDatasetActivities({
          ...world,
          ledger,
          logger: silentLogger,
          progress,
        });
        const look = async () => (await readFeedProgress({ agent_id: AGENT, id: dataset.id })).caught_up;
        expect(await look()).toBe(false);
        // Scoring gives a reward, which is awaited too; an episode of after the request is not.
        await theirs.create("rewards", rewardOf("rew-1", at));
        await consume("episodes");
        await theirs.create("episodes", { ...episode(2), recorded_at: at });
        expect(await look()).toBe(false);
        await consume("rewards");
        await theirs.create("rewards", rewardOf("rew-2", at));
        expect(await look()).toBe(true);
        await theirs.close();
        await ledger.close();
      },
    );

    test("is not sure while nobody knows a place", async () => {
      await world.store(episode(1));
      const { dataset } = await world.service.prepare({ agent_id: AGENT, name: "v1" });
      const unsure = createDatasetActivities({
        ...world,
        logger: silentLogger,
        progress: { oldestPending: async () => "unknown", hasPassed: async () => "unknown" },
      });
      const look = async () => (await unsure.readFeedProgress({ agent_id: AGENT, id: dataset.id })).caught_up;
      expect(await look()).toBe(false);
      await raiseWatermark(world.ledger, "episodes", dataset.watermark.episodes);
      expect(await look()).toBe(true);
    });

    test.each([
      ["an hour ahead", 3_600_000],
      ["two seconds ahead", 2_000],
      ["in the year 2099", Date.parse("2099-01-01T00:00:00Z") - Date.parse("2026-03-01T12:00:00Z")],
    ])(
      "asked for again after a further reward it is a new dataset, also when the first was given by a clock %s",
      async (_name, off) => {
        await world.store(episode(1), episode(2));
        const now = world.clock.now();
        const create = (id: string, at: number) => world.ledger.create("rewards", rewardOf(id, toIso(at)));
        await create("rew-1", now + off);
        const ask = () => world.service.prepare({ agent_id: AGENT, name: "v1" });
        const first = await ask();
        world.clock.advance(500);
        expect(await ask()).toMatchObject({ existed: true, dataset: { id: first.dataset.id } });
        // Another agent's rewards, and a score on the episode, change nothing.
        await world.ledger.create("rewards", rewardOf("rew-x", toIso(now), { agent_id: "other" }));
        await world.ledger.patch("episodes", [AGENT, "ep-000001"], "ep-000001", [
          { op: "set", field: "reward_avg", value: 0.9 },
        ]);
        expect((await ask()).dataset.id).toBe(first.dataset.id);
        await create("rew-2", now + 500);
        const second = await ask();
        expect([second.existed, second.dataset.id === first.dataset.id]).toEqual([false, false]);
        await world.store(episode(3, { recorded_at: "2026-01-01T00:00:00.000Z" }));
        expect((await ask()).existed).toBe(false);
      },
    );
  });

  test("looks twice when its last episodes were recorded at one instant, of which the feed may have done some", async () => {
    const at = "2026-01-01T00:00:09.000Z";
    await world.store(...many(3).map((e) => ({ ...e, recorded_at: at })));
    const { dataset } = await world.service.prepare({ agent_id: AGENT, name: "v1" });
    const look = () => world.activities.readFeedProgress({ agent_id: AGENT, id: dataset.id });
    await raiseWatermark(world.ledger, "episodes", at);
    expect(await look()).toEqual({ caught_up: false });
    const reward = { agent_id: AGENT, episode_id: "ep-000001", source: "eval_score", value: 1, metadata: {} };
    await world.ledger.create("rewards", { ...reward, id: "rew-1", created_at: at });
    await raiseWatermark(world.ledger, "rewards", at);
    expect(await look()).toEqual({ caught_up: false });
    expect(await look()).toEqual({ caught_up: true });
  });

  test("shards of a large agent cover every episode once, however they fall in time", async () => {
    // 24 MB, of which a third fall on one instant.
    const crowd = many(2000).map((e, n) => ({
      ...e,
      metadata: { note: "x".repeat(12_000) },
      ...(n % 3 === 0 ? { created_at: "2026-01-01T00:10:00.000Z" } : {}),
    }));
    await world.store(...crowd);
    const { dataset } = await world.service.prepare({ agent_id: AGENT, name: "v1" });
    const ref = { agent_id: AGENT, id: dataset.id };
    await world.activities.claimDataset({ ...ref, instance_id: dataset.id });
    const { shards } = await world.activities.planDatasetShards(ref);
    expect(shards.length).toBeGreaterThan(1);
    const results = [];
    for (const shard of shards) results.push(await world.activities.buildDatasetShard({ ...ref, shard }));
    expect(results.reduce((sum, shard) => sum + shard.kept, 0)).toBe(2000);
    expect(JSON.stringify({ shards }).length).toBeLessThan(16_384);
  });
});
