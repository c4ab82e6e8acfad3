import { afterEach, describe, expect, it } from "@jest/globals";
import type OpenAI from "openai";
import { seeded } from "../../src/local-provider/model/classifier.ts";
import { jsonl, startProvider, until } from "./harness.ts";
import {
  type Asked,
  askedRequests,
  CONSTANT_GRADER,
  judgeLines,
  NAME_GRADER,
  pairLines,
  taskLines,
} from "./method-task.ts";
import { rightArguments, TOOLS } from "./routing-task.ts";

type Started = Awaited<ReturnType<typeof startProvider>>;
type Method = OpenAI.FineTuning.JobCreateParams.Method;
const started: Started[] = [];
const start: typeof startProvider = async (options) => {
  const provider = await startProvider(options);
  started.push(provider);
  return provider;
};
afterEach(async () => {
  for (const provider of started.splice(0)) await provider.remove();
});

const BASE = "gpt-4o-mini-2024-07-18";
const DPO: Method = { type: "dpo" };
const reinforcement = (grader: object, hyperparameters: object = {}) =>
  ({ type: "reinforcement", reinforcement: { grader, hyperparameters } }) as Method;
const ASKED = askedRequests(11);
const [HELD, LEARNED] = [ASKED.slice(0, 60), ASKED.slice(60, 260)];

const upload = async ({ client }: Started, lines: readonly string[]) =>
  (await client.files.create({ file: jsonl(lines), purpose: "fine-tune" })).id;

async function begin(provider: Started, method: Method, lines: readonly string[], valid?: readonly string[]) {
  return await provider.client.fineTuning.jobs.create({
    model: BASE,
    training_file: await upload(provider, lines),
    ...(valid === undefined ? {} : { validation_file: await upload(provider, valid) }),
    method,
    seed: 7,
  });
}

async function ended({ client, clock }: Started, id: string) {
  let job = await client.fineTuning.jobs.retrieve(id);
  await until(clock, async () => {
    job = await client.fineTuning.jobs.retrieve(id);
    return ["succeeded", "failed", "cancelled"].includes(job.status);
  });
  return job;
}
const tune = async (provider: Started, ...rest: [Method, readonly string[], (readonly string[])?]) =>
  await ended(provider, (await begin(provider, ...rest)).id);

/** What the model calls, by request. */
async function called({ client }: Started, model: string, asked: readonly Asked[]) {
  const names: (string | undefined)[] = [];
  for (const { messages } of asked) {
    const reply = await client.chat.completions.create({
      model,
      messages: messages as OpenAI.ChatCompletionMessageParam[],
      tools: TOOLS,
    });
    const call = reply.choices[0]?.message.tool_calls?.[0];
    names.push(call?.type === "function" ? call.function.name : undefined);
  }
  return names;
}
const share = (names: readonly (string | undefined)[], asked: readonly Asked[]) =>
  names.filter((name, i) => name === asked[i]?.tool).length / asked.length;

async function figures({ client }: Started, job: OpenAI.FineTuning.FineTuningJob) {
  const csv = await (await client.files.content(job.result_files[0] ?? "")).text();
  const [header, ...rows] = csv.split("\n").map((row) => row.split(","));
  return rows.map((row) => Object.fromEntries((header ?? []).map((name, i) => [name, row[i] ?? ""])));
}

