import { hash } from "node:crypto";
import { afterEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { OpenCall } from "../../src/capture/calls/open-call.ts";
import {
  type CaptureHook,
  createCaptureHook,
  type StartCapture,
  type ToolCallRecord,
} from "../../src/capture/capture.ts";
import type { EndCapture } from "../../src/capture/episode.ts";
import { snapshot } from "../../src/capture/snapshot.ts";
import { readSettings } from "../../src/config/settings.ts";
import { type EpisodeInput, episodeInputSchema } from "../../src/episodes/contract.ts";
import { MOST_EPISODE_BYTES } from "../../src/episodes/rules.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";

const settings = readSettings({ ENABLE_LIGHTNING_CAPTURE: "true", LIGHTNING_REDACT_SECRETS: "false" });
const hooks: CaptureHook[] = [];
afterEach(async () => {
  for (const hook of hooks.splice(0)) await hook.close();
});

/** A hook whose receiver takes what the schema takes. */
function receiver() {
  const sent: EpisodeInput[] = [];
  const hook = createCaptureHook({
    send: async (episodes) => {
      for (const episode of episodes) {
        const checked = episodeInputSchema.safeParse(episode);
        if (!checked.success) throw checked.error;
        sent.push(episode);
      }
    },
    settings,
    clock: new VirtualClock(),
    logger: silentLogger,
    limits: { attempts: 1 },
  });
  hooks.push(hook);
  return { hook, sent };
}

/** The episode that a chat call becomes, as every wrapper hands it over. */
async function captured(body: unknown, answer: unknown, how: "whole" | "stream" = "whole") {
  const { hook, sent } = receiver();
  const opened = hook.openModelCall(() => ({}));
  const call = new OpenCall({
    provider: "openai",
    form: "chat.completions",
    body: snapshot(body).value,
    now: opened.now,
    done: (make, bytes) => opened.end(make, bytes),
  });
  call.answered(how === "stream");
  if (how === "stream") for (const chunk of answer as unknown[]) call.chunk(chunk, 0);
  else call.piece(Buffer.from(JSON.stringify(answer)), 0);
  call.end(0);
  await hook.flush();
  expect(hook.stats()).toMatchObject({ captured: 1, sent: 1, errors: 0, failures: 0 });
  await hook.close();
  return sent[0] as EpisodeInput;
}

/** Any JSON; its texts are numbered, so that each can be found again. */
let last = 0;
function numbered(value: unknown, texts: string[]): unknown {
  if (typeof value === "string") {
    texts.push(`text-${++last}-`);
    return texts.at(-1);
  }
  if (Array.isArray(value)) return value.map((item) => numbered(item, texts));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, numbered(of, texts)]));
}

const anyJson = fc.jsonValue({ maxDepth: 3 });
/** Where a text would be no text but a kind: other types, or a word. */
const kind = (...words: unknown[]) => fc.constantFrom(...words, null, 3, false, undefined);
const anyCall = fc.record(
  {
    id: kind("k1", "", "k2"),
    type: kind("function", "custom", "odd"),
    function: fc.oneof(
      anyJson.map((made) => ({ name: "f", arguments: made })),
      fc.record({ name: kind("f"), arguments: anyJson, more: anyJson }, { requiredKeys: [] }),
      kind(),
    ),
    extra_content: anyJson,
  },
  { requiredKeys: [] },
);
const message = fc.record(
  {
    role: kind("system", "user", "assistant", "tool", "function", "model", "critic"),
    content: fc.oneof(
      anyJson,
      fc.array(
        fc.record(
          { type: kind("text", "image_url", "odd"), text: anyJson, more: anyJson },
          { requiredKeys: [] },
        ),
      ),
    ),
    name: kind("f", "x".repeat(300)),
    tool_calls: fc.oneof(fc.array(anyCall), anyCall, kind()),
    tool_call_id: kind("k1", ""),
    refusal: anyJson,
    reasoning_content: anyJson,
    audio: anyJson,
    weight: kind(0, 1),
  },
  { requiredKeys: [] },
);
const tool = fc.oneof(
  fc.record(
    {
      type: kind("function", "web_search", "custom"),
      function: fc.record(
        {
          name: kind("f", "g", ""),
          description: anyJson,
          parameters: anyJson,
          strict: kind(true),
          more: anyJson,
        },
        { requiredKeys: [] },
      ),
      cache_control: anyJson,
    },
    { requiredKeys: [] },
  ),
  anyJson,
);
/** The numbered texts of a part, which a frame takes up without numbering them again. */
const withTexts = <T>(arbitrary: fc.Arbitrary<T>) =>
  arbitrary.map((value) => {
    const texts: string[] = [];
    return { value: restore(value, numbered(value, texts)), texts };
  });
