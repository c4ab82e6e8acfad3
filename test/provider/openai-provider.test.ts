import { readdir } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { isLightningError, type LightningError } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { ProviderOptions } from "../../src/provider/clients.ts";
import { createProvider } from "../../src/provider/openai-provider.ts";
import type { Provider } from "../../src/provider/provider.ts";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}
type Answer = (response: ServerResponse, seen: Seen) => void;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server that answers as the test says, the adapter pointed at it, and what the adapter sent. */
async function wire(answer: Answer, options: Partial<ProviderOptions> = {}) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const received: Buffer[] = [];
    request.on("data", (piece: Buffer) => received.push(piece));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const one = { method, url, headers, body: Buffer.concat(received).toString("utf8") };
      seen.push(one);
      answer(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const provider = createProvider({
    kind: "azure",
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/openai/v1`,
    apiKey: "secret",
    logger: silentLogger,
    readRetries: 0,
    ...options,
  });
  return { provider, seen };
}
const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
const thrownBy = async (work: Promise<unknown>): Promise<LightningError> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isLightningError(error)) throw new Error(`not one of our errors: ${String(error)}`);
  return error;
};

const JOB = {
  id: "ftjob-1",
  status: "pending",
  model: "m",
  training_file: "file-1",
  created_at: 1_700_000_000,
};
const REQUEST = {
  model: "gpt-4.1-mini-2025-04-14",
  training_file: "file-1",
  hyperparameters: { n_epochs: 3 },
  seed: 7,
  training_type: "GlobalStandard",
  metadata: { run_id: "run-1" },
};
async function ids(provider: Provider): Promise<string[]> {
  const found: string[] = [];
  for await (const job of provider.listJobs()) found.push(job.id);
  return found;
}
const create = (provider: Provider) => provider.createJob(REQUEST);

describe("a request that has passed its deadline", () => {
  const all = async (items: AsyncIterable<unknown>) => {
    for await (const _ of items);
  };
  const CALLS: Record<string, (provider: Provider) => Promise<unknown>> = {
    "a chat": ({ chat }) => chat({ model: "m", messages: [{ role: "user", content: "?" }] }),
    "a chat that its caller may give up": ({ chat }) =>
      chat(
        { model: "m", messages: [{ role: "user", content: "?" }] },
        { signal: new AbortController().signal },
      ),
    "a list of files": ({ listFiles }) => all(listFiles()),
    "a file": ({ readFile }) => readFile("f"),
    "a file's content": ({ fileContent }) => all(fileContent("f")),
    "the removal of a file": ({ deleteFile }) => deleteFile("f"),
    "a list of jobs": ({ listJobs }) => all(listJobs()),
    "a job": ({ readJob }) => readJob("j"),
    "the end of a job": ({ cancelJob }) => cancelJob("j"),
    "a list of events": ({ listEvents }) => all(listEvents("j")),
    "a list of checkpoints": ({ listCheckpoints }) => all(listCheckpoints("j")),
  };
  it.each(Object.keys(CALLS))("is not sent again: %s", async (what) => {
    const again = json({ error: { message: "later" } }, 503, { "retry-after-ms": "1" });
    const { provider, seen } = await wire(
      (response, one) => {
        if (one.url.endsWith("/asked-after")) json({ id: "x" })(response, one);
        else again(response, one);
      },
      { readRetries: 100_000, timeoutMs: 30 },
    );
    const error = await thrownBy((CALLS[what] ?? ids)(provider));
    expect(error.code).toBe("provider_timeout");
    const sent = () => seen.filter(({ url }) => !url.endsWith("/asked-after")).length;
    const before = sent();
    // Some time passes, measured in round trips.
    for (let n = 0; n < 50; n++) await provider.readFile("asked-after").catch(() => undefined);
    // The one that was on its way may have arrived.
    expect(sent() - before).toBeLessThanOrEqual(1);
  });
});

describe("creating a job", () => {
  it("sends Azure's body, with the run's id and the training type", async () => {
    const { provider, seen } = await wire(json(JOB));
    const job = await provider.createJob({ ...REQUEST, suffix: "v1", validation_file: "file-2" });
    expect(job).toMatchObject({ id: "ftjob-1", state: "pending", created_at: 1_700_000_000_000 });
    expect(seen[0]).toMatchObject({ method: "POST", url: "/openai/v1/fine_tuning/jobs" });
    expect(JSON.parse(seen[0]?.body ?? "")).toEqual({
      model: "gpt-4.1-mini-2025-04-14",
      training_file: "file-1",
      validation_file: "file-2",
      trainingType: "GlobalStandard",
      suffix: "v1",
      seed: 7,
      metadata: { run_id: "run-1" },
      method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 3 } } },
    });
  });

  it("says nothing of training types to a server that is not Azure", async () => {
    const { provider, seen } = await wire(json(JOB), { kind: "local" });
    await create(provider);
    expect(JSON.parse(seen[0]?.body ?? "")).not.toHaveProperty("trainingType");
  });

  it.each([408, 409, 429, 500, 502, 503])("is sent exactly once when the answer is %i", async (status) => {
    const { provider, seen } = await wire(json({ error: { message: "no" } }, status), { readRetries: 5 });
    await thrownBy(create(provider));
    expect(seen).toHaveLength(1);
  });

  it("that was cut off is ambiguous, and sent once", async () => {
    const { provider, seen } = await wire((response) => response.destroy(), { readRetries: 5 });
    expect(await thrownBy(create(provider))).toMatchObject({ kind: "unavailable", ambiguous: true });
    expect(seen).toHaveLength(1);
  });

  it("that is not answered in time is ambiguous, and sent once", async () => {
    const { provider, seen } = await wire(() => {}, { readRetries: 5, timeoutMs: 60 });
    expect(await thrownBy(create(provider))).toMatchObject({ code: "provider_timeout", ambiguous: true });
    expect(seen).toHaveLength(1);
  });

  it("whose answer makes no sense is ambiguous: it may have been carried out", async () => {
    const { provider } = await wire(json({ hello: "world" }));
    expect(await thrownBy(create(provider))).toMatchObject({ code: "provider_unreadable", ambiguous: true });
  });

  it("that never reached a server is not ambiguous", async () => {
    const { provider } = await wire(json(JOB));
    for (const close of closers.splice(0)) close();
    expect(await thrownBy(create(provider))).toMatchObject({
      code: "provider_unreachable",
      ambiguous: false,
    });
  });
});

describe("errors", () => {
  it("of a busy provider carry its time to wait, and are not ambiguous", async () => {
    const { provider } = await wire(json({ error: { message: "slow down" } }, 429, { "retry-after": "7" }));
    expect(await thrownBy(create(provider))).toMatchObject({
      kind: "unavailable",
      code: "provider_busy",
      retryAfterMs: 7000,
      ambiguous: false,
    });
    const clock = new VirtualClock("2030-01-01T00:00:00.000Z");
    const date = { "retry-after": "Tue, 01 Jan 2030 00:01:00 GMT" };
    const dated = await wire(json({}, 429, date), { clock });
    expect((await thrownBy(create(dated.provider))).retryAfterMs).toBe(60_000);
    const exact = await wire(json({}, 429, { "retry-after-ms": "1500", "retry-after": "9" }));
    expect((await thrownBy(create(exact.provider))).retryAfterMs).toBe(1500);
  });

  it("of a broken provider are ambiguous for what creates, not for what reads", async () => {
    const { provider } = await wire(json({ error: { message: "oops" } }, 500));
    expect(await thrownBy(create(provider))).toMatchObject({ kind: "unavailable", ambiguous: true });
    expect(await thrownBy(provider.readJob("j"))).toMatchObject({ kind: "unavailable", ambiguous: false });
  });

  it("of a refused request say what was refused, with the provider's own code", async () => {
    const refusal = {
      error: { message: "too few examples", code: "invalid_n_examples", param: "training_file" },
    };
    const { provider } = await wire(json(refusal, 400));
    const error = await thrownBy(create(provider));
    expect(error).toMatchObject({
      kind: "invalid",
      code: "provider_rejected",
      details: { status: 400, code: "invalid_n_examples", param: "training_file" },
    });
    expect(error.message).toContain("too few examples");
  });

  it("of a missing thing and of missing rights are told apart, and never show the key", async () => {
    const missing = await wire(json({ error: { message: "no such job" } }, 404));
    expect(await thrownBy(missing.provider.readJob("j"))).toMatchObject({ kind: "not_found" });
    const denied = await wire(json({ error: { message: "no" } }, 403));
    const error = await thrownBy(denied.provider.readJob("j"));
    expect(error).toMatchObject({ code: "provider_rejected", remedy: expect.stringContaining("role") });
    expect(JSON.stringify(error.toBody())).not.toContain("secret");
  });
});

describe("reading", () => {
  it("takes Azure's states, nulls and objects as they come", async () => {
    const { provider } = await wire(
      json({
        ...JOB,
        status: "pausing",
        fine_tuned_model: null,
        validation_file: null,
        result_files: [{ id: "file-9", object: "file" }],
        error: { code: null, message: null, param: null },
        metadata: null,
        finished_at: null,
      }),
    );
    const job = await provider.readJob("ftjob-1");
    expect(job).toMatchObject({ state: "pausing", result_files: ["file-9"], metadata: {} });
    expect(job.error).toBeUndefined();
    expect(job.fine_tuned_model).toBeUndefined();
  });

  it.each([
    ["text", "it broke", { code: "provider_error", message: "it broke" }],
    ["an object without a code", { message: "it broke" }, { code: "provider_error", message: "it broke" }],
    [
      "an object",
      { code: "bad", message: "it broke", param: "training_file" },
      { code: "bad", message: "it broke", param: "training_file" },
    ],
  ])("reads a job's error given as %s (defect 9.6)", async (_form, error, expected) => {
    const { provider } = await wire(json({ ...JOB, status: "failed", error }));
    expect((await provider.readJob("j")).error).toEqual(expected);
  });

  it("walks all pages, and ends with a server that ignores `after`", async () => {
    const pages = await wire((response, { url }) => {
      const after = new URL(url, "http://x").searchParams.get("after");
      const data =
        after === null
          ? [
              { ...JOB, id: "a" },
              { ...JOB, id: "b" },
            ]
          : [{ ...JOB, id: "c" }];
      json({ object: "list", data, has_more: after === null })(response, {} as Seen);
    });
    expect(await ids(pages.provider)).toEqual(["a", "b", "c"]);
    const stubborn = await wire(json({ object: "list", data: [{ ...JOB, id: "a" }], has_more: true }));
    expect(await ids(stubborn.provider)).toEqual(["a"]);
    expect(stubborn.seen).toHaveLength(2);
  });

  it("is tried again after a passing fault", async () => {
    let count = 0;
    const { provider } = await wire(
      (response, seen) =>
        count++ === 0 ? json({}, 503, { "retry-after-ms": "1" })(response, seen) : json(JOB)(response, seen),
      { readRetries: 2 },
    );
    expect((await provider.readJob("j")).id).toBe("ftjob-1");
  });
});

describe("files", () => {
  it("are sent with a length, once, and leave nothing on this machine's disk", async () => {
    const { provider, seen } = await wire(json({ id: "file-1", filename: "x", bytes: 6, status: "pending" }));
    const before = await leftovers();
    const file = await provider.uploadFile({ name: "run-1-train.jsonl", content: pieces("ab\n", "cd\n") });
    expect(file).toMatchObject({ id: "file-1", state: "pending" });
    expect(seen[0]?.headers["content-length"]).toBeDefined();
    expect(seen[0]?.body).toContain('filename="run-1-train.jsonl"');
    expect(seen[0]?.body).toContain("ab\ncd\n");
    // Other tests send files in the same folder, and theirs go as well.
    const isLeft = async () => (await leftovers()).some((name) => !before.includes(name));
    for (let look = 0; look < 1000 && (await isLeft()); look++) await pause(10);
    expect(await isLeft()).toBe(false);
  });

  it("whose content fails half-way are not sent at all", async () => {
    const { provider, seen } = await wire(json({}));
    await expect(provider.uploadFile({ name: "x", content: broken() })).rejects.toThrow(
      "the dataset changed",
    );
    expect(seen).toEqual([]);
  });
});

describe("identity", () => {
  it("sends an Azure key in its own header, and a token as Bearer, fetched anew for every request (defect 10: token fetched once)", async () => {
    const keyed = await wire(json(JOB));
    await keyed.provider.readJob("j");
    expect(keyed.seen[0]?.headers).toMatchObject({ "api-key": "secret" });
    expect(keyed.seen[0]?.headers.authorization).toBeUndefined();
    let count = 0;
    const { provider, seen } = await wire(json(JOB), { apiKey: async () => `token-${++count}` });
    await provider.readJob("j");
    await provider.readJob("j");
    expect(seen.map((one) => one.headers.authorization)).toEqual(["Bearer token-1", "Bearer token-2"]);
  });

  it("takes nothing from the environment of another account", async () => {
    const foreign = {
      OPENAI_ADMIN_KEY: "other-admin",
      OPENAI_API_KEY: "other-key",
      OPENAI_ORG_ID: "other-org",
    };
    Object.assign(process.env, foreign);
    try {
      const { provider, seen } = await wire(json(JOB), { kind: "local" });
      await provider.readJob("j");
      expect(seen[0]?.headers.authorization).toBe("Bearer secret");
      expect(JSON.stringify(seen[0]?.headers)).not.toContain("other-");
    } finally {
      for (const name of Object.keys(foreign)) delete process.env[name];
    }
  });
});

describe("chat", () => {
  it("passes tools through and reads the call back", async () => {
    const call = { id: "c1", type: "function", function: { name: "add", arguments: '{"a":1}' } };
    const { provider, seen } = await wire(
      json({
        model: "m-2025",
        choices: [
          {
            index: 0,
            finish_reason: "tool_calls",
            message: { role: "assistant", content: null, tool_calls: [call] },
          },
        ],
        usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
      }),
    );
    const reply = await provider.chat({
      model: "m",
      messages: [{ role: "user", content: "1+1", weight: 1 }],
      tools: [{ type: "function", function: { name: "add" } }],
      tool_choice: "required",
      max_tokens: 10,
    });
    expect(reply).toMatchObject({ finish_reason: "tool_calls", model: "m-2025", usage: { total_tokens: 5 } });
    expect(reply.message.tool_calls).toEqual([call]);
    expect(JSON.parse(seen[0]?.body ?? "")).toEqual({
      model: "m",
      messages: [{ role: "user", content: "1+1" }],
      tools: [{ type: "function", function: { name: "add" } }],
      tool_choice: "required",
      max_completion_tokens: 10,
    });
  });

  it("can be given up", async () => {
    const { provider } = await wire(() => {});
    const abort = new AbortController();
    const asked = thrownBy(
      provider.chat({ model: "m", messages: [{ role: "user", content: "x" }] }, { signal: abort.signal }),
    );
    abort.abort();
    expect(await asked).toMatchObject({ code: "provider_aborted" });
  });
});

async function* pieces(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}
async function* broken() {
  yield Buffer.from("half");
  throw new Error("the dataset changed");
}
const leftovers = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("lightning-upload-"));
