import { promises as fs, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { type CaptureDeps, type CaptureHook, createCaptureHook } from "../../src/capture/capture.ts";
import { wrapToolHandler } from "../../src/capture/wrap-tool-handler.ts";
import { readSettings } from "../../src/config/settings.ts";
import { type EpisodeInput, episodeInputSchema } from "../../src/episodes/contract.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { invalid } from "../../src/kernel/errors.ts";
import { createLogger, silentLogger } from "../../src/kernel/logger.ts";

const settings = readSettings({ ENABLE_LIGHTNING_CAPTURE: "true", LIGHTNING_MAX_OUTPUT_LENGTH: "1000" });
let folder: string;
let spillFile: string;
let hooks: CaptureHook[];
let sent: EpisodeInput[];

beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "capture-"));
  spillFile = path.join(folder, "spill.jsonl");
  hooks = [];
  sent = [];
});
afterEach(async () => {
  for (const hook of hooks) await hook.close();
  await fs.rm(folder, { recursive: true, force: true });
});

const take = async (episodes: EpisodeInput[]) => {
  for (const episode of episodes) episodeInputSchema.parse(episode);
  sent.push(...structuredClone(episodes));
};
function make(deps: Partial<CaptureDeps> = {}): CaptureHook {
  const hook = createCaptureHook({
    send: take,
    settings,
    clock: new VirtualClock(),
    logger: silentLogger,
    limits: { attempts: 1, ...deps.limits },
    ...deps,
    ...(deps.limits === undefined ? {} : { limits: { attempts: 1, ...deps.limits } }),
  });
  hooks.push(hook);
  return hook;
}
const capture = (hook: CaptureHook, userInput = "hello") => {
  const handle = hook.startCapture({ userInput });
  handle.endCapture({ assistantOutput: "done" });
  return handle.id;
};
/** The spill files, as text. */
async function spilledText(): Promise<string> {
  const names = (await fs.readdir(folder)).filter((name) => name.endsWith(".spill"));
  return (await Promise.all(names.map((name) => fs.readFile(path.join(folder, name), "utf8")))).join("");
}
const answerX = async () => "x";
const broken = () => {
  throw new Error("logger");
};
const fail = async () => {
  throw new Error("connection refused");
};

