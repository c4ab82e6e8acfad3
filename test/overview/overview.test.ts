import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import type { Operation } from "../../src/doors/operation.ts";
import type { Survey } from "../../src/doors/survey.ts";
import { sleep, VirtualClock } from "../../src/kernel/clock.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { FeedProgress } from "../../src/ledger/feed-progress.ts";
import { raiseWatermark } from "../../src/ledger/feed-watermarks.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { ledgerOn } from "../../src/ledger/sqlite/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { openStoreFile } from "../../src/ledger/sqlite/store-file.ts";
import { healthSchema, statsSchema } from "../../src/overview/contract.ts";
import { overviewOperations } from "../../src/overview/operations.ts";
import { createOverviewService } from "../../src/overview/service.ts";
import type { RewardSource } from "../../src/rewards/contract.ts";
import { createRewardFeed } from "../../src/rewards/feed.ts";
import { createRewardService } from "../../src/rewards/service.ts";

let clock: VirtualClock;
let ledger: Ledger;
let ping: () => Promise<void>;
const settings = readSettings({ FOUNDRY_MODEL_DEPLOYMENT_NAME: "base-1" });
const at = () => new Date(clock.now()).toISOString();

beforeEach(() => {
  clock = new VirtualClock();
  ledger = openSqliteLedger({ file: ":memory:", clock });
  ping = async () => {};
});
afterEach(() => ledger.close());

const service = (over: Partial<Ledger> = {}, progress?: FeedProgress) =>
  createOverviewService({
    ledger: { ...bound(ledger), ...over },
    provider: { kind: "local", ping: () => ping() },
    settings,
    clock,
    progress,
    workOf: async () => ({ at_work: 0, waiting: 0, at_work_at_most: 2 }),
    selector: { selectModel: async () => ({ model: "ft:one", source: "registry", stale: false }) },
    deployments: {
      readActive: async () => ({ deployment_id: "dep-1", deployment_name: "ft:one" }),
      baseModel: () => "base-1",
    },
  });
const bound = (one: Ledger): Ledger =>
  new Proxy({} as Ledger, {
    get: (_target, name) => (one[name as keyof Ledger] as (...args: never[]) => unknown).bind(one),
    ownKeys: () => [
      "read",
      "create",
      "upsert",
      "replace",
      "patch",
      "delete",
      "batch",
      "bulk",
      "query",
      "count",
      "changes",
      "ping",
      "close",
    ],
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  });

const episode = (id: string, agent = "a", more: object = {}) =>
  ledger.create("episodes", { id, agent_id: agent, created_at: at(), recorded_at: at(), ...more });
const reward = (id: string, value: number) =>
  ledger.create("rewards", {
    id,
    agent_id: "a",
    episode_id: "ep-1",
    source: "human_approval",
    value,
    created_at: at(),
  } as never);

