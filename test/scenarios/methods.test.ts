import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Clock } from "../../src/kernel/clock.ts";
import { type FakeAzure, startFakeAzure } from "../fakes/azure/server.ts";
import { ARMS, prepareArm } from "./method-arms.ts";
import { episode } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

const agent_id = "storm-desk";
const QUESTIONS = 24;
const GRADER = {
  type: "string_check",
  name: "same answer",
  operation: "eq",
  input: "{{sample.output_text}}",
  reference: "{{item.reference_answer}}",
};

/** To each question a good and a bad answer, in sessions of their own. */
async function fill(world: World) {
  const episodes = Array.from({ length: QUESTIONS }, (_, n) => [
    episode(agent_id, n, `good-${n}`),
    {
      ...episode(agent_id, n, `bad-${n}`),
      session_id: `other-${n}`,
      messages: [
        episode(agent_id, n).messages[0],
        { role: "assistant", content: `I cannot say anything about number ${n}.` },
      ],
      assistant_output: `I cannot say anything about number ${n}.`,
      tool_calls: [],
    },
  ]).flat();
  await world.call("POST", "/episodes", episodes.map((one) => JSON.stringify(one)).join("\n"), {
    "content-type": "application/x-ndjson",
  });
  for (const { id } of episodes)
    await world.call("POST", "/rewards", {
      episode_id: id,
      source: "test_result",
      value: id.startsWith("good") ? 1 : -0.5,
      evaluator: "checks",
    });
}

const build = async (world: World, format: string, more: object = {}) => {
  const { status, body } = await world.call(
    "POST",
    "/datasets",
    { name: format, format, ...more },
    { prefer: "wait=200" },
  );
  expect([status, body.status]).toEqual([200, "ready"]);
  return body as { dataset_id: string; training_count: number; validation_count: number };
};

