import { chatCall, contentOf, toolsOf } from "../../episodes/odd/chat.ts";
import { otherUsage, usageOf } from "../../episodes/odd/usage.ts";
import { type Json, list, present, record, text, textOrJson } from "../../episodes/odd/values.ts";
import type { MessageInput as Message } from "../../wire/types.ts";
import { leftOutOf } from "../snapshot.ts";
import { samplingOf } from "./chat.ts";
import type { AnswerPart, CallAnswer, CallRequest } from "./model-call.ts";

/**
 * A request of `POST /responses`, its input items in chat form.
 * @param before - The conversation up to here, where `previous_response_id` or `conversation` names one that was captured.
 */
export function responsesRequest(value: unknown, before?: readonly Message[]): CallRequest {
  const body = record(value);
  const { tools, others } = toolsOf(body.tools);
  const items = typeof body.input === "string" ? [{ role: "user", content: body.input }] : list(body.input);
  const { messages, unknown } = itemsToMessages(items);
  const instructions = text(body.instructions);
  const continued = continuedFrom(body);
  return {
    model: text(body.model),
    messages: [
      // Instructions hold for one call; those of earlier calls are not among `before`.
      ...(instructions === undefined ? [] : [{ role: "system" as const, content: instructions }]),
      ...(before ?? []),
      ...messages,
    ],
    tools,
    parallelToolCalls: typeof body.parallel_tool_calls === "boolean" ? body.parallel_tool_calls : undefined,
    sampling: samplingOf(body),
    kept: {
      ...(others.length === 0 ? {} : { other_tools: others }),
      ...(unknown.length === 0 ? {} : { other_items: unknown }),
      ...(Object.keys(record(body.metadata)).length === 0 ? {} : { request_metadata: body.metadata }),
    },
    missing: [
      ...(continued === undefined || before !== undefined ? [] : [continued]),
      ...(body.prompt === undefined || body.prompt === null
        ? []
        : [`prompt=${text(record(body.prompt).id) ?? "unnamed"}`]),
      ...items
        .map(record)
        .flatMap((item) => (item.type === "item_reference" ? [`item=${textOrJson(item.id)}`] : [])),
    ],
    leftOut: leftOutOf(value),
  };
}

/** What a request goes on with, as `previous_response_id=resp_1` or `conversation=conv_1`; undefined: it begins anew. */
export function continuedFrom(value: unknown): string | undefined {
  const body = record(value);
  const previous = text(body.previous_response_id);
  if (previous !== undefined) return `previous_response_id=${previous}`;
  const conversation = text(body.conversation) ?? text(record(body.conversation).id);
  return conversation === undefined ? undefined : `conversation=${conversation}`;
}

/** Items of a conversation as messages: the calls of one turn stand in one message, in front of their results. */
function itemsToMessages(items: readonly unknown[]): { messages: Message[]; unknown: unknown[] } {
  const messages: Message[] = [];
  const unknown: unknown[] = [];
  for (const [i, one] of items.entries()) {
    const item = record(one);
    if (item.type === "item_reference") continue;
    if (text(item.role) !== undefined) messages.push(messageOf(item));
    else if (item.type === "function_call" || item.type === "custom_tool_call") {
      const call = chatCall(callOfItem(item, i));
      const last = messages.at(-1);
      if (last?.role === "assistant" && last.tool_calls !== undefined) last.tool_calls.push(call);
      else if (last?.role === "assistant") last.tool_calls = [call];
      else messages.push({ role: "assistant", content: null, tool_calls: [call] });
    } else if (item.type === "function_call_output" || item.type === "custom_tool_call_output")
      messages.push({
        role: "tool",
        tool_call_id: text(item.call_id) ?? `call_${i}`,
        content: Array.isArray(item.output) ? contentParts(item.output) : textOrJson(item.output),
      });
    else unknown.push(one);
  }
  return { messages, unknown };
}

function messageOf(item: Json): Message {
  const role = ["system", "developer", "assistant"].includes(String(item.role))
    ? (item.role as Message["role"])
    : "user";
  const parts = list(item.content).map(record);
  const refusal = parts.find((part) => part.type === "refusal");
  if (role === "assistant" && Array.isArray(item.content))
    return {
      role,
      content: parts.map((part) => text(part.text) ?? "").join(""),
      ...(text(refusal?.refusal) === undefined ? {} : { refusal: String(refusal?.refusal) }),
    };
  return { role, content: typeof item.content === "string" ? item.content : contentParts(item.content) };
}

