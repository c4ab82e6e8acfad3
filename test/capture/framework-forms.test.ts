import { describe, expect, test } from "@jest/globals";
import { AiSdkChunks, aiSdkAnswer, aiSdkRequest } from "../../src/capture/adapters/ai-sdk-form.ts";
import {
  langchainAnswer,
  langchainRequest,
  wireMessages,
} from "../../src/capture/adapters/langchain-form.ts";
import {
  generationSpanBody,
  generationSpanRequest,
  responseSpanBody,
  responseSpanRequest,
  spanError,
} from "../../src/capture/adapters/openai-agents-form.ts";
import { chatAnswer } from "../../src/capture/calls/chat.ts";
import { endingOf, faultOf } from "../../src/capture/calls/endings.ts";
import { ChatJoiner } from "../../src/capture/calls/join-chat.ts";
import { snapshot } from "../../src/capture/snapshot.ts";

// The frameworks themselves are asked in test/clients; here stands what they rarely say.

describe("a prompt of the AI SDK", () => {
  const asked = (...prompt: unknown[]) =>
    aiSdkRequest(snapshot({ model: "m", params: { prompt } }).value).messages;

  test.each([
    ["a picture by its address", new URL("https://a.example/x.png"), "https://a.example/x.png"],
    ["a picture in base64", "iVBORw0", "data:image/png;base64,iVBORw0"],
    ["a picture of version 4", { type: "url", url: "https://a.example/y.png" }, "https://a.example/y.png"],
  ])("%s", (_name, data, url) => {
    expect(asked({ role: "user", content: [{ type: "file", mediaType: "image/png", data }] })).toEqual([
      { role: "user", content: [{ type: "image_url", image_url: { url } }] },
    ]);
  });

  test("a picture in bytes leaves their number", () => {
    const data = new Uint8Array(7);
    expect(asked({ role: "user", content: [{ type: "file", mediaType: "image/png", data }] })).toEqual([
      { role: "user", content: [{ type: "image", media_type: "image/png", data: "[7 bytes]" }] },
    ]);
  });

  test.each([
    ["text", { type: "text", value: "7 degrees" }, "7 degrees"],
    ["JSON", { type: "json", value: { degrees: 7 } }, '{"degrees":7}'],
    ["an error", { type: "error-text", value: "no such city" }, "no such city"],
    ["a refusal of the user's", { type: "execution-denied", reason: "not now" }, "not now"],
    ["parts", { type: "content", value: [{ type: "text", text: "7" }] }, [{ type: "text", text: "7" }]],
  ])("a tool's result that is %s", (_name, output, content) => {
    const call = { type: "tool-call", toolCallId: "k1", toolName: "weather", input: { city: "Oslo" } };
    const result = { type: "tool-result", toolCallId: "k1", toolName: "weather", output };
    expect(asked({ role: "assistant", content: [call] }, { role: "tool", content: [result] })).toEqual([
      {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: "k1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
        ],
      },
      { role: "tool", tool_call_id: "k1", name: "weather", content },
    ]);
  });

  test("tools that are no functions are kept beside", () => {
    const search = { type: "provider", id: "openai.web_search", name: "web_search", args: {} };
    const request = aiSdkRequest({ model: "m", params: { prompt: [], tools: [search] } });
    expect([request.tools, request.kept]).toEqual([[], { other_tools: [search] }]);
  });
});

describe("an answer of the AI SDK", () => {
  test.each([
    ["stop", "finished"],
    ["tool-calls", "finished"],
    ["length", "cut"],
    ["content-filter", "filtered"],
    ["interrupted", "unfinished"],
    ["error", "failed"],
  ])("that ends by %s is %s", (unified, state) => {
    const body = aiSdkAnswer({ content: [], finishReason: { unified, raw: undefined } });
    expect(endingOf("chat", body, chatAnswer(body)).state).toBe(state);
  });

  test.each([
    ["in pieces and whole", ["tool-input-start", "tool-input-delta", "tool-call"]],
    ["whole", ["tool-call"]],
    ["begun and whole", ["tool-input-start", "tool-call"]],
  ])("whose calls are streamed %s has each once", (_name, kinds) => {
    const chunks = new AiSdkChunks();
    const joiner = new ChatJoiner();
    for (const id of ["k1", "k2"]) {
      const parts: Record<string, object> = {
        "tool-input-start": { type: "tool-input-start", id, toolName: "weather" },
        "tool-input-delta": { type: "tool-input-delta", id, delta: `{"of":"${id}"}` },
        "tool-call": { type: "tool-call", toolCallId: id, toolName: "weather", input: `{"of":"${id}"}` },
      };
      for (const kind of kinds) joiner.add(chunks.chunk(parts[kind]));
    }
    expect(chatAnswer(joiner.result()).choices[0]?.parts.filter(({ kind }) => kind === "tool_call")).toEqual(
      ["k1", "k2"].map((id) => ({
        kind: "tool_call",
        id,
        name: "weather",
        arguments: `{"of":"${id}"}`,
        type: "function",
      })),
    );
  });
});