describe("the capture hook", () => {
  test("start, record and end make one faithful episode", async () => {
    const clock = new VirtualClock();
    const hook = make({ clock });
    const handle = hook.startCapture({
      userInput: "add 2 and 2",
      sessionId: "s1",
      correlationId: "c1",
      systemPrompt: "be brief",
      tools: [{ type: "function", function: { name: "add" } }],
      model: "configured",
      metadata: { channel: "chat" },
    });
    hook.recordMessage(handle, { role: "user", content: "add 2 and 2" });
    hook.recordToolCall(handle, { id: "t1", toolName: "add", arguments: { a: 2 }, result: 4, durationMs: 3 });
    clock.advance(120);
    hook.setModel(handle, "tuned-1");
    hook.endCapture(handle, {
      assistantOutput: "4",
      tokenUsage: { total_tokens: 12 },
      metadata: { lang: "en" },
    });
    handle.endCapture({ assistantOutput: "a second end is ignored" });
    await hook.flush();
    expect(sent).toEqual([
      {
        id: handle.id,
        agent_id: "mcp-agents",
        user_input: "add 2 and 2",
        assistant_output: "4",
        messages: [{ role: "user", content: "add 2 and 2" }],
        tools: [{ type: "function", function: { name: "add" } }],
        tool_calls: [{ id: "t1", tool_name: "add", arguments: { a: 2 }, result: 4, duration_ms: 3 }],
        system_prompt: "be brief",
        model_deployment: "tuned-1",
        correlation_id: "c1",
        session_id: "s1",
        request_latency_ms: 120,
        token_usage: { total_tokens: 12 },
        metadata: { channel: "chat", lang: "en" },
        created_at: "2026-01-01T00:00:00.000Z",
        redaction: { version: expect.any(String), counts: {} },
      },
    ]);
  });

  test("capture is off by default and then does nothing", async () => {
    const hook = make({ settings: readSettings({}) });
    capture(hook);
    expect(wrapToolHandler(hook, "search", answerX)).toBe(answerX);
    await hook.flush();
    expect(hook.enabled).toBe(false);
    expect(sent).toEqual([]);
    expect(hook.stats().captured).toBe(0);
  });

  test("copies at the time of the call: later changes of the agent's objects are not seen", async () => {
    const hook = make();
    const args = { list: [1] };
    const handle = hook.startCapture({ userInput: "x" });
    handle.recordToolCall({ toolName: "t", arguments: args });
    args.list.push(2);
    handle.endCapture({ assistantOutput: "" });
    await hook.flush();
    expect(sent[0]?.tool_calls?.[0]?.arguments).toEqual({ list: [1] });
  });

  test("redacts before anything leaves the process", async () => {
    const hook = make({ send: fail, spillFile });
    hook.captureFromToolResult({
      toolName: "login",
      arguments: { user: "bob@example.com", password: "hunter2" },
      result: "token=abc123def456",
    });
    await hook.flush();
    const spilled = await spilledText();
    expect(spilled).toContain("[REDACTED:");
    expect(spilled).not.toMatch(/hunter2|bob@|abc123def456/);
  });

  test("holds no secret in the id that is made of an agent's name", async () => {
    const token = `ghp_${"a1B2c3D4".repeat(4)}e5F6`;
    const hook = make({ send: fail, spillFile });
    for (const agentId of [token, `desk password=${token}`])
      hook.startCapture({ userInput: "hi", agentId }).endCapture({ assistantOutput: "done" });
    await hook.flush();
    const spilled = await spilledText();
    expect(spilled).toMatch(/"agent_id":"REDACTED-/);
    expect(spilled).not.toContain(token);
  });

  test("takes values that are no JSON: cycles, bigints, class instances, throwing getters, depth", async () => {
    const hook = make();
    const cyclic: Record<string, unknown> = {
      n: 1n,
      when: new Date(0),
      f: () => 1,
      u: undefined,
      nan: Number.NaN,
    };
    cyclic.self = cyclic;
    const hostile = {
      get boom(): never {
        throw new Error("boom");
      },
      calm: 1,
    };
    hook.captureFromToolResult({ toolName: "a", arguments: cyclic, result: new Uint8Array(3) });
    hook.captureFromToolResult({ toolName: "b", arguments: hostile });
    await hook.flush();
    expect(sent).toHaveLength(2);
    expect(sent[0]?.tool_calls?.[0]).toEqual({
      tool_name: "a",
      arguments: { n: "1", when: "1970-01-01T00:00:00.000Z", nan: null, self: "[CYCLE]" },
      result: "[3 bytes]",
    });
    expect(sent[1]?.tool_calls?.[0]?.arguments).toEqual({ boom: "[UNREADABLE]", calm: 1 });
    expect(hook.stats()).toMatchObject({ captured: 2, errors: 0 });
  });

  test("of a huge result only the beginning is read, and a secret at the edge does not leak", async () => {
    const hook = make();
    const beginning = `${"r ".repeat(495)}password=hunter2 `;
    hook.captureFromToolResult({ toolName: "read", result: beginning + "tail ".repeat(1_000_000) });
    const dense = "bob.smith@example.com ".repeat(3000);
    hook.captureFromToolResult({ toolName: "read", result: dense });
    await hook.flush();
    const [first, second] = sent;
    expect(first?.assistant_output).toHaveLength(1000 - 1 + "...[TRUNCATED]".length);
    expect(first?.assistant_output).not.toContain("hunter2");
    expect(first?.truncated?.["tool_calls.0.result"]).toBeGreaterThan(4_900_000);
    expect(second?.assistant_output).not.toContain("bob");
    expect(second?.truncated?.["tool_calls.0.result"]).toBeGreaterThan(10_000);
  });
});

describe("the queue", () => {
  test("sends in batches, at once when one is full, else after a moment", async () => {
    const sizes: number[] = [];
    const clock = new VirtualClock();
    const hook = make({
      clock,
      limits: { batchSize: 3 },
      send: async (episodes) => {
        sizes.push(episodes.length);
      },
    });
    for (let i = 0; i < 7; i++) capture(hook);
    await hook.flush();
    expect(sizes).toEqual([3, 3, 1]);
    expect(hook.stats()).toMatchObject({ captured: 7, sent: 7, dropped: 0, queued: 0 });
    capture(hook);
    clock.advance(200);
    await hook.flush();
    expect(sizes).toEqual([3, 3, 1, 1]);
  });

  test("drops and counts what does not fit, by number and by bytes", async () => {
    const hook = make({ limits: { maxQueued: 3 } });
    for (let i = 0; i < 5; i++) capture(hook);
    expect(hook.stats()).toMatchObject({ captured: 5, dropped: 2, queued: 3 });
    const small = make({ limits: { maxQueuedBytes: 10_000 } });
    capture(small, "x".repeat(20_000));
    capture(small, "y");
    expect(small.stats()).toMatchObject({ captured: 2, dropped: 1 });
    await small.flush();
    expect(sent.map((episode) => episode.user_input)).toEqual(["y"]);
  });

  test("a slow receiver delays nobody (defect 10: capture holds up the agent)", async () => {
    const gate = Promise.withResolvers<void>();
    const hook = make({ send: () => gate.promise, limits: { batchSize: 1 } });
    capture(hook);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    const started = performance.now();
    for (let i = 0; i < 100; i++) capture(hook);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(hook.stats()).toMatchObject({ captured: 101, sent: 0 });
    gate.resolve();
    await hook.flush();
    expect(hook.stats().sent).toBe(101);
  });

  test("tries again with growing waits, then spills", async () => {
    const clock = new VirtualClock();
    let calls = 0;
    const hook = make({
      clock,
      spillFile,
      limits: { attempts: 3, backoffMs: 100 },
      send: async () => {
        calls++;
        throw new Error("503");
      },
    });
    capture(hook);
    const flushed = hook.flush();
    while (hook.stats().spilled === 0) {
      await new Promise(setImmediate);
      clock.fireNext();
    }
    await flushed;
    expect(calls).toBe(3);
    expect(hook.stats()).toMatchObject({ spilled: 1, failures: 3, dropped: 0 });
  });

  test("a send that never answers counts as failed after its time", async () => {
    const clock = new VirtualClock();
    let isHanging = true;
    const hook = make({ clock, spillFile, send: () => (isHanging ? new Promise<void>(() => {}) : take([])) });
    capture(hook);
    const flushed = hook.flush();
    while (hook.stats().spilled === 0) {
      await new Promise(setImmediate);
      clock.advance(10_000);
    }
    await flushed;
    isHanging = false;
    expect(hook.stats()).toMatchObject({ spilled: 1, failures: 1 });
  });

  test("without a spill file what cannot be sent waits in memory, and is dropped and counted at the end", async () => {
    const hook = make({ send: fail });
    capture(hook);
    await hook.flush();
    expect(hook.stats()).toMatchObject({ sent: 0, queued: 1, dropped: 0, spilled: 0 });
    expect(await hook.close()).toEqual({ queued: 0, onDisk: 0, dropped: 1 });
    expect(hook.stats().dropped_by).toEqual({ ended: 1 });
  });

  test("one episode the receiver refuses does not sink its batch", async () => {
    const hook = make({
      send: async (episodes) => {
        if (episodes.some((episode) => episode.user_input === "bad")) throw invalid("invalid_input", "no");
        await take(episodes);
      },
    });
    for (const text of ["a", "bad", "b"]) capture(hook, text);
    await hook.flush();
    expect(sent.map((episode) => episode.user_input)).toEqual(["a", "b"]);
    expect(hook.stats()).toMatchObject({ sent: 2, rejected: 1 });
  });

  test("a logger and a receiver that throw never reach the agent", async () => {
    const hook = make({
      logger: { debug: broken, info: broken, warn: broken, error: broken },
      send: () => {
        throw new Error("synchronously");
      },
    });
    expect(() => capture(hook)).not.toThrow();
    await expect(hook.flush()).resolves.toBeUndefined();
  });
});

describe("the spill file", () => {
  test("is replayed when sending works again, under the same ids, and is readable by its owner alone", async () => {
    let isDown = true;
    const hook = make({ spillFile, send: (episodes) => (isDown ? fail() : take(episodes)) });
    const ids = [capture(hook, "one"), capture(hook, "two")];
    await hook.flush();
    for (const name of await fs.readdir(folder))
      expect([name, statSync(path.join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
    isDown = false;
    ids.push(capture(hook, "three"));
    await hook.flush();
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map((episode) => episode.id))).toEqual(new Set(ids));
    expect(hook.stats()).toMatchObject({ spilled: 2, replayed: 2, dropped: 0 });
    expect(await fs.readdir(folder)).toEqual([expect.stringMatching(/^spill\.jsonl\.[0-9a-f]{12}\.lease$/)]);
    await hook.close();
    expect(await fs.readdir(folder)).toEqual([]);
  });

  test("is replayed by the next process", async () => {
    const before = make({ spillFile, send: fail });
    const id = capture(before);
    await before.close();
    const clock = new VirtualClock();
    const after = make({ spillFile, clock });
    clock.advance(200);
    await after.flush();
    expect(sent.map((episode) => episode.id)).toEqual([id]);
    expect(after.stats()).toMatchObject({ replayed: 1, captured: 0 });
  });

  test("a file claimed by a process that died is taken over", async () => {
    // No process has this id: it is above the largest that Linux gives.
    await fs.writeFile(
      `${spillFile}.99999999-1-0.replay`,
      `${JSON.stringify({ id: "ep-old", agent_id: "a", user_input: "x", assistant_output: "" })}\n`,
    );
    const hook = make({ spillFile });
    await hook.flush();
    expect(sent.map((episode) => episode.id)).toEqual(["ep-old"]);
  });

  test("a poison line is set aside and the rest is sent", async () => {
    const good = { id: "ep-good", agent_id: "a", user_input: "x", assistant_output: "" };
    await fs.writeFile(spillFile, `{"id": "ep-cut, \n[1]\n${JSON.stringify(good)}\n\n`);
    const hook = make({ spillFile });
    await hook.flush();
    expect(sent.map((episode) => episode.id)).toEqual(["ep-good"]);
    expect(hook.stats()).toMatchObject({ poison: 2, replayed: 1 });
    expect(await fs.readFile(`${spillFile}.bad`, "utf8")).toContain("ep-cut");
  });

  test("a line that a crash left open does not spoil the next", async () => {
    await fs.writeFile(spillFile, '{"id": "ep-cut');
    const hook = make({ spillFile, send: fail });
    const id = capture(hook);
    await hook.close();
    const next = make({ spillFile });
    await next.flush();
    expect(sent.map((episode) => episode.id)).toEqual([id]);
    expect(next.stats().poison).toBe(1);
  });

  test("stays when the replay fails, and nothing is lost", async () => {
    const first = make({ spillFile, send: fail });
    const ids = Array.from({ length: 5 }, (_, i) => capture(first, `n${i}`));
    await first.close();
    let calls = 0;
    const second = make({
      spillFile,
      limits: { batchSize: 2 },
      send: async (episodes) => {
        if (++calls === 2) throw new Error("down again");
        await take(episodes);
      },
    });
    await second.flush();
    await second.flush();
    expect(new Set(sent.map((episode) => episode.id))).toEqual(new Set(ids));
  });

  test("has a bound; what is over it is dropped and counted", async () => {
    const hook = make({ spillFile, send: fail, limits: { maxSpillBytes: 2000 } });
    for (let i = 0; i < 3; i++) capture(hook, "x".repeat(800));
    await hook.flush();
    const { spilled, dropped } = hook.stats();
    expect([spilled, dropped]).toEqual([1, 2]);
    expect((await spilledText()).length).toBeLessThanOrEqual(2001);
  });
});

describe("a spill file that cannot be written", () => {
  /** Under a file there is no folder, whoever asks. */
  const nowhere = async () => {
    await fs.writeFile(path.join(folder, "read-only"), "");
    return path.join(folder, "read-only", "spill.jsonl");
  };
  test("loses nothing: episodes wait in memory and are tried again with growing waits", async () => {
    const clock = new VirtualClock();
    let isDown = true;
    const hook = make({
      clock,
      spillFile: await nowhere(),
      limits: { batchSize: 2, backoffMs: 1000 },
      send: (episodes) => (isDown ? fail() : take(episodes)),
    });
    const ids = ["a", "b", "c", "d", "e"].map((text) => capture(hook, text));
    await hook.flush();
    expect(hook.stats()).toMatchObject({ sent: 0, dropped: 0, spilled: 0, queued: 5 });
    const isArmed = async () => {
      do await new Promise(setImmediate);
      while (clock.nextAt() === undefined);
    };
    const tries: number[] = [];
    for (let i = 0; i < 7; i++) {
      await isArmed();
      tries.push((clock.nextAt() ?? 0) - clock.now());
      clock.fireNext();
    }
    expect(tries).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    await isArmed();
    isDown = false;
    clock.fireNext();
    while (hook.stats().queued > 0) await new Promise(setImmediate);
    expect(hook.stats()).toMatchObject({ sent: 5, dropped: 0 });
    expect(new Set(sent.map(({ id }) => id))).toEqual(new Set(ids));
    expect(clock.nextAt()).toBeUndefined();
  });

  test("keeps to the queue's bounds: what is over them is dropped and counted", async () => {
    const hook = make({ spillFile: await nowhere(), send: fail, limits: { maxQueued: 3 } });
    for (let i = 0; i < 3; i++) capture(hook);
    await hook.flush();
    for (let i = 0; i < 2; i++) capture(hook);
    await hook.flush();
    expect(hook.stats()).toMatchObject({ captured: 5, dropped: 2, queued: 3 });
    const small = make({ spillFile: await nowhere(), send: fail, limits: { maxQueuedBytes: 4000 } });
    for (let i = 0; i < 5; i++) {
      capture(small, "x".repeat(900));
      await small.flush();
    }
    expect(small.stats()).toMatchObject({ queued: 2, dropped: 3 });
  });

  test("is named once, at the start, with the way out", async () => {
    const told: string[] = [];
    const logger = createLogger((line) => told.push(line));
    const hook = make({ spillFile: await nowhere(), send: fail, logger });
    while (told.length === 0) await new Promise(setImmediate);
    expect(told[0]).toMatch(/^warn spill file cannot be written .*ENOTDIR.*LIGHTNING_HOME/);
    capture(hook);
    await hook.flush();
    expect(told.filter((line) => line.includes("spill file cannot"))).toHaveLength(1);
  });

  test("takes what was held as soon as it can be written", async () => {
    const file = await nowhere();
    const hook = make({ spillFile: file, send: fail });
    capture(hook);
    await hook.flush();
    await fs.rm(path.dirname(file));
    await hook.flush();
    expect(hook.stats()).toMatchObject({ spilled: 1, dropped: 0, queued: 0 });
  });

  test("at the end counts what is left as dropped, and says so", async () => {
    const told: string[] = [];
    const logger = createLogger((line) => told.push(line));
    const hook = make({ spillFile: await nowhere(), send: fail, logger });
    capture(hook);
    await hook.close();
    expect(hook.stats()).toMatchObject({ dropped: 1, queued: 0 });
    expect(told.at(-1)).toMatch(/^warn episodes lost: neither sent nor written episodes=1/);
  });
});

describe("wrapping MCP tool handlers", () => {
  test("wrapping a handler twice records each call once, and for another hook once there too", async () => {
    const [hook, other] = [make(), make()];
    const handler = wrapToolHandler(hook, "add", (args: { a: number }) => args.a + 1);
    expect(wrapToolHandler(hook, "add", handler)).toBe(handler);
    expect(wrapToolHandler(other, "add", wrapToolHandler(hook, "add", handler))({ a: 1 })).toBe(2);
    expect([hook.stats().captured, other.stats().captured]).toEqual([1, 1]);
  });

  test("the result is the handler's own and the episode has the original's words", async () => {
    const hook = make();
    const result = { content: [{ type: "text", text: "sunny" }] };
    const handler = wrapToolHandler(
      hook,
      "weather",
      async (_args: { city: string }, _extra: object) => result,
    );
    await expect(handler({ city: "Oslo" }, { sessionId: "s9" })).resolves.toBe(result);
    await hook.flush();
    expect(sent[0]).toMatchObject({
      user_input: `Call tool 'weather' with arguments: {"city":"Oslo"}`,
      assistant_output: "sunny",
      session_id: "s9",
      tool_calls: [{ tool_name: "weather", arguments: { city: "Oslo" }, result: "sunny" }],
    });
    expect(sent[0]?.request_latency_ms).toBeGreaterThanOrEqual(0);
  });

  const parameters = {
    type: "object",
    properties: { city: { type: "string", description: "Its name." }, days: { type: "number" } },
    required: ["city"],
  };
  const shape = { city: z.string().describe("Its name."), days: z.number().optional() };
  test.each([
    ["a JSON Schema", parameters, true],
    ["a schema object", z.object(shape), true],
    ["members by name", shape, true],
    ["a schema of another make, which tells nothing", { parse: (value: unknown) => value }, false],
    ["no schema", undefined, false],
  ])("the tool's definition goes with the episode: %s", async (_name, inputSchema, isTold) => {
    const hook = make();
    const config = { description: "Says the weather.", inputSchema };
    const handler = wrapToolHandler(hook, "weather", config, async (_args: { city: string }) => "sunny");
    await expect(handler({ city: "Oslo" })).resolves.toBe("sunny");
    await hook.flush();
    const told = { name: "weather", description: "Says the weather." };
    expect(sent[0]?.tools).toEqual([{ type: "function", function: isTold ? { ...told, parameters } : told }]);
  });

  test("an error is rethrown untouched and recorded, thrown or rejected or reported", async () => {
    const hook = make();
    const error = new Error("no such city: password=hunter2");
    const rejecting = wrapToolHandler(hook, "weather", async () => {
      throw error;
    });
    const throwing = wrapToolHandler(hook, "weather", () => {
      throw error;
    });
    const reporting = wrapToolHandler(hook, "weather", () => ({
      isError: true,
      content: [{ type: "text", text: "broken" }],
    }));
    await expect(rejecting()).rejects.toBe(error);
    expect(() => throwing()).toThrow(error);
    reporting();
    await hook.flush();
    expect(sent.map((episode) => episode.error)).toEqual([
      "no such city: password=[REDACTED:password]",
      "no such city: password=[REDACTED:password]",
      "broken",
    ]);
    expect(sent[0]?.tool_calls?.[0]?.error).toBe("no such city: password=[REDACTED:password]");
  });

  test("lightning_* tools are never captured (defect 10: own calls captured)", async () => {
    const hook = make();
    expect(wrapToolHandler(hook, "lightning_train", answerX)).toBe(answerX);
    hook.captureFromToolResult({ toolName: "lightning_train", result: "x" });
    await hook.flush();
    expect(sent).toEqual([]);
  });

  test("the request's context is not taken for arguments", async () => {
    const hook = make();
    const handler = wrapToolHandler(hook, "now", (_context: object) => "12:00");
    handler({ signal: new AbortController().signal, authInfo: { token: "abc" } });
    await hook.flush();
    expect(sent[0]?.tool_calls?.[0]?.arguments).toEqual({});
  });
});
