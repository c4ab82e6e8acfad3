import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { blindfolded } from "../../src/review/blind.ts";
import { type Body, type Desk, openDesk, person } from "./desk.ts";

const ANN = person("ann@example.com", "reader", "labeller");
const CHIEF = person("chief@example.com", "reader", "labeller", "builder");

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk({ wrap: blindfolded, random: () => 0 });
  await desk.record(1, () => ({ model_deployment: "ft:secret", metadata: { eval_score: 0.1 } }));
  await desk.call("setReviewRules", { blind: true, reviewers_per_episode: 3 });
  await desk.call("assignReward", {
    episode_id: "ep-0",
    source: "eval_score",
    value: -0.77,
    comments: "bad",
  });
  await desk.call("submitReview", {
    reviewer: "bob",
    episode_id: "ep-0",
    value: 0.66,
    correction: "what bob would say",
  });
  await desk.feed();
});
afterEach(() => desk.close());

/** What tells others' judgement, or the model. */
const TELLING = /0\.77|0\.66|"bad"|bob would say|secret|eval_score|-0\.055/;

describe("blind review", () => {
  it.each([
    ["nextReview", {}],
    ["listRewards", {}],
    ["listRewards", { episode_id: "ep-0" }],
    ["getEpisode", { episode_id: "ep-0" }],
    ["listEpisodes", {}],
    ["getReviewQueue", {}],
  ])("tells a labeller nothing of others' judgements through %s %j", async (name, input) => {
    const body: Body = await desk.call(name, input, ANN);
    expect(JSON.stringify(body)).not.toMatch(TELLING);
  });

  it.each([
    ["listCorrections", {}],
    ["getCorrectionsFile", { format: "dpo" }],
    ["listEpisodes", { min_reward: 0 }],
    ["listEpisodes", { model_deployment: "ft:secret" }],
  ])("refuses a labeller %s %j, which would tell", async (name, input) => {
    await expect(desk.call(name, input, ANN)).rejects.toMatchObject({ code: "blind_review", status: 403 });
  });

  it("says how many rewards it hides, and shows a labeller's own", async () => {
    await desk.label("ann", "ep-0", -1, ANN);
    const { rewards, rewards_found, hidden } = await desk.call("listRewards", {}, ANN);
    expect(rewards.map(({ evaluator }: Body) => evaluator)).toEqual(["ann@example.com"]);
    expect([rewards_found, hidden]).toEqual([1, 2]);
  });

  it.each(["low_reward", "disagreement"])("does not say that an episode was offered for %s", async (rule) => {
    await desk.call("setReviewRules", {
      sampling: { random: 0, low_reward: 0, disagreement: 0, new_tool: 0, [rule]: 1 },
    });
    expect((await desk.next("ann", ANN)).why).toEqual({ reason: "random" });
  });

  it("hides nothing from a builder, from a nameless caller, or once it is off", async () => {
    expect((await desk.call("listRewards", {}, CHIEF)).rewards).toHaveLength(2);
    expect((await desk.call("listRewards", {})).rewards).toHaveLength(2);
    await desk.call("setReviewRules", { blind: false });
    expect((await desk.call("listRewards", {}, ANN)).rewards).toHaveLength(2);
    expect(await desk.call("getEpisode", { episode_id: "ep-0" }, ANN)).toMatchObject({ reward_count: 2 });
  });
});
