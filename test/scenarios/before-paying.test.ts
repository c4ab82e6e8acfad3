import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Clock } from "../../src/kernel/clock.ts";
import { type FakeAzure, startFakeAzure } from "../fakes/azure/server.ts";
import { golden } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

const agent_id = "storm-desk";
const WITH_PICTURES = "gpt-4.1-2025-04-14";
const WITHOUT = "gpt-4o-mini-2024-07-18";

/** What is checked and reckoned before anything is sent to Azure, through the doors. */
describe("before a training is paid for", () => {
  let world: World | undefined;
  let azure: FakeAzure;
  let held: string;
  const before: Record<string, string | undefined> = {};

  beforeAll(async () => {
    const clock: Clock = {
      now: () => world?.clock.now() ?? 0,
      after: (ms, callback) => (world as World).clock.after(ms, callback),
    };
    azure = await startFakeAzure({ clock, deployments: { base: WITHOUT } });
    for (const [name, value] of Object.entries(azure.identityEnv)) {
      before[name] = process.env[name];
      process.env[name] = value;
    }
    world = await openWorld({
      LIGHTNING_AGENT_ID: agent_id,
      FOUNDRY_MODEL_DEPLOYMENT_NAME: "base",
      ...azure.env,
    });
    held = await lessons("held out", golden(1000, 60), { test_split: 1 });
  });
  afterAll(async () => {
    await world?.close();
    await azure.close();
    for (const [name, value] of Object.entries(before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });

  const call: World["call"] = (...request) => (world as World).call(...request);
  async function lessons(name: string, content: string, more: object = { test_split: 0 }): Promise<string> {
    const { status, body } = await call("POST", "/datasets/golden", { name, content, ...more });
    expect({ status, error: body.error }).toMatchObject({ status: 200 });
    return body.dataset_id;
  }
  const sft = (content: unknown, n = 0) =>
    JSON.stringify({
      messages: [
        { role: "user", content },
        { role: "assistant", content: `Lines, ${n} in all.` },
      ],
    });
  const picture = (url: string, detail?: string) => ({
    type: "image_url",
    image_url: { url, ...(detail === undefined ? {} : { detail }) },
  });
  const square = Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13]),
    Buffer.from("IHDR"),
    Buffer.from([0, 0, 4, 0, 0, 0, 4, 0]),
  ]).toString("base64");
  /** Lines that differ in a word, each with some pictures. */
  const album = (lines: number, pictures: number, one: (n: number) => object) =>
    Array.from({ length: lines }, (_, n) =>
      sft(
        [
          { type: "text", text: `How many lines has drawing ${n} of case ${n * 7919}, room ${n * 31}?` },
          ...Array.from({ length: pictures }, (_p, p) => one(n * pictures + p)),
        ],
        n,
      ),
    ).join("\n");
  const jobs = () => azure.data.jobs.length;
  const estimate = async (dataset_id: string, more: object) =>
    (await call("POST", "/training/estimate", { dataset_id, n_epochs: 1, ...more })).body;

  it("pictures at addresses count with the most that one can take, in the estimate, the bound and the budget", async () => {
    const dataset_id = await lessons(
      "album",
      album(34, 10, (n) => picture(`https://example.com/${n}.png`, "high")),
    );
    const asked = { base_model: WITH_PICTURES };
    const reckoned = await estimate(dataset_id, asked);
    const { training_count } = (await call("GET", `/datasets/${dataset_id}`)).body;
    const most = training_count * 10 * (85 + 8 * 170);
    expect(reckoned.tokens_per_epoch).toBeGreaterThan(most);
    expect(reckoned.training_tokens.high).toBeGreaterThan(most);
    expect(reckoned.training_tokens.low).toBeGreaterThan(training_count * 10 * 255);
    expect(reckoned.cost_usd.high).toBeGreaterThanOrEqual((most * 2) / 1e6);
    expect(reckoned.notes.join(" ")).toMatch(
      /pictures are at most \d+ of the tokens.*size of \d+ is not known/,
    );
    const refused = await call("POST", "/training", {
      dataset_id,
      ...asked,
      hyperparameters: { n_epochs: 1 },
      budget_usd: 0.5,
    });
    expect(refused).toMatchObject({ status: 422, body: { error: { code: "budget_exceeded" } } });
    expect(jobs()).toBe(0);
  });

  it("a picture inside its line is measured, and `low` detail is what it says", async () => {
    const data = `data:image/png;base64,${square}`;
    for (const [detail, tokens] of [
      ["high", 765],
      ["low", 85],
    ] as const) {
      const dataset_id = await lessons(
        `measured ${detail}`,
        album(30, 1, () => picture(data, detail)),
      );
      const count = (await call("GET", `/datasets/${dataset_id}`)).body.training_count as number;
      const high = await estimate(dataset_id, { base_model: WITH_PICTURES });
      const text = high.tokens_per_epoch - count * tokens;
      expect(text).toBeGreaterThan(count * 10);
      expect(text).toBeLessThan(count * 60);
      expect(high.notes.join(" ")).not.toContain("not known here");
    }
  });

  it.each([
    ["pictures on a model without them", () => album(30, 1, (n) => picture(`https://example.com/${n}.png`))],
    [
      "one picture among forty lines of text",
      () => `${golden(0, 40)}\n${album(1, 1, (n) => picture(`https://example.com/${n}.png`))}`,
    ],
  ])(
    "a file with %s is refused by train and pipeline alike, and no estimate calls it within limits",
    async (name, content) => {
      const dataset_id = await lessons(name, content());
      const asked = { base_model: WITHOUT };
      const sent = jobs();
      expect(await estimate(dataset_id, asked)).toMatchObject({
        within_limits: false,
        notes: expect.arrayContaining([expect.stringMatching(/^Training refuses this: .* Line \d+ of the/)]),
      });
      const trained = await call("POST", "/training", { dataset_id, ...asked });
      expect(trained).toMatchObject({ status: 422, body: { error: { code: "dataset_not_taken" } } });
      const evaluation = { dataset_id: held, split: "test" };
      const { body } = await call(
        "POST",
        "/pipelines",
        { dataset_id, training: asked, evaluation },
        { prefer: "wait=0" },
      );
      let ended = body;
      await (world as World).until(async () => {
        ended = (await call("GET", `/pipelines/${body.pipeline_id}`)).body;
        return ended.status === "failed" || ended.status === "finished";
      });
      expect(ended).toMatchObject({ outcome: "failed", stage: "training" });
      expect(ended.error).toMatch(/^dataset_not_taken: /);
      expect(jobs()).toBe(sent);
    },
  );

  it("preference pairs with two equal outputs are refused where they come in, by line", async () => {
    const answer = [{ role: "assistant", content: "Yes." }];
    const pair = (n: number, other: object) =>
      JSON.stringify({
        input: { messages: [{ role: "user", content: `Is case ${n} open, room ${n * 7}?` }] },
        preferred_output: answer,
        non_preferred_output: other,
      });
    const content = [
      ...Array.from({ length: 12 }, (_, n) => pair(n, [{ role: "assistant", content: "No." }])),
      pair(12, answer),
    ].join("\n");
    const { status, body } = await call("POST", "/datasets/golden", {
      name: "pairs",
      content,
      format: "dpo",
    });
    expect({ status, error: body.error }).toMatchObject({ status: 422 });
    expect(JSON.stringify(body.error)).toContain("identical_pair");
    expect(body.error.message).toContain("13");
  });
});