/** Parts of the Responses form as parts of the chat form. */
function contentParts(value: unknown): Message["content"] {
  const content = contentOf(value);
  if (!Array.isArray(content)) return content;
  return content.map((part) => {
    const members = part as Json;
    if (part.type === "input_text" || part.type === "output_text")
      return { type: "text", text: text(part.text) ?? "" };
    if (part.type === "input_image" && text(members.image_url) !== undefined)
      return {
        type: "image_url",
        image_url: present({ url: members.image_url, detail: members.detail }),
      };
    return part;
  });
}

function callOfItem(item: Json, at: number) {
  return {
    id: text(item.call_id) ?? text(item.id) ?? `call_${at}`,
    name: text(item.name) ?? "unknown",
    arguments:
      item.type === "custom_tool_call" ? JSON.stringify({ input: item.input }) : textOrJson(item.arguments),
    type: item.type === "custom_tool_call" ? "custom" : "function",
  };
}

/** A response object, or what a stream's events spelt out. */
export function responsesAnswer(value: unknown): CallAnswer {
  const body = record(value);
  const parts: AnswerPart[] = [];
  const others: unknown[] = [];
  for (const [i, one] of list(body.output).entries()) {
    const item = record(one);
    if (item.type === "message")
      for (const part of list(item.content).map(record)) {
        if (part.type === "refusal") parts.push({ kind: "refusal", text: text(part.refusal) ?? "" });
        else parts.push({ kind: "text", text: text(part.text) ?? "" });
        const { annotations, logprobs } = part;
        if (list(annotations).length > 0) others.push({ annotations });
        if (list(logprobs).length > 0) others.push({ logprobs });
      }
    else if (item.type === "function_call" || item.type === "custom_tool_call")
      parts.push({ kind: "tool_call", ...callOfItem(item, i) });
    else if (item.type === "reasoning") {
      const said = [...list(item.summary), ...list(item.content)].map(
        (part) => text(record(part).text) ?? "",
      );
      parts.push({ kind: "reasoning", text: said.join("\n") });
    } else if (item.type === "image_generation_call")
      parts.push({ kind: "image", pointer: text(item.id) ?? "inline" });
    // Tools that the provider runs itself: their calls are no calls of the agent's.
    else others.push(one);
  }
  const incomplete = text(record(body.incomplete_details).reason);
  return {
    responseId: text(body.id),
    responseModel: text(body.model),
    choices: [{ parts, finishReason: incomplete ?? text(body.status) }],
    usage: usageOf(body.usage),
    kept: present({
      ...(others.length === 0 ? {} : { other_output: others }),
      service_tier: body.service_tier,
      usage_details: otherUsage(body.usage),
    }),
  };
}

/** The response that the events of a stream spell out, as far as they came. */
export class ResponsesJoiner {
  #response: Json = {};
  #error: unknown;
  readonly #items = new Map<number, Record<string, unknown>>();

  /** True when the event brings a part of an answer. */
  add(value: unknown): boolean {
    const event = record(value);
    const type = text(event.type) ?? "";
    if (type === "error") this.#error = event.error ?? event;
    if (event.response !== undefined)
      this.#response = { ...this.#response, ...present(record(event.response)) };
    const at = typeof event.output_index === "number" ? event.output_index : 0;
    if (type.startsWith("response.output_item.")) this.#items.set(at, { ...present(record(event.item)) });
    if (!type.endsWith(".delta") || typeof event.delta !== "string") return false;
    const item = this.#items.get(at) ?? { type: "message", role: "assistant" };
    this.#items.set(at, item);
    if (type === "response.output_text.delta" || type === "response.refusal.delta") {
      const inPart = typeof event.content_index === "number" ? event.content_index : 0;
      const parts = [...list(item.content)];
      const name = type === "response.refusal.delta" ? "refusal" : "text";
      const part = record(parts[inPart]);
      parts[inPart] = {
        ...part,
        type: name === "text" ? "output_text" : "refusal",
        [name]: (text(part[name]) ?? "") + event.delta,
      };
      item.content = parts;
    } else if (type === "response.function_call_arguments.delta")
      item.arguments = (text(item.arguments) ?? "") + event.delta;
    else if (type === "response.custom_tool_call_input.delta")
      item.input = (text(item.input) ?? "") + event.delta;
    return true;
  }

  get responseId(): string | undefined {
    return text(this.#response.id);
  }

  result(): unknown {
    const whole = list(this.#response.output).length > 0 ? this.#response.output : undefined;
    return {
      ...this.#response,
      ...(this.#error === undefined ? {} : { error: this.#error }),
      output: whole ?? [...this.#items].toSorted(([a], [b]) => a - b).map(([, item]) => item),
    };
  }
}