describe("LangChain", () => {
  const ai = (more: object) => ({ getType: () => "ai", content: "", ...more });

  test("arguments are as the model wrote them, and malformed ones are kept", () => {
    const written = '{ "city" : "Oslo" }';
    const [message] = wireMessages([
      ai({
        tool_calls: [{ id: "k1", name: "weather", args: { city: "Oslo" } }],
        invalid_tool_calls: [{ id: "k2", name: "weather", args: '{"city' }],
        additional_kwargs: { tool_calls: [{ id: "k1", function: { name: "weather", arguments: written } }] },
      }),
    ]);
    expect(message).toMatchObject({
      tool_calls: [{ function: { arguments: written } }, { function: { arguments: '{"city' } }],
    });
  });

  test("tools in Anthropic's form are functions", () => {
    const tools = [{ name: "weather", description: "d", input_schema: { type: "object" } }];
    expect(langchainRequest({ messages: [], parameters: { tools } }).tools).toEqual([
      { type: "function", function: { name: "weather", description: "d", parameters: { type: "object" } } },
    ]);
  });

  test.each([
    [{ finish_reason: "stop" }, "finished"],
    [{ stop_reason: "end_turn" }, "finished"],
    [{ stop_reason: "max_tokens" }, "cut"],
    [{ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } }, "cut"],
    [{ finish_reason: "content_filter" }, "filtered"],
    [{}, "finished"],
  ])("an answer with %j is %s", (response_metadata, state) => {
    const body = langchainAnswer({ generations: [[{ message: ai({ content: "x", response_metadata }) }]] });
    expect(endingOf("chat", body, chatAnswer(body)).state).toBe(state);
  });
});

describe("a word that is a member of every object", () => {
  test.each(["constructor", "toString", "__proto__"])("%s is a word that nobody knows", (word) => {
    const message = { getType: () => word, content: "x", response_metadata: { finish_reason: word } };
    expect(wireMessages([message])).toMatchObject([{ role: word }]);
    expect(langchainAnswer({ generations: [[{ message }]] })).toMatchObject({
      choices: [{ finish_reason: word }],
    });
    expect(aiSdkAnswer({ content: [], finishReason: { unified: word } })).toMatchObject({
      choices: [{ finish_reason: word }],
    });
    expect(faultOf({ name: word, message: "no" }).by).toBe("provider");
  });
});

describe("spans of @openai/agents", () => {
  test("items are the conversation, their calls beside their results", () => {
    const body = responseSpanBody({
      _input: [
        {
          type: "message",
          role: "user",
          content: [{ type: "input_image", image: "https://a.example/x.png" }],
        },
        { type: "function_call", callId: "k1", name: "weather", arguments: "{}" },
        { type: "function_call_result", callId: "k1", output: { type: "text", text: "7 degrees" } },
      ],
    });
    expect(responseSpanRequest(body)).toMatchObject({
      messages: [
        { role: "user", content: [{ type: "image_url", image_url: { url: "https://a.example/x.png" } }] },
        { role: "assistant", tool_calls: [{ id: "k1" }] },
        { role: "tool", tool_call_id: "k1", content: "7 degrees" },
      ],
      missing: [],
    });
  });

  test("of a call that told nothing of its request, the request is missing", () => {
    expect(responseSpanRequest(responseSpanBody({})).missing).toEqual(["request"]);
    expect(generationSpanRequest(generationSpanBody({ model: "m" })).missing).toEqual(["request"]);
  });

  test.each([
    ["400 no such model", "caller"],
    ["429 slow down", "provider"],
    ["Error: 503 overloaded", "provider"],
    ["Request was aborted.", "caller"],
    ["Connection error.", "network"],
    ["Request timed out.", "network"],
    ["something else", "provider"],
  ])("%s: a fault of the %s", (message, by) => {
    expect(faultOf(spanError({ message })).by).toBe(by);
  });
});
