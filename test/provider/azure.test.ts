import { afterEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { createProvider } from "../../src/provider/openai-provider.ts";
import type { Provider } from "../../src/provider/provider.ts";
import { type FakeAzure, startFakeAzure } from "../fakes/azure/server.ts";

let azure: FakeAzure;
afterEach(() => azure.close());

async function world(): Promise<{ provider: Provider; tokens: () => number }> {
  azure = await startFakeAzure({ clock: new VirtualClock() });
  let asked = 0;
  const provider = createProvider({
    kind: "azure",
    baseURL: `${azure.origin}/openai/v1`,
    apiKey: async () => {
      asked++;
      return (await azure.credential.getToken()).token;
    },
    logger: silentLogger,
    readRetries: 0,
    partsFrom: 2000,
    partBytes: 1500,
  });
  return { provider, tokens: () => asked };
}
const lines = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    JSON.stringify({
      messages: [
        { role: "user", content: `q${n}` },
        { role: "assistant", content: "a" },
      ],
    }),
  ).join("\n");
async function* pieces(text: string) {
  yield Buffer.from(text);
}
async function read(content: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const piece of content) text += Buffer.from(piece).toString();
  return text;
}

describe("the provider on Azure", () => {
  it("asks for a token for every request, so that none grows old", async () => {
    const { provider, tokens } = await world();
    await provider.ping();
    await provider.ping();
    expect(tokens()).toBe(2);
  });

  it("sends a small file whole and a large one in parts; what arrives is the same", async () => {
    const { provider } = await world();
    const small = await provider.uploadFile({ name: "small.jsonl", content: pieces(lines(12)) });
    const text = lines(80);
    const large = await provider.uploadFile({ name: "large.jsonl", content: pieces(text) });
    expect(azure.data.files.map((file) => file.way)).toEqual(["whole", "parts"]);
    expect(large.filename).toBe("large.jsonl");
    expect(large.bytes).toBe(Buffer.byteLength(text));
    expect(await read(provider.fileContent(large.id))).toBe(text);
    expect(small.bytes).toBe(Buffer.byteLength(lines(12)));
    const parts = azure.requests.filter((line) => line.endsWith("/parts"));
    expect(parts).toHaveLength(Math.ceil(Buffer.byteLength(text) / 1500));
  });

  it("says that a large file may have arrived when the last answer is lost, and that it has not before", async () => {
    const { provider } = await world();
    azure.faults.push({ on: /\/parts$/, with: "drop", applied: true });
    const upload = () => provider.uploadFile({ name: "large.jsonl", content: pieces(lines(80)) });
    await expect(upload()).rejects.toMatchObject({ kind: "unavailable", ambiguous: false });
    azure.faults.push({ on: /\/complete$/, with: "drop", applied: true });
    await expect(upload()).rejects.toMatchObject({ kind: "unavailable", ambiguous: true });
    const names: string[] = [];
    for await (const file of provider.listFiles()) names.push(file.filename);
    expect(names).toEqual(["large.jsonl"]);
  });

  it("names the tier of a job, keeps Azure's states, and can remove a job's history", async () => {
    const { provider } = await world();
    const file = await provider.uploadFile({ name: "run-1-train.jsonl", content: pieces(lines(12)) });
    const job = await provider.createJob({
      model: "gpt-4o-mini-2024-07-18",
      training_file: file.id,
      hyperparameters: { n_epochs: 1 },
      seed: 1,
      training_type: "DeveloperTier",
      metadata: { run_id: "run-1" },
    });
    expect(job.state).toBe("pending");
    expect(azure.data.jobRequests).toMatchObject([{ trainingType: "DeveloperTier" }]);
    for (const state of ["pausing", "paused", "resuming", "evaluating_safety"]) {
      azure.data.shownStates.set(job.id, state);
      expect((await provider.readJob(job.id)).state).toBe(state);
    }
    await provider.deleteJob?.(job.id);
    const left: string[] = [];
    for await (const one of provider.listJobs()) left.push(one.id);
    expect(left).toEqual([]);
  });

  it("cannot call a tuned model by its own name, only its deployment", async () => {
    const { provider } = await world();
    const ask = (model: string) => provider.chat({ model, messages: [{ role: "user", content: "ping" }] });
    await expect(ask("gpt-4o-mini-2024-07-18")).rejects.toMatchObject({ kind: "not_found" });
    azure.arm.add("base", "gpt-4o-mini-2024-07-18");
    expect((await ask("base")).message.role).toBe("assistant");
  });
});
