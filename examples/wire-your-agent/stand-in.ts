import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface ChatRequest {
  readonly model: string;
  readonly messages: readonly { readonly content: unknown }[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

/** Answers chat requests with a call of the first tool, so that this example needs no model and no key. */
export async function startStandIn(): Promise<{ baseURL: string; close(): Promise<void> }> {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = "";
  for await (const piece of request.setEncoding("utf8")) text += String(piece);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(completion(JSON.parse(text) as ChatRequest)));
}

function completion({ model, messages, tools }: ChatRequest) {
  const item = /"([^"]+)"/.exec(String(messages.at(-1)?.content))?.[1] ?? "";
  const call = { name: tools?.[0]?.function.name ?? "count_stock", arguments: JSON.stringify({ item }) };
  const message = {
    role: "assistant",
    content: null,
    tool_calls: [{ id: "call-1", type: "function", function: call }],
  };
  return {
    id: `chatcmpl-${randomUUID()}`,
    object: "chat.completion",
    created: 0,
    model,
    choices: [{ index: 0, message, finish_reason: "tool_calls" }],
    usage: { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 },
  };
}
