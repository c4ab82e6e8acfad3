import { type Json, list, present, record, text, textOrJson } from "../../episodes/odd/values.ts";
import { chatRequest } from "../calls/chat.ts";
import type { CallRequest } from "../calls/model-call.ts";

/** LangChain's messages and generations in the form of chat completions. Pure; `@langchain/core` 1. */

const ROLES: ReadonlyMap<string, string> = new Map(Object.entries({ human: "user", ai: "assistant" }));

/** What stands for messages once they are copied: their kind is known to their class alone. */
export function wireMessages(messages: unknown): Json[] {
  return list(messages).map((one) => {
    const message = record(one) as Json & { getType?: () => string };
    const type = message.getType?.() ?? text(message.role) ?? text(message.type);
    const role = ROLES.get(type ?? "") ?? (type === "generic" ? message.role : type);
    const calls = role === "assistant" ? callsOf(message) : [];
    return present({
      role,
      content: contentOf(message.content, role === "assistant"),
      name: message.name,
      tool_calls: calls.length === 0 ? undefined : calls,
      tool_call_id: message.tool_call_id,
    });
  });
}

/** An assistant's text stands for its parts: calls and reasoning have places of their own. */
function contentOf(content: unknown, isSaid: boolean): unknown {
  if (!isSaid || !Array.isArray(content)) return content;
  return content.map((part) => (typeof part === "string" ? part : (text(record(part).text) ?? ""))).join("");
}

/** The calls of an answer: their arguments as the model wrote them, where the message still has that. */
function callsOf(message: Json): Json[] {
  const written = new Map(
    list(record(message.additional_kwargs).tool_calls)
      .map(record)
      .map((call) => [call.id, record(call.function).arguments]),
  );
  return [...list(message.tool_calls), ...list(message.invalid_tool_calls)].map(record).map((call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: textOrJson(written.get(call.id) ?? call.args) },
  }));
}

/** @param value - `{ messages, parameters, model }`: messages in chat form, the parameters of the call, the model's name. */
export function langchainRequest(value: unknown): CallRequest {
  const { messages, parameters, model } = record(value);
  const { model_name: name, _type, tools, ...given } = record(parameters);
  return chatRequest({
    ...given,
    model: text(given.model) ?? text(name) ?? model,
    messages,
    ...(Array.isArray(tools) ? { tools: tools.map(record).map(wireTool) } : {}),
  });
}

/** Tools are bound in the provider's form; Anthropic's names its schema otherwise. */
const wireTool = (tool: Json): Json =>
  tool.input_schema === undefined
    ? tool
    : {
        type: "function",
        function: { name: tool.name, description: tool.description, parameters: tool.input_schema },
      };

/** What providers say of an end, as chat completions say it. */
const REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    completed: "stop",
    end_turn: "stop",
    stop_sequence: "stop",
    tool_use: "tool_calls",
  }),
);

function reasonOf(message: Json, generation: Json): string {
  const told = { ...record(generation.generationInfo), ...record(message.response_metadata) };
  const reason =
    text(record(told.incomplete_details).reason) ??
    text(told.finish_reason) ??
    text(told.finishReason) ??
    text(told.stop_reason) ??
    text(told.status);
  // The run came to its end, whatever the provider calls it.
  return REASONS.get(reason ?? "completed") ?? reason ?? "stop";
}

function usageOf(message: Json, output: Json): Json | undefined {
  const told = record(message.usage_metadata);
  const summed = record(record(output.llmOutput).tokenUsage);
  const usage = present({
    prompt_tokens: told.input_tokens ?? summed.promptTokens,
    completion_tokens: told.output_tokens ?? summed.completionTokens,
    total_tokens: told.total_tokens ?? summed.totalTokens,
    prompt_tokens_details: present({ cached_tokens: record(told.input_token_details).cache_read }),
    completion_tokens_details: present({ reasoning_tokens: record(told.output_token_details).reasoning }),
  });
  return usage.prompt_tokens === undefined && usage.completion_tokens === undefined ? undefined : usage;
}

/** @param value - The result of one run: `generations[0]` holds as many as were asked for with `n`. */
export function langchainAnswer(value: unknown): Json {
  const output = record(value);
  const generations = list(list(output.generations)[0]).map(record);
  const [first] = generations;
  const message = record(first?.message);
  const metadata = record(message.response_metadata);
  return present({
    id: text(metadata.id) ?? text(message.id),
    model: text(metadata.model_name) ?? text(metadata.model),
    service_tier: metadata.service_tier,
    choices: generations.map((generation) => choiceOf(generation)),
    usage: usageOf(message, output),
  });
}

function choiceOf(generation: Json): Json {
  // A model of plain text has no message.
  const message = record(generation.message ?? { content: generation.text });
  const more = record(message.additional_kwargs);
  const calls = callsOf(message);
  return {
    finish_reason: reasonOf(message, generation),
    message: present({
      content: contentOf(message.content, true),
      refusal: more.refusal,
      reasoning_content: more.reasoning_content,
      audio: more.audio,
      tool_calls: calls.length === 0 ? undefined : calls,
    }),
  };
}

/** A token of a stream as a chunk, with the pieces of calls that came with it. */
export function langchainChunk(token: unknown, index: unknown, fields: unknown): Json {
  const message = record(record(record(fields).chunk).message);
  return {
    choices: [
      {
        index: record(index).completion ?? 0,
        delta: {
          content: token,
          tool_calls: list(message.tool_call_chunks)
            .map(record)
            .map(({ index: at, id, name, args }) => ({ index: at, id, function: { name, arguments: args } })),
        },
      },
    ],
  };
}