describe("statistics", () => {
  test("count one agent's records exactly, past the caps of the original", async () => {
    await ledger.bulk(
      "episodes",
      "create",
      Array.from({ length: 1234 }, (_, i) => ({
        id: `ep-${i}`,
        agent_id: "a",
        created_at: at(),
        recorded_at: at(),
        ...(i < 3 ? { reward_count: 1, reward_avg: [1, -0.5, 0.5][i] } : {}),
      })),
    );
    await episode("ep-x", "other");
    await reward("rew-1", 1);
    await reward("rew-2", -0.5);
    await reward("rew-3", 0.5);
    for (const [id, status] of [
      ["run-1", "succeeded"],
      ["run-2", "failed"],
      ["run-3", "succeeded"],
    ])
      await ledger.create("runs", { id, agent_id: "a", type: "run", status, created_at: at() } as never);
    const stats = statsSchema.parse(await service().stats("a"));
    expect(stats).toEqual(
      expect.objectContaining({
        agent_id: "a",
        lightning_enabled: false,
        use_tuned_model: false,
        current_model: "ft:one",
        base_model: "base-1",
        active_deployment: { has_active: true, deployment_id: "dep-1", model_name: "ft:one" },
      }),
    );
    expect(stats.statistics).toEqual(
      expect.objectContaining({
        total_episodes: 1234,
        rewarded_episodes: 3,
        total_rewards: 3,
        average_reward: 0.333,
        average_reward_of: 3,
        total_training_runs: 3,
        training_run_status: { succeeded: 2, failed: 1 },
        total_deployments: 0,
      }),
    );
  });

  test("an average of nothing is unknown, not zero", async () => {
    expect((await service().stats("a")).statistics.average_reward).toBeNull();
  });

  test("the average is the rules' own: superseded, withdrawn and penalties have no part in it", async () => {
    const rewards = createRewardService({ ledger, settings, clock });
    const feed = createRewardFeed({ ledger, settings, clock, logger: silentLogger });
    const judge = (episode_id: string, source: RewardSource, given: object) =>
      rewards.assign({ agent_id: "a", episode_id, source, ...given });
    for (const id of ["ep-1", "ep-2", "ep-3"]) await episode(id);
    await judge("ep-1", "human_approval", { value: -1 });
    await judge("ep-1", "human_approval", { value: 1 });
    await judge("ep-1", "latency_penalty", { value: -1 });
    const taken = await judge("ep-2", "eval_score", { value: -1 });
    await rewards.withdraw("a", "ep-2", taken?.reward.id ?? "");
    await judge("ep-3", "cost_penalty", { value: -1 });
    await feed.handleRewardChanges((await ledger.changes("rewards", { limit: 100 })).items);
    const { statistics } = await service().stats("a");
    expect(statistics).toMatchObject({ total_rewards: 6, rewarded_episodes: 1 });
    expect(statistics).toMatchObject({ average_reward: 1, average_reward_of: 1 });
  });

  test("an average that is quickly read is true now, though somebody asked a slow ledger a moment ago", async () => {
    const slow: Ledger["query"] = (...question) => {
      if (question[0] === "episodes") clock.advance(500);
      return ledger.query(...question);
    };
    const asked = service({ query: slow });
    expect((await asked.stats("a")).statistics.average_reward).toBeNull();
    await episode("ep-1", "a", { reward_avg: 1 });
    expect((await asked.stats("a")).statistics).toMatchObject({ rewarded_episodes: 1, average_reward: 1 });
  });

  test("the average is of the newest thousand judged episodes, says so, and reads no more", async () => {
    const episodes = Array.from({ length: 1100 }, (_, n) => ({
      id: `ep-${n}`,
      agent_id: "a",
      reward_avg: n < 100 ? -1 : 1,
      created_at: new Date(clock.now() + n * 1000).toISOString(),
      recorded_at: at(),
    }));
    await ledger.bulk("episodes", "create", episodes);
    let read = 0;
    const counted: Ledger["query"] = async (...question) => {
      const page = await ledger.query<never>(...question);
      if (question[0] === "rewards" || question[0] === "episodes") read += page.items.length;
      return page;
    };
    expect((await service({ query: counted }).stats("a")).statistics).toMatchObject({
      rewarded_episodes: 1100,
      average_reward: 1,
      average_reward_of: 1000,
    });
    expect(read).toBeLessThanOrEqual(1002);
  });

  test("a feed is behind by the age of the oldest change it has not handled; an idle one is not", async () => {
    await episode("ep-1");
    const handled = at();
    await raiseWatermark(ledger, "episodes", handled);
    clock.advance(3_600_000);
    expect((await service().stats("a")).feeds.episodes).toEqual({ watermark: handled, lag_seconds: 0 });
    await episode("ep-2");
    clock.advance(40_000);
    await episode("ep-3");
    expect((await service().stats("a")).feeds.episodes.lag_seconds).toBe(40);
    expect((await service().stats("a")).feeds.rewards).toEqual({ watermark: null, lag_seconds: 0 });
  });
});

