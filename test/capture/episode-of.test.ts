import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import OpenAI from "openai";
import { type CaptureHook, createCaptureHook } from "../../src/capture/capture.ts";
import { episodeIdOf } from "../../src/capture/episode-of.ts";
import { wrapOpenAI } from "../../src/capture/wrap-openai.ts";
import { wrapToolHandler } from "../../src/capture/wrap-tool-handler.ts";
import { readSettings } from "../../src/config/settings.ts";
import { type EpisodeInput, episodeInputSchema } from "../../src/episodes/contract.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";

/** A provider that numbers its answers, and calls a tool for as long as it has no result. */
let server: Server;
let base: string;
let answers = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => {
      body += part.toString();
    });
    request.on("end", () => {
      const asked = JSON.parse(body) as {
        stream?: boolean;
        model: string;
        tools?: [];
        messages?: { role: string }[];
      };
      const id = `answer-${++answers}`;
      if (asked.model === "missing") {
        response.writeHead(404, { "content-type": "application/json" });
        response.end('{"error":{"message":"no such model"}}');
        return;
      }
      const isTool = asked.tools !== undefined && !asked.messages?.some(({ role }) => role === "tool");
      const message = isTool
        ? {
            role: "assistant",
            content: null,
            tool_calls: [{ id: "c1", type: "function", function: { name: "now", arguments: "{}" } }],
          }
        : { role: "assistant", content: '{"n":1}' };
      const chat = { id, object: "chat.completion", created: 1, model: "m" };
      const finish_reason = isTool ? "tool_calls" : "stop";
      const output = [
        {
          type: "message",
          id: "msg",
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: '{"n":1}', annotations: [] }],
        },
      ];
      const whole = {
        id,
        object: "response",
        created_at: 1,
        model: "m",
        status: "completed",
        output,
        tools: [],
      };
      const isResponses = request.url?.endsWith("/responses");
      if (asked.stream !== true) {
        response.writeHead(200, { "content-type": "application/json" });
        const completion = { ...chat, choices: [{ index: 0, finish_reason, message, text: "x" }] };
        response.end(JSON.stringify(isResponses ? whole : completion));
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      const events = isResponses
        ? [
            {
              type: "response.created",
              sequence_number: 0,
              response: { ...whole, status: "in_progress", output: [] },
            },
            { type: "response.completed", sequence_number: 1, response: whole },
          ]
        : [
            {
              ...chat,
              object: "chat.completion.chunk",
              choices: [{ index: 0, delta: message, finish_reason: null }],
            },
            { ...chat, object: "chat.completion.chunk", choices: [{ index: 0, delta: {}, finish_reason }] },
          ];
      for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`);
      response.end("data: [DONE]\n\n");
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
  client = wrapOpenAI(hook, new OpenAI({ apiKey: "none", baseURL: base, maxRetries: 0 }));
});
afterEach(() => hook.close());

const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "one?" }];
const chat = { model: "m", messages };
const drained = async <T>(stream: AsyncIterable<T>) => {
  const parts: T[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
};
const now = {
  type: "function",
  function: {
    name: "now",
    description: "The time",
    parameters: { type: "object", properties: {} },
    function: () => "noon",
  },
} as const;

/** Each form of a call, and all that it hands to its caller. */
const FORMS: Record<string, (openai: OpenAI) => Promise<unknown[]>> = {
  "a completion and its promise": async (openai) => {
    const promise = openai.chat.completions.create(chat);
    return [await promise, promise];
  },
  "a parsed completion": async (openai) => [await openai.chat.completions.parse(chat)],
  "a stream and its chunks": async (openai) => {
    const stream = await openai.chat.completions.create({ ...chat, stream: true });
    return [stream, ...(await drained(stream))];
  },
  "a stream helper and what it puts together": async (openai) => {
    const helper = openai.chat.completions.stream(chat);
    return [await helper.finalChatCompletion(), helper];
  },
  "a raw response": async (openai) => {
    const response = await openai.chat.completions.create(chat).asResponse();
    return [response, await response.json()];
  },
  "an answer with its response": async (openai) => {
    const both = await openai.chat.completions.create(chat).withResponse();
    return [both, both.data, both.response];
  },
  "an answer of a client with options": async (openai) => [
    await openai.withOptions({ timeout: 5000 }).chat.completions.create(chat),
  ],
  "a text completion": async (openai) => [await openai.completions.create({ model: "m", prompt: "one?" })],
  "a response": async (openai) => [await openai.responses.create({ model: "m", input: "one?" })],
  "a parsed response": async (openai) => [await openai.responses.parse({ model: "m", input: "one?" })],
  "a stream of a response": async (openai) => {
    const stream = await openai.responses.create({ model: "m", input: "one?", stream: true });
    await drained(stream);
    return [stream];
  },
  "a stream helper of a response": async (openai) => {
    const helper = openai.responses.stream({ model: "m", input: "one?" });
    return [await helper.finalResponse(), helper];
  },
  "an error": async (openai) => {
    const promise = openai.chat.completions.create({ ...chat, model: "missing" });
    return [await promise.catch((thrown: unknown) => thrown), promise];
  },
};

describe("the episode of an answer", () => {
  test.each(Object.keys(FORMS))("is known by %s", async (form) => {
    const given = (await FORMS[form]?.(client)) ?? [];
    const ids = given.map(episodeIdOf);
    await hook.flush();
    expect(sent).toHaveLength(1);
    expect(ids).toEqual(given.map(() => sent[0]?.id));
  });

  test("of a run with tools is that of the last call, by the runner and its answer", async () => {
    const runner = client.chat.completions.runTools({ ...chat, tools: [now] });
    const final = await runner.finalChatCompletion();
    await hook.flush();
    expect(sent).toHaveLength(2);
    expect([episodeIdOf(runner), episodeIdOf(final)]).toEqual([sent[1]?.id, sent[1]?.id]);
  });

  test("of calls at one time is each one's own", async () => {
    const replies = await Promise.all(Array.from({ length: 8 }, () => client.chat.completions.create(chat)));
    await hook.flush();
    const byResponse = new Map(sent.map(({ id, response_id }) => [response_id, id]));
    expect(replies.map(episodeIdOf)).toEqual(replies.map(({ id }) => byResponse.get(id)));
    expect(new Set(replies.map(episodeIdOf)).size).toBe(8);
  });

  test("of a tool's result, waited for or not, and of what it threw", async () => {
    const result = { content: [{ type: "text", text: "14" }] };
    const fault = new Error("no stock");
    const [plain, later, failing] = [
      wrapToolHandler(hook, "count", () => result),
      wrapToolHandler(hook, "count_later", async () => ({ ...result })),
      wrapToolHandler(hook, "count_nothing", () => {
        throw fault;
      }),
    ];
    expect(plain()).toBe(result);
    const waited = await later();
    expect(failing).toThrow(fault);
    await hook.flush();
    expect([result, waited, fault].map(episodeIdOf)).toEqual(sent.map(({ id }) => id));
  });

  test("is unknown for what was not captured", async () => {
    const raw = new OpenAI({ apiKey: "none", baseURL: base });
    expect(episodeIdOf(await raw.chat.completions.create(chat))).toBeUndefined();
    for (const other of [undefined, null, "answer-1", 7, {}, []]) expect(episodeIdOf(other)).toBeUndefined();
  });
});
