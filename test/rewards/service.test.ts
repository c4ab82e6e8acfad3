import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import { type CallContext, type Operation, parseInput } from "../../src/doors/operation.ts";
import { createEpisodeService } from "../../src/episodes/service.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { createRewardGiving } from "../../src/rewards/giving.ts";
import { rewardOperations } from "../../src/rewards/operations.ts";
import { createRewardService, type RewardService } from "../../src/rewards/service.ts";
import { createRewardWriter, type GivenReward, type RecordedReward } from "../../src/sdk/rewards.ts";
import { invokeOver } from "../../src/sdk/transport.ts";
import { namesOf, redactedRow } from "../doors/redacted-row.ts";

const settings = readSettings({ LIGHTNING_COST_THRESHOLD_USD: "0.5" });
let ledger: Ledger;
let clock: VirtualClock;
let service: RewardService;
let operations: Map<string, Operation>;

beforeEach(async () => {
  clock = new VirtualClock();
  ledger = openSqliteLedger({ file: ":memory:", clock });
  service = createRewardService({ ledger, settings, clock });
  const giving = createRewardGiving({ ledger, settings, clock, logger: silentLogger, rewards: service });
  operations = new Map(
    rewardOperations({ service, giving, namesOf, settings }).map((row) => [row.name, redactedRow(row)]),
  );
  await createEpisodeService({ ledger, settings, clock, logger: silentLogger }).record([
    { id: "ep-1", user_input: "x", assistant_output: "y" },
  ]);
});
afterEach(() => ledger.close());

async function call(name: string, raw: Record<string, unknown>, more: Partial<CallContext> = {}) {
  const operation = operations.get(name);
  if (operation === undefined) throw new Error(name);
  const reply = await operation.run(parseInput(operation, raw), {
    waitMs: 0,
    door: "rest",
    ...more,
  } as CallContext);
  return { status: reply.status ?? 200, body: operation.output.parse(reply.body) as Record<string, unknown> };
}
const give = (value: number) => call("assignReward", { episode_id: "ep-1", value, evaluator: "a" });
const refused = async (work: () => Promise<unknown>, code: string) => {
  await expect(work()).rejects.toMatchObject({ status: 422, code });
};
/** The SDK's verbs, over the row that every door calls. */
const writer = createRewardWriter(
  invokeOver({ invoke: (name, input) => call(name, { ...input }), close: async () => {} }, "mcp-agents"),
);
const written = async (work: Promise<GivenReward | undefined>) => {
  const done = await work;
  if (done !== undefined && "waiting" in done) throw new Error(`${done.waitingId} waits`);
  return done === undefined ? undefined : [done.source, done.value];
};
const stored = () => ledger.count("rewards", {});

