import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Episode } from "../../src/episodes/contract.ts";
import type { Reward } from "../../src/rewards/contract.ts";
import { aggregate } from "../../src/rewards/rules.ts";
import { latestPerSlot } from "../../src/rewards/slots.ts";
import { type Body, type Desk, openDesk, person } from "../review/desk.ts";

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk();
  await desk.record(1);
});
afterEach(() => desk.close());

const judge = (given: Record<string, unknown>, as = {}) =>
  desk.call("assignReward", { episode_id: "ep-0", source: "eval_score", value: 1, ...given }, as);
const aggregateNow = async () => {
  await desk.feed();
  const { reward_count, reward_avg } = (await desk.call("getEpisode", { episode_id: "ep-0" })) as Episode;
  return { reward_count, reward_avg };
};

describe("a reward's slot", () => {
  it("belongs to who wrote it: nobody supersedes what somebody else wrote in the same name", async () => {
    const first = await judge({ evaluator: "ci", value: 1 }, person("ann@example.com", "labeller"));
    const other = await judge({ evaluator: "ci", value: -1 }, person("bob@example.com", "labeller"));
    expect(other).not.toHaveProperty("supersedes");
    expect([first.writer, other.writer]).toEqual(["ann@example.com", "bob@example.com"]);
    expect(await aggregateNow()).toEqual({ reward_count: 2, reward_avg: 0 });
    const again = await judge({ evaluator: "ci", value: 0.5 }, person("Ann@Example.com", "labeller"));
    expect(again.supersedes).toBe(first.id);
  });

  it("cannot be chosen by the body, and is `local` where nobody is signed in", async () => {
    await expect(judge({ writer: "ann" })).rejects.toMatchObject({ code: "invalid_input" });
    expect((await judge({})).writer).toBe("local");
  });

  it.each([
    [["Alice", " alice ", "ALICE", "alice\n"], 1],
    [["", undefined, "  "], 1],
    [["alice", "bob", ""], 3],
  ])("takes the evaluators %j for %d judges", async (evaluators, judges) => {
    for (const [n, evaluator] of evaluators.entries())
      await judge({ value: n / 10, ...(evaluator === undefined ? {} : { evaluator }) });
    expect((await aggregateNow()).reward_count).toBe(judges);
  });

  it.each([
    [["login", " login "], 1],
    [["", undefined, " "], 1],
    // A rubric may be the name of a test.
    [["login", "Login"], 2],
  ])("takes the rubrics %j for %d", async (rubrics, slots) => {
    for (const [n, rubric] of rubrics.entries())
      await judge({ value: n / 10, ...(rubric === undefined ? {} : { rubric }) });
    expect((await aggregateNow()).reward_count).toBe(slots);
  });

  it("finds the rewards of an evaluator whose name is asked with space around it", async () => {
    await judge({ evaluator: " ci " });
    expect((await desk.call("listRewards", { evaluator: "ci " })).rewards).toHaveLength(1);
  });
});

describe("a reward that somebody else wrote", () => {
  const GUARD = person("guard@example.com", "labeller");
  const BOB = person("bob@example.com", "labeller");
  const OLGA = person("olga@example.com", "labeller", "owner");
  const vetoed = async () => {
    await desk.feed();
    return ((await desk.call("getEpisode", { episode_id: "ep-0" })) as Episode).reward_vetoed;
  };
  const takeBack = (reward_id: string, as: Parameters<Desk["call"]>[2]) =>
    desk.call(
      "withdrawReward",
      { episode_id: "ep-0", reward_id, reason: "The check ran on another build." },
      as,
    );

  it("is a veto until its writer or an owner takes it back, and says who did and why", async () => {
    const { id } = await judge({ source: "safety_check", value: -1, evaluator: "content-guard" }, GUARD);
    await judge({ source: "safety_check", value: 1, evaluator: "content-guard" }, BOB);
    expect(await vetoed()).toBe(true);
    await expect(takeBack(id, BOB)).rejects.toMatchObject({ status: 403, code: "not_your_reward" });
    expect(await vetoed()).toBe(true);
    const taken = await takeBack(id, OLGA);
    expect(taken).toMatchObject({ withdrawn: true });
    expect(await vetoed()).toBe(false);
    // Asked again, also by its writer, it is taken back and nothing more is stored.
    expect(await takeBack(id, GUARD)).toEqual(taken);
    const { rewards } = await desk.call("listRewards", { episode_id: "ep-0" });
    expect(rewards.find((one: Reward) => one.withdrawn)).toMatchObject({
      writer: "guard@example.com",
      withdrawn_by: "olga@example.com",
      comments: "The check ran on another build.",
      supersedes: id,
    });
    // The check itself may judge anew.
    const anew = await judge({ source: "safety_check", value: -0.5, evaluator: "content-guard" }, GUARD);
    expect(await vetoed()).toBe(true);
    await judge({ source: "safety_check", value: -1, evaluator: "content-guard" }, GUARD);
    expect(await takeBack(anew.id, OLGA)).toMatchObject({ withdrawn: false });
    expect(await vetoed()).toBe(true);
  });

  it("is nobody's to change by whatever source it has", async () => {
    for (const source of ["test_result", "eval_score", "human_approval", "safety_check"]) {
      const first = await judge({ source, value: -1, evaluator: "ci" }, GUARD);
      const other = await judge({ source, value: 1, evaluator: "ci" }, BOB);
      expect([source, other.supersedes]).toEqual([source, undefined]);
      await expect(takeBack(first.id, BOB)).rejects.toMatchObject({ code: "not_your_reward" });
      expect(await takeBack(other.id, BOB)).toMatchObject({ withdrawn: true });
    }
  });

  it("cannot be named where it is not there", async () => {
    await expect(takeBack("rew-none", OLGA)).rejects.toMatchObject({ status: 404, code: "reward_not_found" });
  });
});

