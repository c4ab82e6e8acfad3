import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import OpenAI, { NotFoundError } from "openai";
import { type CaptureHook, createCaptureHook } from "../../src/capture/capture.ts";
import { wrapOpenAI } from "../../src/capture/wrap-openai.ts";
import { readSettings } from "../../src/config/settings.ts";
import { type EpisodeInput, episodeInputSchema } from "../../src/episodes/contract.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";

const COMPLETION = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "gpt-4o-mini-2024-07-18",
  choices: [
    {
      index: 0,
      finish_reason: "tool_calls",
      message: {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: "call_2", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
        ],
      },
    },
  ],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
};
const delta = (d: object, more: object = {}) => ({
  id: "chatcmpl-2",
  object: "chat.completion.chunk",
  created: 1,
  model: "gpt-4o-mini",
  choices: [{ index: 0, delta: d, finish_reason: null, ...more }],
});
const CHUNKS = [
  delta({ role: "assistant", content: "It is " }),
  delta({ content: "sunny." }),
  delta({ tool_calls: [{ index: 0, id: "c9", function: { name: "we", arguments: '{"ci' } }] }),
  delta({ tool_calls: [{ index: 0, function: { name: "ather", arguments: 'ty":1}' } }] }),
  delta({}, { finish_reason: "stop" }),
  { ...delta({}), choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } },
];