describe("assigning rewards", () => {
  test("the design's curl works and the reply holds both sets of keys", async () => {
    const { status, body } = await call("assignReward", { episode_id: "ep-1", reward: 1, feedback: "good" });
    expect(status).toBe(201);
    expect(body).toEqual({
      success: true,
      reward_id: body.id,
      id: expect.stringMatching(/^rew-/),
      agent_id: "mcp-agents",
      episode_id: "ep-1",
      source: "human_approval",
      value: 1,
      comments: "good",
      writer: "local",
      metadata: {},
      created_at: "2026-01-01T00:00:00.000Z",
      deduplicated: false,
    });
  });

  test("the original's names work too", async () => {
    const { body } = await call("assignReward", {
      episode_id: "ep-1",
      reward_value: -0.5,
      reward_source: "test_result",
      rubric: "r",
      evaluator: "ci",
    });
    expect(body).toMatchObject({ source: "test_result", value: -0.5, rubric: "r", evaluator: "ci" });
  });

  test("the same judgement sent twice is one reward; another supersedes it; a return to the first is a third", async () => {
    const first = await give(1);
    const again = await give(1);
    expect(again).toMatchObject({ status: 200, body: { id: first.body.id, deduplicated: true } });
    const second = await give(-1);
    expect(second.body.supersedes).toBe(first.body.id);
    const third = await give(1);
    expect(third.body).toMatchObject({ supersedes: second.body.id, deduplicated: false });
    expect(await stored()).toBe(3);
    // The clock stood still: what supersedes is later all the same.
    expect([first, second, third].map((reply) => reply.body.created_at)).toEqual([
      "2026-01-01T00:00:00.000Z",
      "2026-01-01T00:00:00.001Z",
      "2026-01-01T00:00:00.002Z",
    ]);
  });

  test("two evaluators do not supersede each other", async () => {
    await call("assignReward", { episode_id: "ep-1", value: 1, evaluator: "a" });
    const { body } = await call("assignReward", { episode_id: "ep-1", value: 1, evaluator: "b" });
    expect(body).toMatchObject({ deduplicated: false });
    expect(body).not.toHaveProperty("supersedes");
  });

  test("equal requests at one time meet in one reward", async () => {
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => call("assignReward", { episode_id: "ep-1", value: 1 })),
    );
    expect(new Set(replies.map((reply) => reply.body.id)).size).toBe(1);
    expect(await stored()).toBe(1);
  });

  test("defect 9.8: NaN, infinity, values out of range, unknown sources are 422, missing episodes 404, and nothing is stored", async () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1.01, -2])
      await refused(() => service.assign({ episode_id: "ep-1", value }), "invalid_reward");
    await refused(
      () => service.assign({ episode_id: "ep-1", source: "eval_score", raw_value: Number.NaN }),
      "invalid_reward",
    );
    await refused(() => service.assign({ episode_id: "ep-1" }), "invalid_reward");
    await refused(
      () => service.assign({ episode_id: "ep-1", source: "latency_penalty", value: 0.5 }),
      "invalid_reward",
    );
    await refused(
      () => service.assign({ episode_id: "ep-1", source: "vibes" as never, value: 1 }),
      "unknown_source",
    );
    await expect(service.assign({ episode_id: "ep-none", value: 1 })).rejects.toMatchObject({
      status: 404,
      code: "episode_not_found",
      field: "episode_id",
    });
    await refused(
      () => call("assignReward", { episode_id: "ep-1", value: 1, source: "vibes" }),
      "invalid_input",
    );
    await refused(() => call("assignReward", { episode_id: "ep-1", value: 3 }), "invalid_input");
    expect(await stored()).toBe(0);
  });

  test("comments and metadata are redacted, and the evaluator one to one", async () => {
    const said = {
      episode_id: "ep-1",
      value: 1,
      comments: "told bob@example.com",
      metadata: { password: "x1" },
    };
    const { body } = await call("assignReward", { ...said, reviewer: "admin@example.com" });
    expect(body).toMatchObject({
      evaluator: expect.stringMatching(/^\[REDACTED:email#[a-z2-7]{12}\]$/),
      comments: "told [REDACTED:email]",
      metadata: { password: "[REDACTED:secret]" },
    });
    // The same person in other letters, and somebody else.
    const again = await call("assignReward", { ...said, reviewer: " Admin@Example.com" });
    expect(again.body).toMatchObject({ deduplicated: true, reward_id: body.reward_id });
    const other = await call("assignReward", { ...said, reviewer: "other@example.com" });
    expect(other.body.evaluator).not.toBe(body.evaluator);
  });

  test("are found by an evaluator's name, given or signed in, though only the latter is stored", async () => {
    const said = { episode_id: "ep-1", source: "eval_score", value: 1 };
    await call("assignReward", { ...said, evaluator: "given@example.com" });
    await call("assignReward", said, { principal: "signed-in@example.com" });
    const found = async (evaluator: string) => (await call("listRewards", { evaluator })).body.rewards;
    expect(await found("signed-in@example.com")).toMatchObject([{ evaluator: "signed-in@example.com" }]);
    expect(await found("given@example.com")).toMatchObject([
      { evaluator: expect.stringMatching(/^\[REDACTED:email#/) },
    ]);
    expect(await found("nobody@example.com")).toEqual([]);
  });

  test("an approval is by the person who is known, not by who the body says", async () => {
    const known = await call(
      "assignReward",
      { episode_id: "ep-1", value: 1, evaluator: "somebody" },
      { principal: "jane@example.com" },
    );
    expect(known.body.evaluator).toBe("jane@example.com");
  });

  test("a raw value with its range is mapped by the rule of its source", async () => {
    const { body } = await call("assignReward", {
      episode_id: "ep-1",
      source: "eval_score",
      raw_value: 3,
      raw_min: 1,
      raw_max: 5,
    });
    // 0.5 of the range is below the threshold of 0.7.
    expect(body.value).toBeCloseTo((0.5 - 0.7) / 0.7, 12);
    expect(body.raw_value).toBe(3);
  });
});

describe("the SDK's reward writer", () => {
  const episodeId = "ep-1";
  test("writes all seven sources", async () => {
    expect(
      await written(writer.recordHumanApproval({ episodeId, approved: true, reviewer: "a@example.com" })),
    ).toEqual(["human_approval", 1]);
    expect(await written(writer.recordEvalScore({ episodeId, score: 0.75, rubric: "accuracy" }))).toEqual([
      "eval_score",
      0.5,
    ]);
    expect(
      await written(writer.recordTestResult({ episodeId, passed: false, testName: "intent_match" })),
    ).toEqual(["test_result", -1]);
    expect(await writer.recordSafetyCheck({ episodeId, passed: false })).toMatchObject({ metadata: {} });
    expect(await written(writer.recordGoldenMatch({ episodeId, similarity: 0.9 }))).toEqual([
      "golden_conversation",
      0.8,
    ]);
    expect(await written(writer.recordLatency({ episodeId, latencyMs: 10_001 }))).toEqual([
      "latency_penalty",
      -0.1,
    ]);
    expect(await written(writer.recordCost({ episodeId, costUsd: 0.6 }))).toEqual(["cost_penalty", -0.1]);
    expect(await stored()).toBe(7);
  });

  test("keeps a failed safety check's severity, comment and metadata", async () => {
    const recorded = await writer.recordSafetyCheck({
      episodeId,
      passed: false,
      checkName: "pii",
      severity: "critical",
      comments: "It named a person.",
      metadata: { run: 7 },
    });
    expect(recorded).toMatchObject({
      value: -1,
      rubric: "pii",
      comments: "It named a person.",
      metadata: { run: 7, severity: "critical" },
    });
  });

  test("a latency or cost at the threshold stores nothing, and says so on every door", async () => {
    expect(await writer.recordLatency({ episodeId, latencyMs: 10_000 })).toBeUndefined();
    expect(await writer.recordCost({ episodeId, costUsd: 0.5 })).toBeUndefined();
    const raw = { episode_id: "ep-1", source: "latency_penalty", raw_value: 5 };
    expect(await call("assignReward", raw)).toEqual({
      status: 200,
      body: {
        success: true,
        recorded: false,
        agent_id: "mcp-agents",
        episode_id: "ep-1",
        source: "latency_penalty",
      },
    });
    await refused(() => call("assignReward", { ...raw, raw_value: -1 }), "invalid_reward");
    expect(await stored()).toBe(0);
  });

  test("a cost that has no threshold is never a penalty", async () => {
    const free = createRewardService({ ledger, settings: readSettings({}), clock });
    expect(await free.assign({ episode_id: "ep-1", source: "cost_penalty", raw_value: 1e6 })).toBeUndefined();
    expect(await stored()).toBe(0);
  });

  test("a fast call measured after a slow one withdraws its penalty, once", async () => {
    const slow = await writer.recordLatency({ episodeId, latencyMs: 60_000 });
    const fast = await writer.recordLatency({ episodeId, latencyMs: 5 });
    expect(fast).toMatchObject({ withdrawn: true, supersedes: (slow as RecordedReward).id });
    expect(await writer.recordLatency({ episodeId, latencyMs: 6 })).toBeUndefined();
    expect(await stored()).toBe(2);
  });
});

describe("listing rewards", () => {
  test("of an agent or one episode, newest first, with the original's keys", async () => {
    await writer.recordHumanApproval({ episodeId: "ep-1", approved: true });
    clock.advance(1000);
    await writer.recordTestResult({ episodeId: "ep-1", passed: true });
    const { body } = await call("listRewards", { episode_id: "ep-1" });
    expect(body).toMatchObject({
      agent_id: "mcp-agents",
      rewards_found: 2,
      rewards: [
        { source: "test_result", value: 1, rubric: null, evaluator: null, episode_id: "ep-1" },
        { source: "human_approval" },
      ],
    });
    expect((await call("listRewards", { source: "test_result" })).body.rewards_found).toBe(1);
    expect((await call("listRewards", { agent_id: "other" })).body.rewards_found).toBe(0);
  });
});