describe("persons with an object id", () => {
  const ID = { ann: "aaaaaaaa-1111-4111-8111-111111111111", other: "bbbbbbbb-2222-4222-8222-222222222222" };
  const signedIn = (name: string, id: string) => person(`${name} (${id})`, "labeller");

  it("are two under one name, and one under two", async () => {
    const first = await judge({ evaluator: "ci", value: 1 }, signedIn("Ann", ID.ann));
    const other = await judge({ evaluator: "ci", value: -1 }, signedIn("Ann", ID.other));
    expect(other).not.toHaveProperty("supersedes");
    expect((await aggregateNow()).reward_count).toBe(2);
    const renamed = await judge({ evaluator: "ci", value: 0.5 }, signedIn("Ann Smith", ID.ann.toUpperCase()));
    expect(renamed.supersedes).toBe(first.id);
    expect((await aggregateNow()).reward_count).toBe(2);
  });

  it("approve once, whatever their name was then", async () => {
    await judge({ source: "human_approval", value: 1 }, signedIn("ann@example.com", ID.ann));
    await judge({ source: "human_approval", value: -1 }, signedIn("ann.smith@example.com", ID.ann));
    expect(await aggregateNow()).toEqual({ reward_count: 1, reward_avg: -1 });
  });

  it("take up what they wrote before ids were noted, and nothing of somebody nameless", async () => {
    const before = await judge({ source: "human_approval", value: 1 }, person("ann@example.com", "labeller"));
    const local = await judge({ evaluator: "ci", value: 1 });
    const now = await judge({ source: "human_approval", value: -1 }, signedIn("ann@example.com", ID.ann));
    expect(now.supersedes).toBe(before.id);
    const named = await judge({ evaluator: "ci", value: -1 }, signedIn("local", ID.other));
    expect(named).not.toHaveProperty("supersedes");
    const bare = await judge({ evaluator: "ci", value: -1 }, person("Local", "labeller"));
    expect([bare.supersedes, bare.writer]).toEqual([undefined, "Local (signed in)"]);
    expect(local.writer).toBe("local");
    expect((await aggregateNow()).reward_count).toBe(4);
  });
});

describe("the same judgement", () => {
  it.each([
    ["metadata", { metadata: { severity: "low" } }, { metadata: { severity: "critical" } }],
    ["comments", { comments: "meh" }, { comments: "no" }],
    [
      "raw value",
      { value: undefined, raw_value: 5, raw_max: 10 },
      { value: undefined, raw_value: 50, raw_max: 100 },
    ],
    ["metadata left out", { metadata: { severity: "low" } }, {}],
  ])("with other %s is a new reward that supersedes the earlier", async (_what, before, after) => {
    const first = await judge({ source: "safety_check", value: -1, ...before });
    const second = await judge({ source: "safety_check", value: -1, ...after });
    expect(second).toMatchObject({ deduplicated: false, supersedes: first.id });
    const again = await judge({ source: "safety_check", value: -1, ...after });
    expect(again).toMatchObject({ deduplicated: true, id: second.id });
  });
});

describe("metadata", () => {
  it.each([
    ["at the top", '{"__proto__": {"a": 1}}'],
    ["deep inside", '{"a": [{"b": {"__proto__": 1}}]}'],
  ])(
    "with the key __proto__ %s is refused, for rewards and episodes, instead of vanishing",
    async (_at, json) => {
      const metadata: Body = JSON.parse(json);
      await expect(judge({ metadata })).rejects.toMatchObject({
        code: "invalid_input",
        field: expect.stringContaining("metadata"),
      });
      const episode = { user_input: "q", assistant_output: "a", metadata };
      const { results } = await desk.call("recordEpisodes", { episodes: [episode] });
      expect(results[0].error).toMatchObject({
        field: "metadata",
        message: expect.stringContaining("__proto__"),
      });
    },
  );

  it("of a reward has a bound, and a reviewer's correction one of its own", async () => {
    await judge({ metadata: { note: "x".repeat(30_000) } });
    await expect(judge({ metadata: { note: "x".repeat(33_000) } })).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("32768 bytes"),
    });
    await desk.call("submitReview", {
      reviewer: "a",
      episode_id: "ep-0",
      value: -1,
      correction: "ü".repeat(100_000),
    });
  });
});