describe("a feed whose consumers' places are known", () => {
  const knowing = (pending: number | "none" | "unknown") =>
    service({}, { oldestPending: async () => pending, hasPassed: async () => "unknown" });

  test("is as far behind as its slowest part, whatever its fastest has handled", async () => {
    const first = clock.now();
    await episode("ep-1");
    clock.advance(90_000);
    await episode("ep-2");
    await raiseWatermark(ledger, "episodes", at());
    const { feeds } = await knowing(first / 1000).stats("a");
    expect(feeds.episodes).toEqual({ watermark: new Date(first).toISOString(), lag_seconds: 90 });
    const { body } = await health(knowing(first / 1000 - 300));
    expect([body.status, body.checks.feeds?.code]).toEqual(["degraded", "feed_behind"]);
  });

  test("is not behind when all parts are done, and by its watermark when they are not known", async () => {
    await episode("ep-1");
    clock.advance(40_000);
    expect((await knowing("none").stats("a")).feeds.episodes.lag_seconds).toBe(0);
    expect((await knowing("unknown").stats("a")).feeds.episodes.lag_seconds).toBe(40);
  });
});

const QUIET: Survey = { at_work: 0, taken_up: 0, not_begun: 0, queued: {}, lost: {}, more: false };
const health = async (made = service(), input: object = {}, survey = QUIET) => {
  const rows: readonly Operation[] = overviewOperations({
    service: made,
    settings,
    survey: async () => survey,
  });
  const row = rows.find(({ name }) => name === "getHealth");
  const reply = await row?.run({ counts: false, ...input }, {} as never);
  return { status: reply?.status, body: healthSchema.parse(reply?.body) };
};

describe("health", () => {
  test("is degraded while records have lost their orchestration, and says how many and what takes them up", async () => {
    const lost = { ...QUIET, at_work: 3, taken_up: 1, lost: { Failed: 2, NotFound: 1 } };
    const { status, body } = await health(service(), {}, lost);
    expect([status, body.status]).toEqual([200, "degraded"]);
    expect(body.records).toEqual(lost);
    expect(body.checks.orchestrations).toMatchObject({ ok: false, code: "orchestrations_lost" });
    expect(body.checks.orchestrations?.message).toMatch(
      /^3 records have lost .*\(2 Failed, 1 NotFound\).*take-up/,
    );
    expect((await health()).body.checks.orchestrations).toMatchObject({ ok: true });
  });

  test("is healthy when everything answers", async () => {
    const { status, body } = await health();
    expect([status, body.status]).toEqual([200, "healthy"]);
    expect(body.checks.ledger).toEqual(expect.objectContaining({ ok: true, kind: "embedded" }));
    expect(body.containers).toBeUndefined();
  });

  test("counts the containers under their names when asked to", async () => {
    await episode("ep-1");
    const { body } = await health(service(), { counts: true });
    expect(body.containers).toEqual(
      expect.objectContaining({ rl_episodes: 1, rl_rewards: 0, rl_training_runs: 0 }),
    );
  });

  test("is degraded, and says why, when the provider fails", async () => {
    ping = async () => {
      throw unavailable("provider_unavailable", "The provider does not answer.");
    };
    const { status, body } = await health();
    expect([status, body.status]).toEqual([200, "degraded"]);
    expect(body.checks.provider).toEqual(
      expect.objectContaining({
        ok: false,
        code: "provider_unavailable",
        message: "The provider does not answer.",
      }),
    );
  });

  test("is degraded when a feed is minutes behind", async () => {
    await episode("ep-1");
    clock.advance(301_000);
    const { body } = await health();
    expect([body.status, body.checks.feeds?.code]).toEqual(["degraded", "feed_behind"]);
  });

  test("is unhealthy, with 503, when the ledger fails", async () => {
    const { status, body } = await health(
      service({
        ping: async () => {
          throw new Error("disk I/O error");
        },
      }),
    );
    expect([status, body.status]).toEqual([503, "unhealthy"]);
  });

  test.each([
    ["the disk is full", "max_page_count", "ledger_disk_full"],
    ["its file is read-only", "query_only", "ledger_read_only"],
  ])(
    "is unhealthy, with 503 and the reason, while reads go on and no write is possible: %s",
    async (_why, name, code) => {
      const file = path.join(await mkdtemp(path.join(os.tmpdir(), "health-")), "ledger.sqlite");
      const store = openStoreFile(file);
      const real = ledgerOn(store, { clock });
      // A disk that is full has not a page left: the free ones of the file are used up first.
      const pages = Number(store.db.prepare("PRAGMA page_count").get()?.page_count);
      store.db.exec(name === "query_only" ? "PRAGMA query_only = 1" : `PRAGMA max_page_count = ${pages}`);
      await real
        .create("runs", {
          id: "r1",
          agent_id: "a",
          type: "run",
          created_at: at(),
          text: "x".repeat(1e6),
        } as never)
        .catch(() => undefined);
      const made = service({
        ...real,
        upsert: (c, document) => real.upsert(c, { ...document, pad: "x".repeat(9000) }),
      });
      const { status, body } = await health(made);
      expect([status, body.status, body.checks.ledger]).toEqual([
        503,
        "unhealthy",
        expect.objectContaining({ ok: false, code, message: expect.any(String) }),
      ]);
      store.db.exec("PRAGMA query_only = 0; PRAGMA max_page_count = 1000000");
      // The answer counts for some seconds, however often it is asked for.
      expect((await health(made)).status).toBe(503);
      clock.advance(5_000);
      expect((await health(made)).status).toBe(200);
      await real.close();
      await rm(path.dirname(file), { recursive: true });
    },
  );

  test("writes once in some seconds, whoever asks", async () => {
    let writes = 0;
    const made = service({
      upsert: async (c, document) => {
        writes++;
        return ledger.upsert(c, document);
      },
    });
    await Promise.all(Array.from({ length: 20 }, () => health(made)));
    expect(writes).toBe(1);
    clock.advance(60_000);
    await health(made);
    expect(writes).toBe(2);
  });

  test("does not wait for ever for what does not answer", async () => {
    ping = () => sleep(clock, 3_600_000);
    const asked = health();
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(5_000);
    expect((await asked).body.checks.provider).toEqual(
      expect.objectContaining({ ok: false, code: "too_slow" }),
    );
  });
});

