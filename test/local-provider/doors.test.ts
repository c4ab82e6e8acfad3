import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { AzureOpenAI } from "openai";
import type { Fault } from "../../src/local-provider/start.ts";
import { jsonl, recordingFetch, startProvider, until } from "./harness.ts";
import { routingExamples } from "./routing-task.ts";

const faults: Fault[] = [];
let provider: Awaited<ReturnType<typeof startProvider>>;
beforeAll(async () => {
  provider = await startProvider({ faults });
});
afterAll(() => provider.remove());

const DATED = "api-version=2024-10-21";
/** Each door: its name, and how an address of it is written. */
const DOORS = [
  ["/v1", (path: string) => `/v1${path}`],
  ["/openai/v1", (path: string) => `/openai/v1${path}`],
  ["/openai?api-version", (path: string) => `/openai${path}${path.includes("?") ? "&" : "?"}${DATED}`],
] as const;

async function call(address: string, method = "GET", body?: unknown) {
  const response = await recordingFetch(`${provider.origin}${address}`, {
    method,
    headers: {
      "api-key": provider.apiKey,
      ...(body === undefined || body instanceof FormData ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json";
  return { status: response.status, body: (isJson ? JSON.parse(text) : text) as Record<string, unknown> };
}
const hello = { model: "base", messages: [{ role: "user", content: "Hello" }] };

function form(content: string) {
  const made = new FormData();
  made.set("purpose", "fine-tune");
  made.set("file", new File([content], "train.jsonl"));
  return made;
}
const lines = `${routingExamples(12, 1)
  .map((one) => one.line)
  .join("\n")}\n`;

describe.each(DOORS)("%s", (door, at) => {
  const words = door === "/v1" ? ["uploaded", "validating_files"] : ["pending", "pending"];

  it("does everything from an upload to an answer of the tuned model, and clears up", async () => {
    const file = await call(at("/files"), "POST", form(lines));
    expect(file).toMatchObject({ status: 200, body: { status: words[0] } });
    const id = String(file.body.id);
    const made = await call(at("/fine_tuning/jobs"), "POST", { model: "base", training_file: id });
    expect(made).toMatchObject({ status: 200, body: { status: words[1] } });
    const job = String(made.body.id);
    await until(
      provider.clock,
      async () => (await call(at(`/fine_tuning/jobs/${job}`))).body.status === "succeeded",
    );
    expect((await call(at(`/files/${id}`))).body).toMatchObject({ status: "processed" });
    for (const list of ["", `/${job}/events`, `/${job}/checkpoints`])
      expect((await call(at(`/fine_tuning/jobs${list}?limit=2`))).body).toMatchObject({ object: "list" });
    const { fine_tuned_model: model } = (await call(at(`/fine_tuning/jobs/${job}`))).body;
    const answer = await call(at("/chat/completions"), "POST", { ...hello, model });
    expect(answer).toMatchObject({ status: 200, body: { model } });
    expect((await call(at(`/models/${encodeURIComponent(String(model))}`))).body).toMatchObject({
      id: model,
    });
    expect((await call(at(`/models/${String(model)}`), "DELETE")).body).toMatchObject({ deleted: true });
    expect((await call(at("/chat/completions"), "POST", { ...hello, model })).status).toBe(404);
    expect((await call(at(`/files/${id}/content`))).status).toBe(200);
    expect((await call(at(`/files/${id}`), "DELETE")).body).toMatchObject({ id, deleted: true });
    expect((await call(at("/files?purpose=fine-tune"))).body.data).toEqual([]);
  });

  it("refuses in OpenAI's form whatever is not there", async () => {
    const missing = [
      ["GET", "/files/file-0", 404],
      ["GET", "/files/file-0/content", 404],
      ["DELETE", "/files/file-0", 404],
      ["GET", "/fine_tuning/jobs/ftjob-0", 404],
      ["POST", "/fine_tuning/jobs/ftjob-0/cancel", 404],
      ["GET", "/fine_tuning/jobs/ftjob-0/events", 404],
      ["GET", "/models/no-such-model", 404],
      ["DELETE", "/models/no-such-model", 404],
      ["DELETE", "/models/base", 403],
      ["PUT", "/models", 405],
      ["GET", "/files?limit=0", 400],
      ["GET", "/fine_tuning/jobs?limit=101", 400],
    ] as const;
    for (const [method, path, status] of missing)
      expect([path, await call(at(path), method)]).toMatchObject([path, { status, body: { error: {} } }]);
    for (const path of ["/uploads", "/responses", "/embeddings", "/moderations", "/images/generations"])
      expect((await call(at(path), "POST", {})).body.error).toMatchObject({
        code: "unknown_url",
        message: expect.stringContaining("chat completions, and nothing else"),
      });
  });

  it("has the faults that a test asks for", async () => {
    faults.push(
      { kind: "status", status: 429, retryAfterSeconds: 1, path: /^\/models$/ },
      { kind: "status_after", status: 500, path: /^\/chat\/completions$/ },
      { kind: "drop", path: /^\/files$/ },
      { kind: "lose_response", path: /^\/models$/ },
      { kind: "slow", delayMs: 60_000, path: /^\/fine_tuning\/jobs$/ },
    );
    expect((await call(at("/models"))).status).toBe(429);
    expect((await call(at("/chat/completions"), "POST", hello)).status).toBe(500);
    await expect(call(at("/files"))).rejects.toThrow("fetch failed");
    await expect(call(at("/models"))).rejects.toThrow("fetch failed");
    const late = call(at("/fine_tuning/jobs"));
    const settled = late.then(({ status }) => status);
    let answered: number | undefined;
    void settled.then((status) => {
      answered = status;
    });
    await until(provider.clock, async () => {
      provider.clock.advance(10_000);
      return Promise.resolve(answered !== undefined);
    });
    expect([await settled, faults]).toEqual([200, []]);
  });
});

describe("a deployment of the dated door", () => {
  const at = (name: string, query = `?${DATED}`) => `/openai/deployments/${name}/chat/completions${query}`;

  it("is a model, whatever the body calls it, and has faults as well", async () => {
    const { messages } = hello;
    expect((await call(at("base"), "POST", { messages })).body).toMatchObject({ model: "base" });
    expect((await call(at("base"), "POST", { messages, model: "other" })).body).toMatchObject({
      model: "base",
    });
    expect((await call(at("none"), "POST", { messages })).status).toBe(404);
    faults.push({ kind: "status", status: 503, path: /^\/chat\/completions$/ });
    expect((await call(at("base"), "POST", { messages })).status).toBe(503);
  });

  it("is what Azure's own client speaks to", async () => {
    const client = new AzureOpenAI({
      endpoint: provider.origin,
      apiKey: provider.apiKey,
      apiVersion: "2024-10-21",
      maxRetries: 0,
      fetch: recordingFetch,
    });
    const reply = await client.chat.completions.create({
      model: "base",
      messages: [{ role: "user", content: "Hello" }],
    });
    expect(reply.model).toBe("base");
    const file = await client.files.create({ file: jsonl(["{}"]), purpose: "fine-tune" });
    expect(file.status).toBe("pending");
    await client.files.delete(file.id);
  });
});

it("says where to go at an address of no door", async () => {
  for (const [address, where] of [
    ["/models", "begin with /v1"],
    ["/openai/models", "?api-version="],
    [`/openai/deployments/base/embeddings?${DATED}`, "chat completions and nothing else"],
  ] as const) {
    const { status, body } = await call(address);
    expect([status, (body.error as { message: string }).message]).toEqual([
      404,
      expect.stringContaining(where),
    ]);
  }
});

it("keeps the day on which a base model was first offered", async () => {
  const first = Number((await call("/v1/models/base")).body.created);
  expect(first).toBe(Math.floor(Date.parse("2026-01-01") / 1000));
  await provider.close();
  provider.clock.advance(86_400_000);
  provider = await startProvider({ folder: provider.folder, clock: provider.clock, faults });
  expect((await call("/v1/models/base")).body.created).toBe(first);
});