describe("rewards of earlier versions, whose writer nobody noted", () => {
  /** As the version before wrote them. */
  const stored = (n: number, more: Partial<Reward>): Reward => ({
    id: `rew-old-${n}`,
    agent_id: "desk",
    episode_id: "ep-0",
    source: "human_approval",
    value: 1,
    metadata: {},
    created_at: new Date(Date.parse("2025-12-01T00:00:00.000Z") + n).toISOString(),
    ...more,
  });
  const OLD: readonly Reward[] = [
    stored(0, { evaluator: "Alice", value: 1 }),
    stored(1, { evaluator: " alice ", value: -1 }),
    stored(2, { evaluator: "", value: 0.5 }),
    stored(3, { value: -0.5 }),
    stored(4, { source: "eval_score", evaluator: "ci", rubric: "r", value: 0.25 }),
    stored(5, { source: "eval_score", evaluator: "ci", rubric: "r", value: 0.75, supersedes: "rew-old-4" }),
    stored(6, { source: "eval_score", evaluator: "gone", value: 1 }),
    stored(7, {
      source: "eval_score",
      evaluator: "gone",
      value: 1,
      withdrawn: true,
      supersedes: "rew-old-6",
    }),
  ];
  /** The version before's own rule: the newest of each exact source, evaluator and rubric. */
  const sumBefore = 1 - 1 + 0.5 - 0.5 + 0.75;

  it("keep their aggregate to the letter", () => {
    expect(aggregate(OLD)).toMatchObject({ reward_count: 5, reward_sum: sumBefore });
    expect(aggregate(OLD.toReversed())).toEqual(aggregate(OLD));
  });

  it("give way when the same is judged again in the same name, and are not counted twice", async () => {
    for (const reward of OLD) await desk.ledger.create("rewards", reward);
    expect((await aggregateNow()).reward_count).toBe(5);
    const again = await judge({ source: "human_approval", value: -1 }, person("alice", "labeller"));
    expect(again).toMatchObject({ evaluator: "alice", supersedes: "rew-old-1" });
    expect(await aggregateNow()).toEqual({ reward_count: 4, reward_avg: (-1 + 0.5 - 0.5 + 0.75) / 4 });
  });

  const veto = stored(8, { source: "safety_check", evaluator: "content-guard", value: -1 });
  const lift = { source: "safety_check", value: 1, evaluator: "content-guard" };
  const isVetoed = async () => {
    await desk.feed();
    return ((await desk.call("getEpisode", { episode_id: "ep-0" })) as Episode).reward_vetoed;
  };

  it("stay a veto when a labeller passes the same check in the same name", async () => {
    // Twice, as a check that ran again: what it superseded then says nothing of who may now.
    for (const reward of [
      veto,
      { ...veto, ...stored(9, { id: "rew-old-9", supersedes: veto.id }), ...lift, value: -1 },
    ])
      await desk.ledger.create("rewards", reward);
    for (const name of ["bob@example.com", "content-guard (11111111-1111-4111-8111-111111111111)x"])
      expect(await judge(lift, person(name, "labeller"))).not.toHaveProperty("supersedes");
    expect(await isVetoed()).toBe(true);
    const owner = await judge(lift, person("olga@example.com", "labeller", "owner"));
    expect(owner.supersedes).toBe("rew-old-9");
    expect(await isVetoed()).toBe(false);
  });

  it("give way to who judged, known by name alone then and by id now", async () => {
    await desk.ledger.create("rewards", veto);
    const guard = person("Content-Guard (22222222-2222-4222-8222-222222222222)", "labeller");
    expect((await judge(lift, guard)).supersedes).toBe(veto.id);
    expect(await isVetoed()).toBe(false);
  });

  it("are found to be the same judgement when it is sent again", async () => {
    await desk.ledger.create("rewards", stored(0, { evaluator: "alice", value: 1 }));
    const again = await judge({ source: "human_approval", value: 1, evaluator: "alice" });
    expect(again).toMatchObject({ deduplicated: true, id: "rew-old-0" });
  });

  it("stand against a reward with a writer that is older, as an instance not yet updated may write them", () => {
    const noted = stored(0, { id: "rew-new", writer: "local", evaluator: "alice" });
    const later = stored(1, { evaluator: "alice", value: -1 });
    expect(latestPerSlot([noted, later]).map(({ id }) => id)).toContain("rew-old-1");
  });
});
