import { type Json, list, present, record, text } from "../../episodes/odd/values.ts";
import { chatRequest } from "../calls/chat.ts";
import type { Message } from "../calls/conversations.ts";
import type { CallRequest } from "../calls/model-call.ts";
import { responsesRequest } from "../calls/responses.ts";

/** What the spans of `@openai/agents` hold of a call, as bodies of the two forms that it calls. Pure. */

/** A span of the Responses form: its input in the framework's items, the response as it came. */
export function responseSpanBody({ _input: input, _response: told }: Json): Json {
  const response = record(told);
  return present({
    // A response repeats what it was asked.
    model: response.model,
    instructions: response.instructions,
    tools: response.tools,
    tool_choice: response.tool_choice,
    parallel_tool_calls: response.parallel_tool_calls,
    temperature: response.temperature,
    top_p: response.top_p,
    max_output_tokens: response.max_output_tokens,
    reasoning: response.reasoning,
    text: response.text,
    previous_response_id: response.previous_response_id,
    conversation: response.conversation,
    input: typeof input === "string" ? input : list(input).map(record).map(wireItem),
    isAsked: input !== undefined,
  });
}

/** @param value - What `responseSpanBody` made. */
export function responseSpanRequest(value: unknown, before?: readonly Message[]): CallRequest {
  const { isAsked, ...body } = record(value);
  return withMissing(responsesRequest(body, before), isAsked);
}

/** An item of the framework's as one of the Responses form. */
function wireItem(item: Json): Json {
  const { callId, ...rest } = item;
  if (item.type === "function_call_result")
    return { type: "function_call_output", call_id: callId, output: outputOf(item.output) };
  if (item.type === "function_call") return { ...rest, call_id: callId };
  if (Array.isArray(item.content)) return { ...item, content: item.content.map(record).map(wirePart) };
  return item;
}

const wirePart = (part: Json): Json =>
  part.type === "input_image" && part.image_url === undefined
    ? present({ type: "input_image", image_url: part.image, detail: part.detail })
    : part;

function outputOf(output: unknown): unknown {
  if (Array.isArray(output)) return output.map(record).map(wirePart);
  return text(record(output).text) ?? output;
}

/** A span of the chat form: messages as they were sent; tools are not told. */
export function generationSpanBody({ model, model_config: config, input }: Json): Json {
  const { base_url: _url, ...sampling } = record(config);
  return { ...present(sampling), model, messages: input, isAsked: input !== undefined };
}

/** @param value - What `generationSpanBody` made. */
export function generationSpanRequest(value: unknown): CallRequest {
  const { isAsked, ...body } = record(value);
  return withMissing(chatRequest(body), isAsked);
}

/** A call that failed has told nothing of what it asked. */
const withMissing = (request: CallRequest, isAsked: unknown): CallRequest =>
  isAsked === true ? request : { ...request, missing: ["request", ...request.missing] };

/**
 * A span's error as what the client threw: the framework keeps its words alone.
 * `openai` begins them with the status.
 */
export function spanError(value: unknown): Error & { status?: number } {
  const { message, data } = record(value);
  const words = text(record(data).error) ?? text(message) ?? "The call failed.";
  const said = words.replace(/^\w*Error: /, "");
  const status = /^([45]\d\d) /.exec(said)?.[1];
  const error: Error & { status?: number } = new Error(said);
  if (status !== undefined) error.status = Number(status);
  else if (said.startsWith("Request was aborted")) error.name = "APIUserAbortError";
  else if (/^(Connection error|Request timed out)/.test(said)) error.name = "APIConnectionError";
  return error;
}
