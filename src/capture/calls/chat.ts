import {
  besideCall,
  callOf,
  contentOf,
  contentText,
  readMessages,
  toolsOf,
} from "../../episodes/odd/chat.ts";
import { otherUsage, usageOf } from "../../episodes/odd/usage.ts";
import {
  besides,
  isEmpty,
  isGiven,
  type Json,
  list,
  listed,
  present,
  record,
  saysNothing,
  text,
  textOrJson,
} from "../../episodes/odd/values.ts";
import { leftOutOf } from "../snapshot.ts";
import type { AnswerPart, CallAnswer, CallRequest, Choice } from "./model-call.ts";

/** What is the conversation itself, or says how the answer is to travel; all else shapes the answer. */
const NO_SAMPLING = new Set([
  "messages",
  "tools",
  "functions",
  "model",
  "parallel_tool_calls",
  "stream",
  "stream_options",
  "store",
  "user",
  "safety_identifier",
  "prompt_cache_key",
  "metadata",
  "prompt",
  "input",
  "instructions",
  "previous_response_id",
  "conversation",
  "background",
  "include",
]);

export const samplingOf = (body: Json): Record<string, unknown> =>
  Object.fromEntries(Object.entries(present(body)).filter(([name]) => !NO_SAMPLING.has(name)));

/** A request of `POST /chat/completions`. */
export function chatRequest(value: unknown): CallRequest {
  const body = record(value);
  const { tools, others } = toolsOf([
    ...listed(body.tools),
    ...listed(body.functions).map((made) => ({ type: "function", function: made })),
  ]);
  const { messages, others: details } = readMessages(body.messages);
  return {
    model: text(body.model),
    messages,
    tools,
    parallelToolCalls: typeof body.parallel_tool_calls === "boolean" ? body.parallel_tool_calls : undefined,
    sampling: samplingOf(body),
    kept: {
      ...(others.length === 0 ? {} : { other_tools: others }),
      ...(details.length === 0 ? {} : { message_details: details }),
      ...(Object.keys(record(body.metadata)).length === 0 ? {} : { request_metadata: body.metadata }),
    },
    missing: [],
    leftOut: leftOutOf(value),
  };
}

/** An answer of `POST /chat/completions`, or what a stream's chunks spelt out. */
export function chatAnswer(value: unknown): CallAnswer {
  const body = record(value);
  const choices = list(body.choices).map(record);
  const details = choices.map(detailsOf).filter((of) => !isEmpty(of));
  return {
    responseId: text(body.id),
    responseModel: text(body.model),
    choices: choices.map(chatChoice),
    usage: usageOf(body.usage),
    kept: present({
      service_tier: body.service_tier,
      system_fingerprint: body.system_fingerprint,
      usage_details: otherUsage(body.usage),
      choice_details: details.length === 0 ? undefined : details,
    }),
  };
}

/** Members of a choice and of its message that are read as parts of the answer, or say nothing. */
const CHOICE_MEMBERS = new Set(["index", "message", "delta", "text", "finish_reason"]);
const ANSWER_MEMBERS = new Set([
  "role",
  "content",
  "refusal",
  "tool_calls",
  "function_call",
  "audio",
  "reasoning_content",
  "reasoning",
  "parsed",
]);

/** What a choice holds beside its answer: log probabilities, annotations, whatever a server adds. */
function detailsOf(raw: Json, at: number): Record<string, unknown> {
  const message = record(raw.message);
  const beside: Record<string, unknown> = {
    ...besides(raw, CHOICE_MEMBERS),
    ...besides(message, ANSWER_MEMBERS),
    content: listed(message.content).filter((part) => !isPlain(part)),
    audio: audioOf(message.audio),
  };
  for (const [name, of] of Object.entries(beside)) if (!isGiven(of) || saysNothing(of)) delete beside[name];
  const calls = listed(message.tool_calls).map(besideCall);
  if (!calls.every(isEmpty)) beside.tool_calls = calls;
  return isEmpty(beside) ? {} : { choice: typeof raw.index === "number" ? raw.index : at, ...beside };
}

/** A part of which nothing is left but its text. */
const isPlain = (part: unknown): boolean =>
  typeof part !== "object" || Object.keys(record(part)).every((name) => name === "type" || name === "text");

/** What is told of a spoken answer beside its id and transcript; of its sound the length alone. */
function audioOf(value: unknown): unknown {
  if (!isGiven(value) || record(value) !== value) return value;
  const { id: _id, transcript, data, ...beside } = record(value);
  return {
    ...present(beside),
    ...(typeof data === "string" ? { base64_characters: data.length } : present({ data })),
    ...(typeof transcript === "string" ? {} : present({ transcript })),
  };
}

function chatChoice(raw: Json, at: number): Choice {
  const message = record(raw.message);
  const audio = record(message.audio);
  const parts: AnswerPart[] = [];
  const reasoning = textOrJson(message.reasoning_content ?? message.reasoning);
  if (reasoning !== "") parts.push({ kind: "reasoning", text: reasoning });
  const content = contentOf(message.content);
  if (typeof content === "string") parts.push({ kind: "text", text: content });
  else parts.push(...(content ?? []).flatMap(answerPart));
  const refusal = textOrJson(message.refusal);
  if (refusal !== "") parts.push({ kind: "refusal", text: refusal });
  if (Object.keys(audio).length > 0)
    parts.push({ kind: "audio", pointer: text(audio.id) ?? "inline", transcript: text(audio.transcript) });
  const legacy = message.function_call;
  const calls = [
    ...listed(message.tool_calls),
    ...(legacy === undefined || legacy === null ? [] : [{ function: legacy }]),
  ];
  for (const [i, call] of calls.entries()) parts.push({ kind: "tool_call", ...callOf(call, `a${at}.${i}`) });
  return { parts, finishReason: text(raw.finish_reason) };
}

/** A part of an answer whose content is a list: text, a thought, a picture. */
function answerPart(part: Json): AnswerPart[] {
  const thought = part.thinking ?? part.reasoning ?? (part.type === "reasoning" ? part.text : undefined);
  const url = text(record(part.image_url).url) ?? text(part.image_url);
  return [
    ...(isGiven(thought)
      ? [{ kind: "reasoning" as const, text: contentText(contentOf(thought)) }]
      : isGiven(part.text)
        ? [{ kind: "text" as const, text: textOrJson(part.text) }]
        : []),
    ...(url === undefined
      ? []
      : [{ kind: "image" as const, pointer: url.startsWith("data:") ? "inline" : url }]),
  ];
}

/** A request of `POST /completions`: the prompt is what the user said. */
export function completionsRequest(value: unknown): CallRequest {
  const body = record(value);
  const prompts = Array.isArray(body.prompt) ? body.prompt : [body.prompt];
  const said = prompts.every((one) => typeof one === "string")
    ? prompts
    : [JSON.stringify(body.prompt ?? "")];
  return {
    model: text(body.model),
    messages: said.map((content) => ({ role: "user" as const, content })),
    tools: [],
    parallelToolCalls: undefined,
    sampling: samplingOf(body),
    kept: {},
    missing: [],
  };
}

/** An answer of `POST /completions`. */
export function completionsAnswer(value: unknown): CallAnswer {
  const body = record(value);
  return {
    responseId: text(body.id),
    responseModel: text(body.model),
    choices: list(body.choices).map((one) => ({
      parts: [{ kind: "text", text: text(record(one).text) ?? "" }],
      finishReason: text(record(one).finish_reason),
    })),
    usage: usageOf(body.usage),
    kept: present({ usage_details: otherUsage(body.usage) }),
  };
}