let server: Server;
let base: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => {
      body += part.toString();
    });
    request.on("end", () => {
      const { stream, model } = JSON.parse(body) as { stream?: boolean; model: string };
      if (model === "missing") {
        response.writeHead(404, { "content-type": "application/json" });
        response.end('{"error":{"message":"no such model","type":"x","code":"model_not_found"}}');
      } else if (stream) {
        response.writeHead(200, { "content-type": "text/event-stream" });
        for (const chunk of CHUNKS) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
        response.end("data: [DONE]\n\n");
      } else {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify(COMPLETION));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

let hook: CaptureHook;
let sent: EpisodeInput[];
let client: OpenAI;
beforeEach(() => {
  sent = [];
  hook = createCaptureHook({
    send: async (episodes) => {
      for (const episode of episodes) sent.push(episodeInputSchema.parse(episode));
    },
    settings: readSettings({ ENABLE_LIGHTNING_CAPTURE: "true" }),
    clock: new VirtualClock(),
    logger: silentLogger,
  });
  const raw = new OpenAI({ apiKey: "none", baseURL: base, maxRetries: 0 });
  client = wrapOpenAI(hook, raw, () => ({ sessionId: "s1" }));
});
afterEach(() => hook.close());

const messages = [
  { role: "system", content: "be brief" },
  { role: "user", content: "weather in Oslo?" },
  {
    role: "assistant",
    content: null,
    tool_calls: [{ id: "call_1", type: "function", function: { name: "geo", arguments: '{"q":"Oslo"}' } }],
  },
  { role: "tool", tool_call_id: "call_1", content: "59.9,10.7" },
] as OpenAI.ChatCompletionMessageParam[];
const tools: OpenAI.ChatCompletionFunctionTool[] = [
  { type: "function", function: { name: "weather", parameters: { type: "object", properties: {} } } },
];

describe("wrapping an OpenAI client", () => {
  test("a completion is the client's own and its episode is faithful", async () => {
    const completion = await client.chat.completions.create({
      model: "tuned-deployment",
      messages,
      tools,
      temperature: 0.2,
      parallel_tool_calls: false,
    });
    expect(completion.choices[0]?.message.tool_calls).toHaveLength(1);
    await hook.flush();
    expect(sent).toEqual([
      expect.objectContaining({
        user_input: "weather in Oslo?",
        assistant_output: "",
        system_prompt: "be brief",
        session_id: "s1",
        // The model that was called, not the version that answered.
        model_deployment: "tuned-deployment",
        messages: [...messages, COMPLETION.choices[0]?.message],
        tools,
        parallel_tool_calls: false,
        sampling: { temperature: 0.2 },
        token_usage: COMPLETION.usage,
        request_latency_ms: expect.any(Number),
        tool_calls: [
          { id: "call_1", tool_name: "geo", arguments: { q: "Oslo" }, result: "59.9,10.7" },
          { id: "call_2", tool_name: "weather", arguments: { city: "Oslo" } },
        ],
        metadata: expect.objectContaining({
          response_model: "gpt-4o-mini-2024-07-18",
          finish_reason: "tool_calls",
        }),
      }),
    ]);
  });

  test("arguments with longer numbers than a double holds are captured as the text that they are", async () => {
    const text = '{"id":12345678901234567890}';
    const called = { id: "call_1", type: "function" as const, function: { name: "find", arguments: text } };
    await client.chat.completions.create({
      model: "m",
      messages: [
        { role: "user", content: "find it" },
        { role: "assistant", content: null, tool_calls: [called] },
        { role: "tool", tool_call_id: "call_1", content: "found" },
      ],
    });
    await hook.flush();
    expect(sent[0]?.tool_calls?.[0]).toMatchObject({ tool_name: "find", arguments: text });
    expect(sent[0]?.messages?.[1]).toMatchObject({ tool_calls: [{ function: { arguments: text } }] });
  });

  test("a stream passes through chunk by chunk and is captured at its end", async () => {
    const stream = await client.chat.completions.create({
      model: "m",
      messages: [{ role: "user", content: "weather?" }],
      stream: true,
    });
    const chunks: unknown[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks).toEqual(CHUNKS);
    await hook.flush();
    expect(sent[0]).toMatchObject({
      assistant_output: "It is sunny.",
      token_usage: { total_tokens: 5 },
      tool_calls: [{ id: "c9", tool_name: "weather", arguments: { city: 1 } }],
      metadata: { finish_reason: "stop" },
    });
  });

  test("a stream left early is captured as far as it came", async () => {
    const stream = await client.chat.completions.create({
      model: "m",
      messages: [{ role: "user", content: "weather?" }],
      stream: true,
    });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    await hook.flush();
    expect(sent[0]).toMatchObject({ assistant_output: "It is ", metadata: { stream_aborted: true } });
  });

  test("tee gives both branches the chunks and one episode", async () => {
    const stream = await client.chat.completions.create({
      model: "m",
      messages: [{ role: "user", content: "weather?" }],
      stream: true,
    });
    const [left, right] = stream.tee();
    let count = 0;
    for await (const _ of left) count++;
    for await (const _ of right) count++;
    expect(count).toBe(2 * CHUNKS.length);
    await hook.flush();
    expect(sent).toHaveLength(1);
  });

  test("an error reaches the caller as it is and is recorded", async () => {
    await expect(
      client.chat.completions.create({ model: "missing", messages: [{ role: "user", content: "x" }] }),
    ).rejects.toBeInstanceOf(NotFoundError);
    await hook.flush();
    expect(sent[0]).toMatchObject({
      model_deployment: "missing",
      error: expect.stringContaining("no such model"),
    });
  });

  test("withResponse and asResponse work as without the wrapper", async () => {
    const request = { model: "m", messages: [{ role: "user" as const, content: "x" }] };
    const { data, response } = await client.chat.completions.create(request).withResponse();
    expect([data.id, response.status]).toEqual(["chatcmpl-1", 200]);
    const raw = await client.chat.completions.create(request).asResponse();
    await expect(raw.json()).resolves.toMatchObject({ id: "chatcmpl-1" });
    await hook.flush();
    expect(sent.map(({ metadata }) => metadata?.response_id)).toEqual(["chatcmpl-1", "chatcmpl-1"]);
  });

  test("with capture off the client itself is returned", () => {
    const off = createCaptureHook({
      send: async () => {},
      settings: readSettings({}),
      clock: new VirtualClock(),
      logger: silentLogger,
    });
    expect(wrapOpenAI(off, client)).toBe(client);
  });
});