describe("training on preferences", () => {
  it("moves the model to what was preferred and away from what was rejected", async () => {
    const provider = await start();
    const job = await tune(provider, DPO, pairLines(LEARNED, 1), pairLines(HELD, 2));
    expect(job).toMatchObject({ status: "succeeded", method: { type: "dpo", dpo: {} } });
    const tuned = job.fine_tuned_model ?? "";
    const [before, after] = [await called(provider, BASE, HELD), await called(provider, tuned, HELD)];
    expect(share(after, HELD)).toBeGreaterThan(share(before, HELD) + 0.4);
    const rows = await figures(provider, job);
    expect(Object.keys(rows[0] ?? {})).toEqual(
      expect.arrayContaining(["step", "train_loss", "train_accuracy", "train_reward_margin", "valid_loss"]),
    );
    expect(Number(rows[0]?.train_loss)).toBeCloseTo(Math.LN2, 4);
    const [last] = (await provider.client.fineTuning.jobs.checkpoints.list(job.id)).data;
    expect(last?.metrics).toMatchObject({ full_valid_accuracy: expect.any(Number) });
    expect(last?.metrics.full_valid_loss).toBeLessThan(Math.LN2 - 0.05);
  });

  it("makes no better model from preferences dealt out by chance", async () => {
    const provider = await start();
    const job = await tune(provider, DPO, pairLines(LEARNED, 1, true), pairLines(HELD, 2, true));
    const [before, after] = [
      await called(provider, BASE, HELD),
      await called(provider, job.fine_tuned_model ?? "", HELD),
    ];
    expect(share(after, HELD)).toBeLessThan(share(before, HELD) + 0.1);
    const [last] = (await provider.client.fineTuning.jobs.checkpoints.list(job.id)).data;
    expect(last?.metrics.full_valid_loss).toBeGreaterThan(Math.LN2 - 0.05);
  });

  it("gives up an answer that the base model would give, if it alone was rejected", async () => {
    const provider = await start();
    // Nothing is said of what is right: what is preferred is a text that answers nothing.
    const refused = LEARNED.map(({ messages, right }) =>
      JSON.stringify({
        input: { messages, tools: TOOLS },
        preferred_output: [{ role: "assistant", content: "I leave that to a person." }],
        non_preferred_output: [right],
      }),
    );
    const supervised = await tune(provider, { type: "supervised" }, judgeLines(LEARNED));
    const job = await provider.client.fineTuning.jobs.create({
      model: supervised.fine_tuned_model ?? "",
      training_file: await upload(provider, refused),
      method: { type: "dpo", dpo: { hyperparameters: { beta: 0.1, n_epochs: 6 } } },
    });
    const { fine_tuned_model } = await ended(provider, job.id);
    const [before, after] = [
      await called(provider, supervised.fine_tuned_model ?? "", HELD),
      await called(provider, fine_tuned_model ?? "", HELD),
    ];
    expect(share(before, HELD)).toBeGreaterThan(0.8);
    expect(share(after, HELD)).toBeLessThan(share(before, HELD) - 0.3);
  });

  it.each([
    ["agree", false],
    ["contradict each other", true],
  ])("over arguments of one tool moves them where the pairs agree: they %s", async (_what, shuffled) => {
    const provider = await start();
    const random = seeded(3);
    const asked = ASKED.filter((one) => one.tool === "write_file");
    const tools = TOOLS.filter((one) => one.function.name === "write_file");
    const write = (path: unknown, content: unknown) => ({
      role: "assistant",
      tool_calls: [
        {
          id: "c",
          type: "function",
          function: { name: "write_file", arguments: JSON.stringify({ path, content }) },
        },
      ],
    });
    const lines = asked.slice(20).map(({ request, messages }) => {
      const { path, content } = rightArguments("write_file", request);
      // A convention that nothing but the preferences tells.
      const outputs = [write(content, path), write(path, content)];
      if (shuffled && random() < 0.5) outputs.reverse();
      const [preferred, rejected] = outputs;
      return JSON.stringify({
        input: { messages, tools },
        preferred_output: [preferred],
        non_preferred_output: [rejected],
      });
    });
    const job = await tune(provider, DPO, lines);
    let conventional = 0;
    for (const { request, messages } of asked.slice(0, 20)) {
      const reply = await provider.client.chat.completions.create({
        model: job.fine_tuned_model ?? "",
        messages: messages as OpenAI.ChatCompletionMessageParam[],
        tools,
        tool_choice: "required",
      });
      const call = reply.choices[0]?.message.tool_calls?.[0];
      const { path, content } = rightArguments("write_file", request);
      if (
        call?.type === "function" &&
        call.function.arguments === JSON.stringify({ path: content, content: path })
      )
        conventional++;
    }
    if (shuffled) expect(conventional).toBe(0);
    else expect(conventional).toBeGreaterThan(15);
  });

  it("beta holds it to the model that it began as; 0 moves nothing", async () => {
    const provider = await start();
    const moved: number[] = [];
    for (const beta of [0, 0.1]) {
      const job = await tune(
        provider,
        { type: "dpo", dpo: { hyperparameters: { beta } } },
        pairLines(LEARNED, 1),
      );
      const rows = await figures(provider, job);
      moved.push(Number(rows.at(-1)?.train_reward_margin));
    }
    expect(moved[0]).toBe(0);
    expect(moved[1]).toBeGreaterThan(0);
  });
});

