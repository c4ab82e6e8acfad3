import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Episode } from "../../src/episodes/contract.ts";
import { shortened } from "../../src/episodes/odd/values.ts";
import { fatal, unavailable } from "../../src/kernel/errors.ts";
import { AGENT, LEDGERS, openWorld, type World, watched } from "./waiting-world.ts";

const NAMES = {
  episode_id: "ep-1",
  response_id: "chatcmpl-1",
  correlation_id: "order-17/turn-2",
  trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
  span_id: "4000000000000002",
} as const;
const { episode_id: EPISODE_ID, ...others } = NAMES;
const EPISODE = { id: EPISODE_ID, ...others };
const DAY = 86_400_000;

let world: World;
const opened = async (...options: Parameters<typeof openWorld>) => {
  await world?.close();
  world = await openWorld(...options);
};
beforeEach(() => opened());
afterEach(() => world.close());

const approve = (more: object = { response_id: NAMES.response_id }, by = world) =>
  by.call("assignReward", { value: 1, ...more });
/** The code of the refusal. */
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (thrown: { code: string }) => thrown.code,
  );
const values = async () => (await world.rewards()).map(({ value }) => value);

describe.each(Object.keys(LEDGERS) as (keyof typeof LEDGERS)[])("on %s", (kind) => {
  beforeEach(() => opened(kind));

  test.each(Object.entries(NAMES))("%s names the episode, recorded or yet to come", async (field, id) => {
    const early = await approve({ [field]: id, evaluator: "early" });
    expect(early).toMatchObject({
      status: 202,
      body: { waiting: true, state: "waiting", named: { [field]: id } },
    });
    await world.record(EPISODE);
    await world.deliver();
    world.clock.advance(1);
    const late = await approve({ [field]: id, evaluator: "late" });
    expect(late).toMatchObject({ status: 201, body: { episode_id: "ep-1" } });
    const stored = await world.rewards();
    expect(stored.map(({ evaluator, episode_id }) => [evaluator, episode_id])).toEqual([
      ["early", "ep-1"],
      ["late", "ep-1"],
    ]);
    expect(stored[0]?.said_at).toBe(early.body.created_at);
    expect(await world.states()).toEqual(["given"]);
  });

  test("whenever the episode comes while a reward is given, the reward is given once", async () => {
    // Each place between two of the giver's calls of the ledger, until it makes no more calls.
    for (let place = 1, wasReached = true; wasReached; place++) {
      const id = `ep-${place}`;
      wasReached = false;
      let calls = 0;
      const giver = world.processOn(
        watched(world.ledger, async () => {
          if (++calls !== place) return;
          wasReached = true;
          await world.record({ id, response_id: `resp-${place}` });
          await world.deliver();
        }),
      );
      const { status } = await giver.call("assignReward", { response_id: `resp-${place}`, value: 1 });
      if (!wasReached) break;
      const page = await world.ledger.query("rewards", { pk: [AGENT, id], limit: 10 });
      expect({ place, status, rewards: page.items.length }).toEqual({ place, status: 201, rewards: 1 });
    }
  });

  test("a process that dies anywhere leaves no reward without its episode, and none twice", async () => {
    for (let place = 1, wasReached = true; wasReached; place++) {
      const [id, response_id] = [`ep-${place}`, `resp-${place}`];
      wasReached = false;
      let calls = 0;
      const giver = world.processOn(
        watched(world.ledger, async () => {
          if (++calls === place) {
            wasReached = true;
            await world.record({ id, response_id });
            await world.deliver();
          }
          if (calls >= place) throw unavailable("dead", "The process has died.");
        }),
      );
      await giver.call("assignReward", { response_id, value: 1 }).catch(() => undefined);
      if (!wasReached) break;
      await world.giving.sweep();
      // Whoever had no answer asks again.
      await world.call("assignReward", { response_id, value: 1 });
      const { items } = await world.ledger.query("rewards", { pk: [AGENT, id], limit: 10 });
      expect({ place, rewards: items.length }).toEqual({ place, rewards: 1 });
    }
    // The last round's, whose episode never came.
    expect((await world.states()).filter((state) => state !== "given")).toEqual(["waiting"]);
  });

  test("a feed that dies while it gives, and one that gives at the same time, give once", async () => {
    for (let place = 1, wasReached = true; wasReached; place++) {
      const [id, response_id] = [`ep-${place}`, `resp-${place}`];
      await world.call("assignReward", { response_id, value: 1 });
      await world.record({ id, response_id });
      wasReached = false;
      let calls = 0;
      const dying = world.processOn(
        watched(world.ledger, async () => {
          if (++calls < place) return;
          if (calls === place) await world.giving.sweep();
          wasReached = true;
          throw unavailable("dead", "The process has died.");
        }),
      );
      await world.deliver(dying.feed).catch(() => undefined);
      await Promise.all([world.deliver(), world.giving.sweep()]);
      const { items } = await world.ledger.query("rewards", { pk: [AGENT, id], limit: 10 });
      expect({ place, rewards: items.length }).toEqual({ place, rewards: 1 });
    }
  });

  test("what a process died over while it gave goes to no other episode of the trace", async () => {
    for (let place = 1, wasReached = true; wasReached; place++) {
      const trace_id = `trace-${place}`;
      await world.call("assignReward", { trace_id, value: 1 });
      await world.record({ id: `ep-${place}-a`, trace_id });
      wasReached = false;
      let calls = 0;
      const dying = world.processOn(
        watched(world.ledger, async () => {
          if (++calls < place) return;
          wasReached = true;
          throw unavailable("dead", "The process has died.");
        }),
      );
      await dying.giving.sweep().catch(() => undefined);
      world.clock.advance(1);
      await world.record({ id: `ep-${place}-b`, trace_id });
      await world.deliver();
      const given = await Promise.all(
        ["a", "b"].map((n) => world.ledger.count("rewards", { pk: [AGENT, `ep-${place}-${n}`] })),
      );
      expect({ place, rewards: given.reduce((a, b) => a + b) }).toEqual({ place, rewards: 1 });
    }
  });

  test("many at once wait once each and are given once each, whoever looks", async () => {
    const judges = Array.from({ length: 6 }, (_, n) => `judge-${n}`);
    await Promise.all(
      [...judges, ...judges].map((evaluator) => approve({ response_id: NAMES.response_id, evaluator })),
    );
    expect(await world.states()).toHaveLength(6);
    await world.record(EPISODE);
    await Promise.all([
      world.deliver(),
      world.giving.sweep(),
      ...judges.map((evaluator) => approve({ response_id: NAMES.response_id, evaluator })),
    ]);
    const stored = await world.rewards();
    expect(new Set(stored.map(({ evaluator }) => evaluator))).toEqual(new Set(judges));
    expect(stored).toHaveLength(judges.length);
    expect(await world.states()).toEqual(judges.map(() => "given"));
  });
});