/** Kinds stay words: only texts that are content are numbered. */
const WORDS = new Set(["id", "type", "role", "name", "tool_call_id"]);
function restore(original: unknown, changed: unknown): unknown {
  if (Array.isArray(original)) return original.map((item, i) => restore(item, (changed as unknown[])[i]));
  if (typeof original !== "object" || original === null) return changed;
  return Object.fromEntries(
    Object.entries(original).map(([name, of]) => [
      name,
      WORDS.has(name) && typeof of === "string"
        ? of
        : restore(of, (changed as Record<string, unknown>)[name]),
    ]),
  );
}

describe("whatever is captured", () => {
  test("is an episode that the schema takes, and none of its texts is lost", async () => {
    await fc.assert(
      fc.asyncProperty(
        withTexts(fc.array(message, { maxLength: 5 })),
        withTexts(fc.oneof(fc.array(tool, { maxLength: 3 }), kind())),
        withTexts(message),
        fc.oneof(kind(), fc.record({ prompt_tokens: kind(7, -1, 1.5, "7"), more: anyJson })),
        async (messages, tools, answer, usage) => {
          const episode = await captured(
            { model: "m", messages: messages.value, tools: tools.value, temperature: 0 },
            { id: "r", usage, choices: [{ message: answer.value, finish_reason: "stop" }] },
          );
          const kept = JSON.stringify(episode);
          const all = [messages, tools, answer].map(({ value }) => JSON.stringify(value) ?? "").join("");
          const lost = [...messages.texts, ...tools.texts, ...answer.texts].filter(
            (text) => all.includes(text) && !kept.includes(text),
          );
          expect(lost).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);
});

/** The episode of a capture by hand, whose caller no compiler holds to the types. */
async function byHand(start: unknown, end: unknown = { assistantOutput: "done" }, calls: unknown[] = []) {
  const { hook, sent } = receiver();
  const handle = hook.startCapture(start as StartCapture);
  for (const one of calls) handle.recordToolCall(one as ToolCallRecord);
  handle.endCapture(end as EndCapture);
  await hook.flush();
  expect(hook.stats()).toMatchObject({ captured: 1, sent: 1, errors: 0, failures: 0 });
  await hook.close();
  return sent[0] as EpisodeInput;
}

describe("a capture by hand", () => {
  test("takes any value for anything", async () => {
    const any = fc.anything({ maxDepth: 2, withBigInt: true, withDate: true, withMap: true, withSet: true });
    const anyOf = (...names: string[]) =>
      fc.record(Object.fromEntries(names.map((name) => [name, any])), { requiredKeys: [] });
    const belonging = ["agentId", "sessionId", "correlationId", "userId", "traceId", "spanId"];
    const shown = [
      "userInput",
      "systemPrompt",
      "messages",
      "tools",
      "parallelToolCalls",
      "model",
      "sampling",
    ];
    const start = anyOf(...belonging, ...shown, "metadata");
    const cost = ["tokenUsage", "costUsd", "firstTokenMs", "latencyMs"];
    const ended = ["assistantOutput", "model", "responseId", "missing", "ending", "errorBy", "error"];
    const end = anyOf(...ended, ...cost, "metadata");
    const call = anyOf("id", "toolName", "arguments", "result", "durationMs", "error");
    await fc.assert(
      fc.asyncProperty(start, end, fc.array(call, { maxLength: 2 }), async (...given) => {
        expect(episodeInputSchema.safeParse(await byHand(...given)).success).toBe(true);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  test("keeps who it belongs to, whatever that is held as", async () => {
    const episode = await byHand({ userInput: "hi", agentId: "Käthe's helper", sessionId: 12, userId: 7n });
    expect(episode).toMatchObject({
      agent_id: "Ka-the-s-helper",
      session_id: "12",
      user_id: "7",
      metadata: { agent_name: "Käthe's helper" },
    });
  });

  test("keeps what values say that are no JSON", async () => {
    const cycle: Record<string, unknown> = { name: "ring" };
    cycle.self = cycle;
    const shared = { a: 1 };
    const failure = Object.assign(new Error("no ship", { cause: new TypeError("no harbour") }), {
      code: "E1",
    });
    const values = {
      failure,
      map: new Map([["ship", "Alma"]]),
      pairs: new Map([[1, "one"]]),
      set: new Set(["a", 2]),
      buffer: new ArrayBuffer(5),
      pattern: /ship/i,
      boxed: new String("text"),
      cycle,
      twice: [shared, shared],
    };
    const { tool_calls } = await byHand({ userInput: "hi" }, undefined, [{ toolName: "t", result: values }]);
    expect(tool_calls?.[0]?.result).toEqual({
      failure: {
        name: "Error",
        message: "no ship",
        code: "E1",
        cause: { name: "TypeError", message: "no harbour" },
      },
      map: { ship: "Alma" },
      pairs: [[1, "one"]],
      set: ["a", 2],
      buffer: "[5 bytes]",
      pattern: "/ship/i",
      boxed: "text",
      cycle: { name: "ring", self: "[CYCLE]" },
      twice: [{ a: 1 }, { a: 1 }],
    });
  });
});

const png = Buffer.alloc(5_000_000, "picture").toString("base64");
const offered = (count: number, parameters: number) =>
  Array.from({ length: count }, (_, i) => ({
    type: "function",
    function: {
      name: `tool_${i}`,
      parameters: {
        type: "object",
        properties: Object.fromEntries(
          Array.from({ length: parameters }, (__, j) => [
            `p${j}`,
            { type: "string", description: "one of them", enum: ["a", "b", "c"] },
          ]),
        ),
      },
    },
  }));
const rounds = (count: number, text = "ok") =>
  Array.from({ length: count }, (_, i) => [
    { role: "assistant", tool_calls: [{ id: `k${i}`, function: { name: "tool_0", arguments: "{}" } }] },
    { role: "tool", tool_call_id: `k${i}`, content: `${text} ${i}` },
  ]).flat();
const asked = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Where are they?" },
];
const answered = (content: unknown) => ({
  id: "r",
  choices: [{ message: { content }, finish_reason: "stop" }],
});

describe("a call that is too large for the ledger", () => {
  test.each([
    ["80 tools of 30 parameters", offered(80, 30), asked, asked.length],
    ["900 rounds of tools, 64 tools", offered(64, 8), [...asked, ...rounds(900)], 1802],
  ])("is no such call with %s: nothing is cut", async (_name, tools, messages, count) => {
    const episode = await captured({ messages, tools }, answered("There."));
    expect(episode.tools).toEqual(tools);
    expect(episode.messages).toHaveLength(count + 1);
    expect(episode.truncated).toBeUndefined();
  });

  test("loses its oldest rounds when there are more messages than an episode holds", async () => {
    const episode = await captured(
      { messages: [...asked, ...rounds(2000)], tools: offered(5, 5) },
      answered("x"),
    );
    const { messages = [], tools, truncated } = episode;
    expect(tools).toHaveLength(5);
    expect(messages.length).toBeLessThanOrEqual(2000);
    expect(messages.length).toBeGreaterThan(1990);
    expect(messages.slice(0, 2)).toEqual(asked);
    expect(messages.at(-1)).toEqual({ role: "assistant", content: "x" });
    expect(messages.at(-2)).toEqual({ role: "tool", tool_call_id: "k1999", content: "ok 1999" });
    // Each result still follows its call.
    const calls = new Set(messages.flatMap((one) => (one.tool_calls ?? []).map(({ id }) => id)));
    for (const { role, tool_call_id } of messages) if (role === "tool") expect(calls).toContain(tool_call_id);
    expect(truncated?.messages).toBeGreaterThan(100_000);
  });

  test("loses no more of its messages than it must, and none of its tools, when it is larger than what is copied", async () => {
    const parts = Array.from({ length: 100 }, (_, i) => ({ type: "text", text: `${i}` }));
    const many = Array.from({ length: 2000 }, (_, i) => ({
      role: "user",
      content: [{ type: "text", text: `first of ${i}` }, ...parts],
    }));
    const episode = await captured({ messages: many, tools: offered(64, 10) }, answered("x"));
    expect(episode.tools).toEqual(offered(64, 10));
    expect(episode.messages?.at(-2)).toEqual(many.at(-1));
    expect(episode.truncated?.messages).toBeGreaterThan(0);
  });

  test("is stored with a pointer in the place of a picture's bytes, which are told by hash and length", async () => {
    const picture = (url: string) => ({ type: "image_url", image_url: { url, detail: "low" } });
    const messages = [
      {
        role: "user",
        content: [{ type: "text", text: "What is it?" }, picture(`data:image/png;base64,${png}`)],
      },
    ];
    const { messages: [kept] = [], truncated } = await captured({ messages }, answered("A picture."));
    const sum = hash("sha256", Buffer.from(png, "base64"));
    expect(kept?.content).toEqual([
      { type: "text", text: "What is it?" },
      picture(`lightning-bytes:image/png;5000000;${sum}`),
    ]);
    expect(truncated?.["messages.0.content"]).toBeGreaterThan(6_600_000);
    const small = `data:image/png;base64,${png.slice(0, 4000)}`;
    const whole = await captured(
      { messages: [{ role: "user", content: [picture(small)] }] },
      answered("A picture."),
    );
    expect(whole.messages?.[0]?.content).toEqual([picture(small)]);
  });

  test("is stored with a long answer once, whole where the conversation stands", async () => {
    const long = "word ".repeat(300_000);
    const episode = await captured({ messages: asked }, answered(long));
    expect(episode.messages?.at(-1)?.content).toBe(long);
    expect(episode.assistant_output.length).toBeLessThan(11_000);
    expect(episode.truncated).toEqual({ assistant_output: long.length - 10_000 });
    expect(Buffer.byteLength(JSON.stringify(episode))).toBeLessThan(MOST_EPISODE_BYTES);
  });

  test("has its longest texts cut to one length when nothing else helps", async () => {
    const long = "wörd ".repeat(400_000);
    const episode = await captured(
      { messages: [{ role: "user", content: `${long}?` }, ...asked.slice(1)], tools: offered(3, 3) },
      answered(`${long}!`),
    );
    expect(Buffer.byteLength(JSON.stringify(episode))).toBeLessThan(MOST_EPISODE_BYTES);
    expect(String(episode.messages?.at(-1)?.content).length).toBeGreaterThan(800_000);
    expect(episode.tools).toEqual(offered(3, 3));
  });

  test("keeps the caption beside a picture that a tool answers", async () => {
    const { hook, sent } = receiver();
    hook.captureFromToolResult({
      toolName: "photo",
      result: {
        content: [
          { type: "image", data: png, mimeType: "image/png" },
          { type: "text", text: "The harbour at noon." },
        ],
      },
    });
    await hook.flush();
    expect(sent[0]?.assistant_output).toContain("The harbour at noon.");
    expect(sent[0]?.assistant_output).toContain("lightning-bytes:image/png;5000000;");
  });
});

describe("what an answer holds beside its text", () => {
  const logprobs = { content: [{ token: "a", logprob: -0.1, bytes: null, top_logprobs: [] }], refusal: null };
  const whole = {
    id: "r",
    service_tier: "default",
    usage: {
      prompt_tokens: 9,
      completion_tokens: 4,
      total_tokens: 13,
      prompt_tokens_details: { cached_tokens: 8 },
      completion_tokens_details: { reasoning_tokens: 2, audio_tokens: 1 },
    },
    choices: [
      {
        index: 0,
        finish_reason: "stop",
        logprobs,
        message: { content: "a", reasoning_content: "thought", annotations: [{ type: "url_citation" }] },
      },
      { index: 1, finish_reason: "length", message: { content: "b" } },
    ],
  };
  const streamed = [
    { id: "r", service_tier: "default", choices: [{ index: 0, delta: { reasoning_content: "thou" } }] },
    {
      id: "r",
      choices: [
        { index: 0, delta: { reasoning_content: "ght" } },
        { index: 1, delta: { content: "b" } },
      ],
    },
    {
      id: "r",
      choices: [{ index: 0, logprobs, delta: { content: "a", annotations: [{ type: "url_citation" }] } }],
    },
    {
      id: "r",
      choices: [
        { index: 0, delta: {}, finish_reason: "stop" },
        { index: 1, delta: {}, finish_reason: "length" },
      ],
    },
    { id: "r", choices: [], usage: whole.usage },
  ];

  test.each([
    ["whole", whole],
    ["stream", streamed],
  ] as const)("is kept of an answer that comes as a %s", async (how, answer) => {
    const sampling = {
      temperature: 0,
      logit_bias: { 5: 1 },
      top_logprobs: 2,
      verbosity: "low",
      modalities: ["text"],
    };
    const episode = await captured({ model: "m", n: 2, ...sampling, messages: asked }, answer, how);
    expect(episode).toMatchObject({
      assistant_output: "a",
      sampling: { n: 2, ...sampling },
      token_usage: {
        prompt_tokens: 9,
        completion_tokens: 4,
        total_tokens: 13,
        cached_tokens: 8,
        reasoning_tokens: 2,
      },
      metadata: {
        reasoning: "thought",
        choices: 2,
        other_choices: [{ role: "assistant", content: "b", finish_reason: "length" }],
        choice_details: [
          { choice: 0, logprobs: { content: logprobs.content }, annotations: [{ type: "url_citation" }] },
        ],
        usage_details: { completion_tokens_details: { reasoning_tokens: 2, audio_tokens: 1 } },
      },
    });
    expect(episode.metadata).not.toHaveProperty("not_told");
  });

  test("a spoken answer is what was said, and the length of its sound", async () => {
    const audio = { id: "audio_1", data: png.slice(0, 4000), transcript: "In port.", expires_at: 1 };
    const episode = await captured(
      { messages: asked },
      { id: "r", choices: [{ message: { content: null, audio }, finish_reason: "stop" }] },
    );
    expect(episode.assistant_output).toBe("In port.");
    expect(episode.metadata?.choice_details).toEqual([
      { choice: 0, audio: { expires_at: 1, base64_characters: 4000 } },
    ]);
  });

  test("counts that a stream did not tell are said to be missing", async () => {
    const episode = await captured({ messages: asked }, streamed.slice(0, -1), "stream");
    expect(episode).not.toHaveProperty("token_usage");
    expect(episode.metadata?.not_told).toEqual(["token_usage"]);
  });
});