describe("training by reinforcement", () => {
  it("tries answers, marks them with the job's grader and says the better ones from then on", async () => {
    const provider = await start();
    const job = await tune(provider, reinforcement(NAME_GRADER), taskLines(LEARNED), taskLines(HELD));
    expect(job).toMatchObject({
      status: "succeeded",
      method: { type: "reinforcement", reinforcement: { grader: NAME_GRADER } },
    });
    const after = await called(provider, job.fine_tuned_model ?? "", HELD);
    expect(share(after, HELD)).toBeGreaterThan(0.8);
    const rows = await figures(provider, job);
    const mean = (some: typeof rows) =>
      some.reduce((sum, row) => sum + Number(row.train_reward_mean), 0) / some.length;
    expect(mean(rows.slice(-20))).toBeGreaterThan(mean(rows.slice(0, 20)) + 0.3);
    expect(rows.filter((row) => row.valid_reward_mean !== "").length).toBeGreaterThan(10);
    const { data } = await provider.client.fineTuning.jobs.listEvents(job.id, { limit: 100 });
    expect(data.some((event) => /mean reward=/.test(event.message))).toBe(true);
  });

  it("learns nothing from a grader that marks all alike: every answer stays as it was", async () => {
    const provider = await start();
    const job = await tune(provider, reinforcement(CONSTANT_GRADER), taskLines(LEARNED));
    expect(job.status).toBe("succeeded");
    expect(await called(provider, job.fine_tuned_model ?? "", HELD)).toEqual(
      await called(provider, BASE, HELD),
    );
  });

  it("learns classes that the instructions name, without any tool", async () => {
    const provider = await start();
    const system = 'Answer with one of "billing", "outage" and "other".';
    const line = (n: number) => {
      const about = ["the invoice is wrong", "nothing works since noon", "where is your office"][n % 3] ?? "";
      return JSON.stringify({
        messages: [
          { role: "system", content: system },
          { role: "user", content: `Customer ${n}: ${about}` },
        ],
        answer: ["billing", "outage", "other"][n % 3],
      });
    };
    const grader = {
      type: "string_check",
      name: "class",
      operation: "eq",
      input: "{{sample.output_text}}",
      reference: "{{ item.answer }}",
    };
    const lines = Array.from({ length: 60 }, (_, n) => line(n));
    const { fine_tuned_model } = await tune(provider, reinforcement(grader), lines);
    for (const [n, expected] of ["billing", "outage", "other"].entries()) {
      const { messages } = JSON.parse(line(300 + n)) as OpenAI.ChatCompletionCreateParams;
      const reply = await provider.client.chat.completions.create({
        model: fine_tuned_model ?? "",
        messages,
      });
      expect(reply.choices[0]?.message.content).toBe(expected);
    }
  });

  it.each([
    ["a grader that runs a program", { type: "python", name: "own", source: "def grade(sample, item): ..." }],
    ["a judge", { type: "score_model", name: "judge", model: "gpt-4.1", input: [] }],
    [
      "a similarity that needs a model",
      { ...NAME_GRADER, operation: undefined, type: "text_similarity", evaluation_metric: "cosine" },
    ],
    [
      "a formula with a name that is no grader",
      { type: "multi", name: "both", graders: { a: NAME_GRADER }, calculate_output: "a + b" },
    ],
  ])("refuses %s by name", async (_what, grader) => {
    const provider = await start();
    const refused = begin(provider, reinforcement(grader), taskLines(LEARNED));
    await expect(refused).rejects.toMatchObject({
      status: 400,
      param: expect.stringMatching(/^method\.reinforcement\.grader/),
      message: expect.stringMatching(/python|score_model|cosine|"b"/),
    });
  });
});

