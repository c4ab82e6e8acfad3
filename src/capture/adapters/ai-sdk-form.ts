import { count, type Json, list, present, record, text, textOrJson } from "../../episodes/odd/values.ts";
import { chatRequest } from "../calls/chat.ts";
import type { CallRequest } from "../calls/model-call.ts";

/**
 * What the Vercel AI SDK says to a language model and hears from it, in the form of chat completions. The names are those of
 * its language model specification, versions 3 (`ai` 6) and 4 (`ai` 7). Pure.
 */

/** Parameters, by their names here and on the wire. */
const SAMPLING: Readonly<Record<string, string>> = {
  maxOutputTokens: "max_tokens",
  temperature: "temperature",
  stopSequences: "stop",
  topP: "top_p",
  topK: "top_k",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  seed: "seed",
  reasoning: "reasoning_effort",
};

/** @param value - `{ model, params }`: the model's id and the call's options. */
export function aiSdkRequest(value: unknown): CallRequest {
  const { model, params: given } = record(value);
  const params = record(given);
  const tools = list(params.tools).map(record).map(wireTool);
  return chatRequest({
    model,
    messages: list(params.prompt).map(record).flatMap(wireMessages),
    ...(tools.length === 0 ? {} : { tools }),
    ...Object.fromEntries(Object.entries(SAMPLING).map(([ours, wire]) => [wire, params[ours]])),
    tool_choice: toolChoice(record(params.toolChoice)),
    response_format: responseFormat(record(params.responseFormat)),
  });
}

const wireTool = (tool: Json): Json =>
  tool.type === "function"
    ? {
        type: "function",
        function: {
          name: tool.name,
          description: tool.description,
          parameters: tool.inputSchema,
          strict: tool.strict,
        },
      }
    : tool;

function toolChoice({ type, toolName }: Json): unknown {
  return type === "tool" ? { type: "function", function: { name: toolName } } : type;
}

function responseFormat({ type, schema, name }: Json): unknown {
  if (type !== "json") return undefined;
  return schema === undefined
    ? { type: "json_object" }
    : { type: "json_schema", json_schema: present({ name, schema }) };
}

/** A message in chat form: a tool's message becomes one for each result that it holds. */
function wireMessages(message: Json): Json[] {
  const { role, content } = message;
  const parts = list(content).map(record);
  const results = parts.filter(({ type }) => type === "tool-result").map(wireResult);
  if (role === "tool") return results;
  if (role !== "assistant")
    return [{ role, content: Array.isArray(content) ? parts.map(wirePart) : content }];
  const calls = parts.filter(({ type }) => type === "tool-call").map(wireCall);
  const said = parts.map((part) => (part.type === "text" ? (text(part.text) ?? "") : "")).join("");
  return [
    {
      role,
      content: said === "" && calls.length > 0 ? null : said,
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
    // Results of tools that the provider ran are in the assistant's own message.
    ...results,
  ];
}

const wireCall = ({ toolCallId, toolName, input }: Json): Json => ({
  id: toolCallId,
  type: "function",
  function: { name: toolName, arguments: textOrJson(input) },
});

function wireResult({ toolCallId, toolName, output: told }: Json): Json {
  const output = record(told);
  const value = output.type === "execution-denied" ? (output.reason ?? "The call was denied.") : output.value;
  return {
    role: "tool",
    tool_call_id: toolCallId,
    name: toolName,
    content: output.type === "content" ? list(value).map(record).map(wirePart) : textOrJson(value),
  };
}

function wirePart(part: Json): Json {
  if (part.type === "text") return { type: "text", text: part.text };
  const { data: of = part.url, mediaType } = part;
  const data = record(of);
  const held = text(of) ?? text(data.url) ?? text(data.data) ?? text(data.text);
  if (typeof mediaType !== "string" || !mediaType.startsWith("image/") || held === undefined)
    return present({ ...part, type: text(part.type) ?? "unknown" });
  // Bytes were not copied: what stands for them says how many they are.
  if (held.startsWith("[")) return { type: "image", media_type: mediaType, data: held };
  const url = /^(https?:|data:)/.test(held) ? held : `data:${mediaType};base64,${held}`;
  return { type: "image_url", image_url: { url } };
}

const REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "tool-calls": "tool_calls",
    "content-filter": "content_filter",
  }),
);