describe("training on preferences and by reinforcement, as far as a fake of Azure's wire can tell", () => {
  let world: World | undefined;
  let azure: FakeAzure;
  const before: Record<string, string | undefined> = {};
  beforeAll(async () => {
    const clock: Clock = {
      now: () => world?.clock.now() ?? 0,
      after: (ms, callback) => (world as World).clock.after(ms, callback),
    };
    azure = await startFakeAzure({ clock, deployments: { base: "gpt-4.1-2025-04-14" } });
    for (const [name, value] of Object.entries(azure.identityEnv)) {
      before[name] = process.env[name];
      process.env[name] = value;
    }
    world = await openWorld({ LIGHTNING_AGENT_ID: agent_id, ...azure.env });
    await fill(world);
  });
  afterAll(async () => {
    await world?.close();
    await azure.close();
    for (const [name, value] of Object.entries(before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });
  const call: World["call"] = (...request) => (world as World).call(...request);
  const refused = async (input: object) => {
    const { status, body } = await call("POST", "/training", input);
    return [status, body.error?.code, body.error?.field];
  };

  it("a dataset of preferences is trained by dpo: body, tier, beta and model", async () => {
    const dataset = await build(world as World, "dpo");
    expect(dataset.training_count + dataset.validation_count).toBe(QUESTIONS);
    const { body } = await call(
      "POST",
      "/training",
      {
        dataset_id: dataset.dataset_id,
        base_model: "gpt-4.1-2025-04-14",
        n_epochs: 2,
        hyperparameters: { beta: 0.1 },
      },
      { prefer: "wait=200" },
    );
    expect(body).toMatchObject({ status: "succeeded", method: "dpo" });
    expect(body.tuned_model).toMatch(/^gpt-4\.1-2025-04-14\.ft-[0-9a-f]{32}$/);
    expect(azure.data.jobRequests.at(-1)).toMatchObject({
      model: "gpt-4.1-2025-04-14",
      trainingType: "GlobalStandard",
      validation_file: expect.any(String),
      method: { type: "dpo", dpo: { hyperparameters: { n_epochs: 2, beta: 0.1 } } },
    });
    const { jobRequests } = azure.data;
    expect(JSON.stringify(jobRequests.at(-1))).not.toContain("grader");
  });

  it("a dataset of prompts is trained by reinforcement under a grader that reads its fields", async () => {
    const dataset = await build(world as World, "rft", { min_reward: 0.5 });
    const input = {
      dataset_id: dataset.dataset_id,
      base_model: "o4-mini-2025-04-16",
      hyperparameters: { reasoning_effort: "low", eval_samples: 2 },
      grader: GRADER,
    };
    const { body } = await call("POST", "/training", input, { prefer: "wait=200" });
    expect(body).toMatchObject({ status: "succeeded", method: "reinforcement", grader: GRADER });
    expect(azure.data.jobRequests.at(-1)).toMatchObject({
      method: {
        type: "reinforcement",
        reinforcement: { grader: GRADER, hyperparameters: { reasoning_effort: "low", eval_samples: 2 } },
      },
    });
    // Another grader is another training; the same is the same run.
    const again = await call("POST", "/training", input);
    expect(again.body).toMatchObject({ run_id: body.run_id, deduplicated: true });
    const other = { ...input, grader: { ...GRADER, operation: "like" } };
    const third = await call("POST", "/training", other, { prefer: "wait=200" });
    expect(third.body.run_id).not.toBe(body.run_id);
  });

  it("what does not fit the method is refused before anything is stored or sent", async () => {
    const jobs = azure.data.jobRequests.length;
    const runs = (await call("GET", "/training")).body.runs_found;
    const rft = (await build(world as World, "rft", { min_reward: 0.5 })).dataset_id;
    const whole = (await build(world as World, "rft", { min_reward: 0.5, train_split: 1, name: "all" }))
      .dataset_id;
    const dpo = (await build(world as World, "dpo")).dataset_id;
    const chat = (await build(world as World, "chat")).dataset_id;
    const o4 = { base_model: "o4-mini-2025-04-16" };
    const gpt = { base_model: "gpt-4.1-2025-04-14" };
    expect(await refused({ ...o4, dataset_id: rft })).toEqual([422, "grader_missing", "grader"]);
    expect(
      await refused({ ...o4, dataset_id: rft, grader: { ...GRADER, reference: "{{item.truth}}" } }),
    ).toEqual([422, "grader_unknown_field", "grader"]);
    expect((await refused({ ...o4, dataset_id: rft, grader: { type: "magic" } }))[1]).toBe("invalid_input");
    expect(await refused({ ...o4, dataset_id: whole, grader: GRADER })).toEqual([
      422,
      "validation_missing",
      "dataset_id",
    ]);
    expect(await refused({ ...gpt, dataset_id: rft, grader: GRADER })).toEqual([
      422,
      "training_not_offered",
      "base_model",
    ]);
    expect(await refused({ ...o4, dataset_id: dpo })).toEqual([422, "training_not_offered", "base_model"]);
    expect(await refused({ ...gpt, dataset_id: dpo, grader: GRADER })).toEqual([
      422,
      "grader_not_taken",
      "grader",
    ]);
    expect(await refused({ ...gpt, dataset_id: dpo, method: "sft" })).toEqual([
      422,
      "dataset_other_format",
      "method",
    ]);
    expect(await refused({ ...gpt, dataset_id: dpo, hyperparameters: { eval_samples: 1 } })).toEqual([
      422,
      "hyperparameter_of_other_method",
      "hyperparameters.eval_samples",
    ]);
    expect(await refused({ ...gpt, dataset_id: chat })).toEqual([422, "dataset_other_format", "dataset_id"]);
    expect(await refused({ ...o4, dataset_id: rft, grader: GRADER, budget_usd: 1000 })).toEqual([
      422,
      "cost_unknown",
      "budget_usd",
    ]);
    expect(azure.data.jobRequests).toHaveLength(jobs);
    expect((await call("GET", "/training")).body.runs_found).toBe(runs);
  });
});

describe("on this machine", () => {
  let world: World | undefined;
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: agent_id, USE_TUNED_MODEL: "true" });
  });
  afterAll(async () => world?.close());
  const call: World["call"] = (...request) => (world as World).call(...request);
  const post = async (address: string, body: object) => {
    const reply = await call("POST", address, body, { prefer: "wait=200" });
    expect([reply.body.status, reply.body.error]).toEqual(["ready", undefined]);
    return reply.body;
  };

  it.each(ARMS)("%s: from a dataset through training, evaluation and gate", async (arm) => {
    const agent = arm.replace(/\W+/g, "-");
    const started = await call("POST", "/pipelines", await prepareArm(arm, 1, agent, post), {
      prefer: "wait=600",
    });
    const { body: pipeline } = await call("GET", `/pipelines/${started.body.pipeline_id}?agent_id=${agent}`);
    expect(pipeline).toMatchObject({ status: "finished" });
    const { body: run } = await call("GET", `/training/${pipeline.run_id}?agent_id=${agent}`);
    const { body: selected } = await call("GET", `/model?agent_id=${agent}`);
    if (arm.includes(",")) {
      expect(pipeline.verdict).not.toBe("pass");
      expect(selected.source).not.toBe("registry");
      return;
    }
    expect(pipeline).toMatchObject({ verdict: "pass", outcome: "promoted" });
    expect(selected).toMatchObject({ source: "registry", model: run.tuned_model_name });
    // What the chart shows: preferences told apart, or marks that rise.
    if (arm === "dpo") expect(run.metrics.valid_accuracy).toBeGreaterThan(0.8);
    else expect(run.metrics.valid_reward).toBeGreaterThan(0.9);
  });

  it("a grader that nobody can run here is refused with the reason, and nothing is stored", async () => {
    await fill(world as World);
    const { dataset_id } = await build(world as World, "rft", { min_reward: 0.5 });
    const python = { type: "python", name: "own", source: "def grade(sample, item):\n  return 1" };
    const { status, body } = await call("POST", "/training", { dataset_id, grader: python });
    expect([status, body.error.code, body.error.field]).toEqual([422, "training_not_offered", "grader"]);
    expect(body.error.message).toContain("python");
    expect((await call("GET", "/training")).body.runs_found).toBe(0);
  });
});