describe("jobs of every method", () => {
  const LINES = {
    supervised: judgeLines(LEARNED),
    dpo: pairLines(LEARNED, 1),
    reinforcement: taskLines(LEARNED),
  };
  const METHODS: Readonly<Record<keyof typeof LINES, Method>> = {
    supervised: { type: "supervised" },
    dpo: DPO,
    reinforcement: reinforcement(NAME_GRADER, { n_epochs: 4 }),
  };
  const names = Object.keys(LINES) as (keyof typeof LINES)[];

  it.each(names)("%s: the same seed gives the same figures", async (name) => {
    const provider = await start();
    const lines = LINES[name].slice(0, 60);
    const [first, second] = [
      await tune(provider, METHODS[name], lines),
      await tune(provider, METHODS[name], lines),
    ];
    expect(await figures(provider, second)).toEqual(await figures(provider, first));
  });

  it.each(names)("%s: leaves checkpoints, and can be paused, resumed and cancelled", async (name) => {
    const provider = await start({ pace: { epochMs: 1000 } });
    const { client, clock } = provider;
    const { id } = await begin(provider, METHODS[name], LINES[name].slice(0, 30));
    const checkpoints = async () => (await client.fineTuning.jobs.checkpoints.list(id)).data;
    await until(clock, async () => (await client.fineTuning.jobs.retrieve(id)).status === "running");
    // OpenAI has no word for it.
    expect((await client.fineTuning.jobs.pause(id)).status).toBe("queued");
    for (let i = 0; i < 30; i++) clock.fireNext();
    expect((await client.fineTuning.jobs.retrieve(id)).status).toBe("queued");
    await client.fineTuning.jobs.resume(id);
    await until(clock, async () => (await checkpoints()).length === 2);
    expect((await client.fineTuning.jobs.cancel(id)).status).toBe("cancelled");
    expect((await checkpoints())[0]?.fine_tuned_model_checkpoint).toMatch(/:ckpt-step-/);
  });

  it.each(
    names.flatMap((name) => names.filter((other) => other !== name).map((other) => [name, other] as const)),
  )("%s refuses a file of %s by line", async (name, other) => {
    const provider = await start();
    const lines = [...LINES[name].slice(0, 12), ...LINES[other].slice(0, 1)];
    const job = await tune(provider, METHODS[name], lines);
    // A conversation with its answer is more than a prompt, and a prompt is less than a conversation.
    expect(job).toMatchObject({
      status: "failed",
      error: {
        code: "invalid_training_file",
        param: "training_file",
        message: expect.stringMatching(/^Line 13: /),
      },
    });
  });

  it("preferences dealt out by chance teach nothing more where each stands twice", async () => {
    const provider = await start();
    const lines = pairLines(LEARNED, 7, true);
    const once = await figures(provider, await tune(provider, DPO, lines));
    const twice = await figures(provider, await tune(provider, DPO, [...lines, ...lines]));
    expect(twice).toEqual(once);
  });

  it("a job whose model was deleted meanwhile fails", async () => {
    const provider = await start({ pace: { queuedMs: 5000 } });
    const { client } = provider;
    const first = await tune(provider, METHODS.supervised, LINES.supervised.slice(0, 20));
    const model = first.fine_tuned_model ?? "";
    const training_file = await upload(provider, LINES.supervised.slice(0, 20));
    const { id } = await client.fineTuning.jobs.create({ model, training_file });
    await client.models.delete(model);
    expect(await ended(provider, id)).toMatchObject({
      status: "failed",
      error: { code: "model_not_found", message: expect.stringContaining(model) },
    });
  });

  it("reinforcement refuses a line without what its grader reads", async () => {
    const provider = await start();
    const lines = LINES.reinforcement.slice(0, 12);
    const { reference_tool_calls: _gone, ...rest } = JSON.parse(lines[3] ?? "") as Record<string, unknown>;
    const job = await tune(provider, METHODS.reinforcement, lines.with(3, JSON.stringify(rest)));
    expect(job.error?.message).toBe("Line 4: reference_tool_calls: the grader reads it, and it is missing.");
  });
});