/** The reason as chat completions name it; undefined: the model did not come to an end. */
function aiSdkReason(value: unknown): string | undefined {
  const unified = text(value) ?? text(record(value).unified);
  if (unified === undefined || unified === "interrupted" || unified === "error") return undefined;
  if (unified === "other" || unified === "unknown") return text(record(value).raw);
  return REASONS.get(unified) ?? unified;
}

function aiSdkUsage(value: unknown): Json | undefined {
  const { inputTokens, outputTokens, raw: of } = record(value);
  const [input, output, raw] = [record(inputTokens), record(outputTokens), record(of)];
  const usage = present({
    prompt_tokens: count(input.total) ?? count(inputTokens),
    completion_tokens: count(output.total) ?? count(outputTokens),
    total_tokens: count(raw.total_tokens),
    prompt_tokens_details: present({ cached_tokens: count(input.cacheRead) }),
    completion_tokens_details: present({ reasoning_tokens: count(output.reasoning) }),
  });
  return usage.prompt_tokens === undefined && usage.completion_tokens === undefined ? undefined : usage;
}

/** A whole answer, of `doGenerate`. */
export function aiSdkAnswer(value: unknown): Json {
  const { content, finishReason, usage, response } = record(value);
  const parts = list(content).map(record);
  const said = (kind: string) =>
    parts.map((part) => (part.type === kind ? (text(part.text) ?? "") : "")).join("");
  const calls = parts.filter(({ type }) => type === "tool-call").map(wireCall);
  return present({
    id: record(response).id,
    model: record(response).modelId,
    error:
      record(finishReason).unified === "error" ? { message: "The provider ended with an error." } : undefined,
    choices: [
      {
        finish_reason: aiSdkReason(finishReason),
        message: {
          content: said("text"),
          reasoning_content: said("reasoning"),
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
      },
    ],
    usage: aiSdkUsage(usage),
  });
}

/** The parts of a stream as chunks of a streamed completion. */
export class AiSdkChunks {
  /** Calls by their ids, in the order in which they came. */
  readonly #calls = new Map<string, { readonly index: number; isWritten: boolean }>();

  /** @returns undefined where the part brings nothing of the answer */
  chunk(value: unknown): Json | undefined {
    const part = record(value);
    const delta = (told: Json, finish?: string) => ({
      choices: [{ index: 0, delta: told, finish_reason: finish }],
    });
    switch (part.type) {
      case "text-delta":
        return delta({ content: part.delta });
      case "reasoning-delta":
        return delta({ reasoning_content: part.delta });
      case "tool-input-start": {
        const { index } = this.#call(part.id);
        return delta({ tool_calls: [{ index, id: part.id, function: { name: part.toolName } }] });
      }
      case "tool-input-delta": {
        const call = this.#call(part.id);
        call.isWritten = true;
        return delta({ tool_calls: [{ index: call.index, function: { arguments: part.delta } }] });
      }
      case "tool-call": {
        const call = this.#call(part.toolCallId);
        // Its input was told in pieces before.
        return call.isWritten ? undefined : delta({ tool_calls: [{ index: call.index, ...wireCall(part) }] });
      }
      case "response-metadata":
        return present({ id: part.id, model: part.modelId });
      case "finish":
        return { ...delta({}, aiSdkReason(part.finishReason)), usage: aiSdkUsage(part.usage) };
      default:
        return undefined;
    }
  }

  #call(id: unknown): { readonly index: number; isWritten: boolean } {
    const name = textOrJson(id);
    const call = this.#calls.get(name) ?? { index: this.#calls.size, isWritten: false };
    this.#calls.set(name, call);
    return call;
  }
}