describe("what waits", () => {
  test("stops no feed where its container is not provisioned yet: episodes are scored all the same", async () => {
    const missing = fatal("container_missing", "There is no container rl_waiting_rewards.");
    const behind = world.processOn(
      new Proxy(world.ledger, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name, target);
          if (typeof member !== "function") return member;
          return async (container: unknown, ...parameters: unknown[]): Promise<unknown> => {
            if (container === "waitingRewards") throw missing;
            return Reflect.apply(member as (...p: unknown[]) => unknown, target, [container, ...parameters]);
          };
        },
      }),
    );
    await world.record({ ...EPISODE, metadata: { test_passed: true } });
    const page = await world.ledger.query("episodes", { pk: [AGENT], limit: 10 });
    await behind.feed.handleEpisodeChanges(page.items);
    expect((await world.rewards()).map(({ source }) => source)).toEqual(["test_result"]);
  });

  test("keeps the order in which it was said: the last judgement stands, also when it is the first again", async () => {
    for (const value of [1, -1, 1]) await approve({ response_id: NAMES.response_id, value });
    await world.record(EPISODE);
    await world.deliver();
    expect(await values()).toEqual([1, -1, 1]);
    const [first, second, third] = await world.rewards();
    expect([second?.supersedes, third?.supersedes]).toEqual([first?.id, second?.id]);
  });

  test("the same said twice waits once", async () => {
    const [first, again] = [await approve(), await approve()];
    expect(again.body.waiting_id).toBe(first.body.waiting_id);
    expect(await world.states()).toEqual(["waiting"]);
  });

  test("does not take the place of what its author said since at another door", async () => {
    await approve();
    await world.record(EPISODE);
    world.clock.advance(1000);
    await approve({ episode_id: "ep-1", value: -1 });
    await world.deliver();
    expect(await values()).toEqual([-1]);
    expect(await world.waiting()).toMatchObject([
      { state: "refused", reason: expect.stringContaining("judged_since") },
    ]);
  });

  test("is redacted as it is stored, and gone when it is settled", async () => {
    await approve({ response_id: NAMES.response_id, comments: "write to ann@example.com" });
    expect(JSON.stringify(await world.waiting())).not.toContain("ann@example.com");
    await world.record(EPISODE);
    await world.deliver();
    expect((await world.waiting())[0]).not.toHaveProperty("judgement");
  });

  test("expires with a reason that is told, and waits anew when it is said again", async () => {
    const { body } = await approve();
    expect(body.expires_at).toBe("2026-01-08T00:00:00.000Z");
    world.clock.advance(7 * DAY - 1);
    expect(await world.giving.sweep()).toEqual({ looked_at: 1, settled: 0, failed: 0 });
    world.clock.advance(1);
    await world.giving.sweep();
    const { body: list } = await world.call("listWaitingRewards", { state: "expired" });
    expect(list.waiting).toMatchObject([
      { waiting_id: body.waiting_id, state: "expired", reason: expect.stringContaining(NAMES.response_id) },
    ]);
    expect((await approve()).body).toMatchObject({ state: "waiting" });
    await world.record(EPISODE);
    await world.deliver();
    expect(await values()).toEqual([1]);
  });

  test("expires, too, when its episode came and was deleted before it was given", async () => {
    const { body } = await approve();
    await world.record(EPISODE);
    const dying = world.processOn(
      watched(world.ledger, async (call) => {
        if (call === "create") throw unavailable("dead", "The process has died.");
      }),
    );
    await dying.giving.sweep();
    await world.ledger.delete("episodes", [AGENT, "ep-1"], "ep-1");
    await world.giving.sweep();
    expect(await world.states()).toEqual(["waiting"]);
    world.clock.advance(7 * DAY);
    await world.giving.sweep();
    expect(await world.waiting()).toMatchObject([{ id: body.waiting_id, state: "expired" }]);
  });

  test("is bounded by number and by bytes, for each agent", async () => {
    await opened("SQLite", { LIGHTNING_WAITING_REWARDS_MOST: "2" });
    for (const n of [1, 2]) await approve({ response_id: `r-${n}` });
    expect(await codeOf(approve({ response_id: "r-3" }))).toBe("waiting_rewards_full");
    expect((await approve({ response_id: "r-3", agent_id: "other" })).status).toBe(202);
    // Whose episode comes makes room.
    await world.record({ response_id: "r-1" });
    await world.deliver();
    expect((await approve({ response_id: "r-3" })).status).toBe(202);

    await opened("SQLite", { LIGHTNING_WAITING_REWARDS_MB: "1" });
    const correction = "x".repeat(90_000);
    const long = (n: number) => approve({ response_id: `r-${n}`, metadata: { correction } });
    for (let n = 0; n < 11; n++) await long(n);
    expect(await codeOf(long(11))).toBe("waiting_rewards_full");
  });

  test("is asked for: a caller who would rather know is refused at once", async () => {
    expect(await codeOf(approve({ response_id: "r", wait_for_episode: false }))).toBe("episode_not_found");
    expect(await world.waiting()).toEqual([]);
    await opened("SQLite", { LIGHTNING_WAITING_REWARDS_MOST: "0" });
    expect(await codeOf(approve())).toBe("waiting_rewards_full");
  });

  test("what no episode could mend is refused before it waits", async () => {
    for (const [more, code] of [
      [{ value: undefined }, "invalid_reward"],
      [{ metadata: { correction: { turn: 1 } } }, "correction_invalid"],
    ] as const)
      expect(await codeOf(approve({ response_id: "r", ...more }))).toBe(code);
    expect(await world.waiting()).toEqual([]);
  });

  test("a correction that does not fit the episode that comes is refused with the reason, and the feed goes on", async () => {
    await approve({ response_id: NAMES.response_id, metadata: { correction: { turn: 9, text: "x" } } });
    await approve({ response_id: NAMES.response_id, evaluator: "b" });
    await world.record(EPISODE);
    await world.deliver();
    expect(await values()).toEqual([1]);
    const ended = new Map((await world.waiting()).map(({ state, reason }) => [state, reason]));
    expect(ended.get("refused")).toContain("correction_invalid");
    expect([...ended.keys()]).toEqual(expect.arrayContaining(["given", "refused"]));
  });

  test("a measured latency that waited is judged by its threshold when the episode comes", async () => {
    const latency = (raw_value: number, n: number) =>
      approve({ response_id: `r-${n}`, source: "latency_penalty", value: undefined, raw_value });
    await latency(60_000, 1);
    await latency(5, 2);
    await world.record({ id: "ep-1", response_id: "r-1" }, { id: "ep-2", response_id: "r-2" });
    await world.deliver();
    expect(await values()).toEqual([-0.1]);
  });

  test("under an idempotency key a later try tells what became of it", async () => {
    const noted: Record<string, unknown> = {};
    const request = { noted, note: async (facts: object) => void Object.assign(noted, facts) } as never;
    const ask = () => world.call("assignReward", { response_id: NAMES.response_id, value: 1 }, { request });
    const first = await ask();
    expect([first.status, (await ask()).body.waiting_id]).toEqual([202, first.body.waiting_id]);
    await world.record(EPISODE);
    await world.deliver();
    // Judged anew meanwhile: the key's own reward is told, and does not come back.
    await approve({ episode_id: "ep-1", value: -1 });
    expect(await ask()).toMatchObject({ status: 201, body: { value: 1, episode_id: "ep-1" } });
    expect(await values()).toEqual([1, -1]);
  });
});

