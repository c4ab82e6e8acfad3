import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, it } from "@jest/globals";
import OpenAI from "openai";
import { jsonl, startProvider, until } from "./harness.ts";
import { routingExamples } from "./routing-task.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** What the child says when it serves. */
async function served(child: ChildProcess): Promise<{ baseURL: string; apiKey: string }> {
  if (child.stdout === null) throw new Error("the child has no output");
  for await (const line of createInterface({ input: child.stdout }))
    return JSON.parse(line) as { baseURL: string; apiKey: string };
  throw new Error("the child said nothing");
}

it("carries a job to its end although its process was killed while the job ran", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "local-provider-"));
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "serve.ts"), folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanups.push(() => child.kill("SIGKILL"));
  const server = await served(child);
  const client = new OpenAI({ ...server, maxRetries: 0, logLevel: "off" });
  const lines = routingExamples(40, 1).map((one) => one.line);
  const file = await client.files.create({ file: jsonl(lines), purpose: "fine-tune" });
  const { id } = await client.fineTuning.jobs.create({ model: "base", training_file: file.id });
  // The first epoch is over when its checkpoint is there; the next one waits for a minute.
  while ((await client.fineTuning.jobs.checkpoints.list(id)).data.length === 0);
  child.kill("SIGKILL");
  await once(child, "exit");

  const again = await startProvider({ folder });
  cleanups.push(() => again.remove());
  expect(again.apiKey).toBe(server.apiKey);
  await until(
    again.clock,
    async () => (await again.client.fineTuning.jobs.retrieve(id)).status === "succeeded",
  );
  const jobs = await again.client.fineTuning.jobs.list();
  expect(jobs.data).toHaveLength(1);
  expect((await again.client.fineTuning.jobs.checkpoints.list(id)).data).toHaveLength(3);
  const model = jobs.data[0]?.fine_tuned_model ?? "";
  const reply = await again.client.chat.completions.create({
    model,
    messages: [{ role: "user", content: "hello" }],
  });
  expect(reply.model).toBe(model);
}, 30_000);
