import { readdir, stat, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import path from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import type OpenAI from "openai";
import type { VirtualClock } from "../../src/kernel/clock.ts";
import type { Fault } from "../../src/local-provider/start.ts";
import { type FileRow, openStore } from "../../src/local-provider/store.ts";
import { jsonl, startProvider, until } from "./harness.ts";
import { routingExamples, TOOLS } from "./routing-task.ts";

type Started = Awaited<ReturnType<typeof startProvider>>;
const started: Started[] = [];
const start: typeof startProvider = async (options) => {
  const provider = await startProvider(options);
  started.push(provider);
  return provider;
};
afterEach(async () => {
  for (const provider of started.splice(0)) await provider.remove();
});

const upload = async (client: OpenAI, lines: readonly string[]) =>
  await client.files.create({ file: jsonl(lines), purpose: "fine-tune" });
const finished = (client: OpenAI, clock: VirtualClock, id: string) =>
  until(clock, async () =>
    ["succeeded", "failed", "cancelled"].includes((await client.fineTuning.jobs.retrieve(id)).status),
  );

async function tune(
  { client, clock }: Started,
  options: { lines: string[]; valid?: string[]; seed?: number; suffix?: string },
) {
  const training = await upload(client, options.lines);
  const validation = options.valid && (await upload(client, options.valid));
  const job = await client.fineTuning.jobs.create({
    model: "gpt-4o-mini-2024-07-18",
    training_file: training.id,
    ...(validation === undefined ? {} : { validation_file: validation.id }),
    ...(options.suffix === undefined ? {} : { suffix: options.suffix }),
    seed: options.seed ?? 7,
    metadata: { run_id: "run-1" },
  });
  await finished(client, clock, job.id);
  return await client.fineTuning.jobs.retrieve(job.id);
}

async function accuracy(client: OpenAI, model: string, seed = 99): Promise<number> {
  const asked = routingExamples(120, seed);
  let right = 0;
  for (const { request, tool } of asked) {
    const reply = await client.chat.completions.create({
      model,
      messages: [{ role: "user", content: request }],
      tools: TOOLS,
    });
    const call = reply.choices[0]?.message.tool_calls?.[0];
    if (call?.type === "function" && call.function.name === tool) right++;
  }
  return right / asked.length;
}
async function resultsOf(seed: number): Promise<string> {
  const provider = await start();
  const job = await tune(provider, { lines: lines(40), seed });
  return await (await provider.client.files.content(job.result_files[0] ?? "")).text();
}
/** A file with these lines after its check. */
async function checkedFile(provider: Started, content: string[]) {
  const file = await upload(provider.client, content);
  expect(file.status).toBe("uploaded");
  let now = file;
  await until(provider.clock, async () => {
    now = await provider.client.files.retrieve(file.id);
    return now.status === "processed" || now.status === "error";
  });
  return now;
}
const lines = (count: number, seed = 1, shuffled = false) =>
  routingExamples(count, seed, shuffled).map((one) => one.line);

describe("a fine-tuning job", () => {
  it("goes from files to a model with events, checkpoints and a results file", async () => {
    const provider = await start();
    const { client } = provider;
    const job = await tune(provider, { lines: lines(60), valid: lines(20, 2), suffix: "v1" });
    expect(job.status).toBe("succeeded");
    expect(job.fine_tuned_model).toBe(`gpt-4o-mini-2024-07-18.local-ft-${job.id.slice("ftjob-".length)}-v1`);
    expect(job.trained_tokens).toBeGreaterThan(0);
    const events = await client.fineTuning.jobs.listEvents(job.id, { limit: 100 });
    expect(events.data.map((event) => event.message)).toEqual(
      expect.arrayContaining(["Fine-tuning job started", "The job has successfully completed"]),
    );
    const metrics = events.data.filter((event) => event.type === "metrics");
    expect(metrics.length).toBeGreaterThan(10);
    const checkpoints = await client.fineTuning.jobs.checkpoints.list(job.id);
    expect(checkpoints.data).toHaveLength(3);
    expect(checkpoints.data[0]?.fine_tuned_model_checkpoint).toBe(job.fine_tuned_model);
    expect(checkpoints.data[2]?.fine_tuned_model_checkpoint).toMatch(/:ckpt-step-60$/);
    expect(checkpoints.data[0]?.metrics.full_valid_loss).toBeLessThan(
      checkpoints.data[2]?.metrics.full_valid_loss ?? 0,
    );
    const csv = await (await client.files.content(job.result_files[0] ?? "")).text();
    const [header, ...rows] = csv.split("\n");
    expect(header).toBe("step,train_loss,train_mean_token_accuracy,valid_loss,valid_mean_token_accuracy");
    expect(rows).toHaveLength(180);
  });

  it("makes a model that is better than the base on requests it never saw", async () => {
    const provider = await start();
    const job = await tune(provider, { lines: lines(200) });
    const base = await accuracy(provider.client, "gpt-4o-mini-2024-07-18");
    const tuned = await accuracy(provider.client, job.fine_tuned_model ?? "");
    expect(base).toBeGreaterThan(0.05);
    expect(base).toBeLessThan(0.6);
    expect(tuned).toBeGreaterThan(base + 0.3);
  });

  it("makes no better model from shuffled answers, and its validation loss says so", async () => {
    const provider = await start();
    const job = await tune(provider, { lines: lines(200, 1, true), valid: lines(60, 2) });
    const base = await accuracy(provider.client, "gpt-4o-mini-2024-07-18");
    const tuned = await accuracy(provider.client, job.fine_tuned_model ?? "");
    expect(tuned).toBeLessThan(base + 0.1);
    const [last] = (await provider.client.fineTuning.jobs.checkpoints.list(job.id)).data;
    expect(last?.metrics.full_valid_loss).toBeGreaterThan(1);
  });

  it("gives the same figures for the same seed and others for another", async () => {
    const first = await resultsOf(1);
    expect(await resultsOf(1)).toBe(first);
    expect(await resultsOf(2)).not.toBe(first);
  });

  it("trains on from a tuned model", async () => {
    const provider = await start();
    const { client } = provider;
    const first = await tune(provider, { lines: lines(200) });
    const more = await upload(client, lines(12, 5));
    const job = await client.fineTuning.jobs.create({
      model: first.fine_tuned_model ?? "",
      training_file: more.id,
    });
    await finished(client, provider.clock, job.id);
    const second = (await client.fineTuning.jobs.retrieve(job.id)).fine_tuned_model ?? "";
    expect(second.split(".local-ft-")).toHaveLength(2);
    expect(await accuracy(client, second)).toBeGreaterThan(0.8);
  });

  it("fails with an error object when there are fewer than ten examples", async () => {
    const job = await tune(await start(), { lines: lines(9) });
    expect(job).toMatchObject({
      status: "failed",
      error: { code: "invalid_n_examples", param: "training_file" },
    });
  });

  it("can be cancelled while it waits, and not afterwards", async () => {
    const provider = await start({ pace: { queuedMs: 60_000 } });
    const { client, clock } = provider;
    const file = await upload(client, lines(20));
    const { id } = await client.fineTuning.jobs.create({ model: "base", training_file: file.id });
    await until(clock, async () => (await client.fineTuning.jobs.retrieve(id)).status === "queued");
    expect((await client.fineTuning.jobs.cancel(id)).status).toBe("cancelled");
    await expect(client.fineTuning.jobs.cancel(id)).rejects.toMatchObject({ status: 400 });
    clock.advance(120_000);
    expect((await client.fineTuning.jobs.retrieve(id)).status).toBe("cancelled");
  });

  it("can be paused and resumed while it runs", async () => {
    const provider = await start({ pace: { epochMs: 1000 } });
    const { client, clock } = provider;
    const file = await upload(client, lines(20));
    const { id } = await client.fineTuning.jobs.create({ model: "base", training_file: file.id });
    await until(clock, async () => (await client.fineTuning.jobs.retrieve(id)).status === "running");
    // OpenAI declares no word for it; Azure's door says it.
    const azure = provider.clientAt("/openai/v1");
    expect((await client.fineTuning.jobs.pause(id)).status).toBe("queued");
    for (let i = 0; i < 50; i++) clock.fireNext();
    expect((await azure.fineTuning.jobs.retrieve(id)).status).toBe("paused");
    await client.fineTuning.jobs.resume(id);
    await finished(client, clock, id);
    expect((await client.fineTuning.jobs.retrieve(id)).status).toBe("succeeded");
  });

  it("is found by its metadata and listed page by page, newest first", async () => {
    const provider = await start({ pace: { queuedMs: 1e9 } });
    const { client } = provider;
    const file = await upload(client, lines(20));
    const ids: string[] = [];
    for (const run_id of ["run-a", "run-b", "run-c"])
      ids.unshift(
        (await client.fineTuning.jobs.create({ model: "base", training_file: file.id, metadata: { run_id } }))
          .id,
      );
    const listed: string[] = [];
    for await (const job of client.fineTuning.jobs.list({ limit: 2 })) listed.push(job.id);
    expect(listed).toEqual(ids);
    const found = await client.fineTuning.jobs.list({ metadata: { run_id: "run-b" } });
    expect(found.data.map((job) => job.id)).toEqual([ids[1]]);
  });

  it("goes on after the process died in mid-run, and tells nothing twice", async () => {
    const first = await startProvider({ pace: { epochMs: 10_000 } });
    const file = await upload(first.client, lines(40));
    const { id } = await first.client.fineTuning.jobs.create({ model: "base", training_file: file.id });
    await until(
      first.clock,
      async () => (await first.client.fineTuning.jobs.checkpoints.list(id)).data.length === 1,
    );
    await first.close();
    const second = await start({ folder: first.folder, clock: first.clock });
    expect(second.apiKey).toBe(first.apiKey);
    expect((await second.client.fineTuning.jobs.retrieve(id)).status).toBe("running");
    await finished(second.client, second.clock, id);
    const events = (await second.client.fineTuning.jobs.listEvents(id, { limit: 100 })).data;
    expect(events.filter((event) => event.message.startsWith("Step 40/"))).toHaveLength(1);
    expect((await second.client.fineTuning.jobs.retrieve(id)).status).toBe("succeeded");
  });
});

describe("files", () => {
  it("are checked line by line", async () => {
    const provider = await start();
    expect((await checkedFile(provider, lines(3))).status).toBe("processed");
    expect(await checkedFile(provider, [...lines(3), "{"])).toMatchObject({
      status: "error",
      status_details: "Line 4: is not JSON.",
    });
    const wrong = JSON.stringify({ messages: [{ role: "robot", content: "x" }] });
    expect((await checkedFile(provider, [wrong])).status_details).toMatch(/^Line 1: messages\.0\.role: /);
    // A line that ends with the user is a prompt for reinforcement; this one is nothing.
    const silent = JSON.stringify({ messages: [{ role: "system", content: "x" }] });
    expect((await checkedFile(provider, [silent])).status_details).toMatch(/no assistant message/);
  });

  it("can be read back, listed and deleted", async () => {
    const { client } = await start();
    const file = await upload(client, ['{"a":1}']);
    expect(await (await client.files.content(file.id)).text()).toBe('{"a":1}\n');
    expect((await client.files.list()).data.map((one) => one.filename)).toEqual(["train.jsonl"]);
    await client.files.delete(file.id);
    await expect(client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 });
  });

  it("that a killed process left unfinished, or that no job names, are gone after the next start", async () => {
    const first = await startProvider();
    const kept = await first.client.files.create({
      file: jsonl(lines(10, 1)),
      purpose: "fine-tune",
    });
    await first.close();
    const files = path.join(first.folder, "files");
    await writeFile(path.join(files, "file-half.part"), "half");
    await writeFile(path.join(files, "file-without-a-row"), "x");
    const store = openStore(path.join(first.folder, "provider.sqlite"));
    const results = {
      ...(store.listFiles()[0] as FileRow),
      id: "file-results",
      purpose: "fine-tune-results",
    };
    store.putFile(results);
    store.close();
    await writeFile(path.join(files, "file-results"), "step");

    const second = await startProvider({ folder: first.folder, clock: first.clock });
    try {
      expect(await readdir(files)).toEqual([kept.id]);
      const listed = (await second.client.files.list()).data.map((file) => file.id);
      expect(listed).toEqual([kept.id]);
    } finally {
      await second.remove();
    }
  });
});