describe("a name", () => {
  test("that several episodes have is refused with the candidates; of a trace the newest episode counts", async () => {
    const shared = { correlation_id: "c", span_id: "s" };
    await world.record({ ...shared, id: "ep-a", trace_id: "t", created_at: "2026-01-01T00:00:02Z" });
    await world.record({ ...shared, id: "ep-b", trace_id: "t", created_at: "2026-01-01T00:00:01Z" });
    for (const name of [{ correlation_id: "c" }, { span_id: "s" }, { span_id: "s", trace_id: "t" }])
      await expect(approve(name)).rejects.toMatchObject({
        code: "episode_ambiguous",
        status: 409,
        details: { candidates: ["ep-a", "ep-b"] },
      });
    expect((await approve({ trace_id: "t" })).body.episode_id).toBe("ep-a");
  });

  test("is of one agent", async () => {
    await world.record({ ...EPISODE, agent_id: "other" });
    expect((await approve()).status).toBe(202);
    expect((await approve({ response_id: NAMES.response_id, agent_id: "other" })).status).toBe(201);
  });

  test("must be there, and be the only one", async () => {
    expect(await codeOf(approve({}))).toBe("episode_not_named");
    expect(await codeOf(approve({ response_id: "r", correlation_id: "c" }))).toBe("episode_not_named");
    expect(await codeOf(approve({ episode_id: "ep-1", trace_id: "t" }))).toBe("episode_not_named");
  });

  test("made by a machine is stored as it is, though its digits look like a card's number", async () => {
    const digits = "4111111111111111";
    await world.record({ id: "ep-1", span_id: digits, trace_id: digits, response_id: digits });
    for (const field of ["span_id", "trace_id", "response_id"])
      expect((await approve({ [field]: digits, evaluator: field })).status).toBe(201);
  });

  const names = ["response_id", "correlation_id", "span_id", "trace_id"] as const;

  test.each(names)("%s that is longer than an episode holds finds what capture made of it", async (field) => {
    const id = `resp_${"bGl0ZWxsbTpv".repeat(30)}`;
    await approve({ [field]: id, evaluator: "early" });
    await approve({ [field]: `${id}x`, evaluator: "of another" });
    await world.record({ id: "ep-1", [field]: shortened(id) });
    await world.deliver();
    world.clock.advance(1);
    expect((await approve({ [field]: id, evaluator: "late" })).status).toBe(201);
    expect((await world.rewards()).map(({ evaluator }) => evaluator)).toEqual(["early", "late"]);
  });

  /** As it is given; which of the names are stored as they are, so that they find the episode. */
  test.each<readonly [string, string, readonly string[]]>([
    ["plain", "gen/17+a=", names],
    [
      "a card's number as a machine's id",
      "4111111111111111",
      names.filter((one) => one !== "correlation_id"),
    ],
    ["a card's number as people write it", "4111 1111 1111 1111", []],
    ["an address", "ann@example.com", []],
    ["a key", "sk-proj-abcdefghijklmnopqrstuvwxyz1234567890ABCD", []],
    ["a token of a program", "ghp_0123456789abcdefghijABCDEFGHIJ012345", []],
  ])("%s is found where it is stored as it is, and refused where it is not", async (_said, id, found) => {
    for (const field of names) {
      await world.record({ id: `ep-${field}`, [field]: id });
      const stored = (await world.ledger.read<Episode>("episodes", [AGENT, `ep-${field}`], `ep-${field}`))?.[
        field
      ];
      const code = await codeOf(approve({ [field]: id, wait_for_episode: false }));
      const isFound = found.includes(field);
      expect([field, stored === id, code]).toEqual([field, isFound, isFound ? "none" : "episode_not_named"]);
    }
  });

  test("that is the caller's own and is redacted in the episode finds none, and the refusal says so", async () => {
    await world.record({ id: "ep-1", correlation_id: "4111111111111111" });
    expect(await codeOf(approve({ correlation_id: "4111111111111111" }))).toBe("episode_not_named");
  });
});