describe("the trend of rewards", () => {
  const judged = (id: string, created_at: string) =>
    ledger.create("episodes", {
      id,
      agent_id: "a",
      created_at,
      recorded_at: at(),
      reward_avg: 1,
      reward_count: 1,
    } as never);
  const HOUR = 3_600_000;
  const forty = () =>
    Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        judged(`ep-${n}`, new Date(clock.now() - (40 - n) * HOUR).toISOString()),
      ),
    );

  test.each([
    ["2099-01-01T00:00:00.000Z", 40],
    ["2001-01-01T00:00:00.000Z", 41],
  ])("is not made one bucket by one episode of %s, which is counted as left out", async (far, read) => {
    await forty();
    const before = await service().trend("a");
    expect(before.buckets.length).toBeGreaterThan(20);
    await judged("ep-far", far);
    const after = await service().trend("a");
    expect(after).toMatchObject({ buckets: before.buckets, episodes: read, left_out: 1 });
    expect([after.from, after.until]).toEqual([before.from, before.until]);
  });

  test("of episodes that share an instant, or lie weeks apart, leaves none out", async () => {
    for (let n = 0; n < 10; n++) await judged(`ep-${n}`, at());
    expect(await service().trend("a")).toMatchObject({ episodes: 10, left_out: 0 });
    for (let n = 0; n < 10; n++)
      await judged(`old-${n}`, new Date(clock.now() - n * 14 * 24 * HOUR).toISOString());
    expect(await service().trend("a")).toMatchObject({ episodes: 20, left_out: 0 });
  });

  test("and the average are not led by an episode of 2099 that an earlier version took", async () => {
    await forty();
    await judged("ep-far", "2099-01-01T00:00:00.000Z");
    expect((await service().stats("a")).statistics.average_reward_of).toBe(40);
  });
});