describe("the door", () => {
  it("asks for the key, which only its owner can read", async () => {
    const provider = await start();
    const reply = await fetch(`${provider.baseURL}/models`, { headers: { authorization: "Bearer wrong" } });
    expect(reply.status).toBe(401);
    const withHeader = await fetch(`${provider.baseURL}/models`, { headers: { "api-key": provider.apiKey } });
    expect(withHeader.status).toBe(200);
    expect(withHeader.headers.get("x-request-id")).toMatch(/^req_/);
    expect((await stat(path.join(provider.folder, "api-key"))).mode & 0o777).toBe(0o600);
  });

  it("refuses a foreign Host", async () => {
    const provider = await start();
    const status = await new Promise((resolve, reject) => {
      httpRequest(
        `${provider.baseURL}/models`,
        { headers: { host: "evil.example:80", authorization: `Bearer ${provider.apiKey}` } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on("error", reject)
        .end();
    });
    expect(status).toBe(403);
  });

  it("can lose answers, be busy and drop connections on demand", async () => {
    const faults: Fault[] = [
      { kind: "status", status: 429, retryAfterSeconds: 3 },
      { kind: "drop" },
      { kind: "lose_response", method: "POST", path: /^\/files$/ },
    ];
    const { client } = await start({ faults });
    await expect(client.models.list()).rejects.toMatchObject({ status: 429 });
    await expect(client.models.list()).rejects.toThrow("Connection error");
    await expect(upload(client, lines(1))).rejects.toThrow("Connection error");
    expect((await client.files.list()).data).toHaveLength(1);
  });
});
