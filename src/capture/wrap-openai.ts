import { messageOf } from "../kernel/errors.ts";
import { parseExact } from "../kernel/exact-json.ts";
import type { MessageInput as Message, ToolDefinitionInput as ToolDefinition } from "../wire/types.ts";
import type { CaptureHandle, CaptureHook, StartCapture, ToolCallRecord } from "./capture.ts";
import { type ChatChunk, type ChatCompletion, joinChunks } from "./chat-chunks.ts";

/** What this file needs of an `openai` or Azure OpenAI client; its own types stay its own. */
// biome-ignore lint/suspicious/noExplicitAny: the client's overloads are kept as they are
type ChatClient = { chat: { completions: { create: (...parameters: any[]) => any } } };

interface ChatRequest {
  readonly model?: string;
  readonly messages?: readonly Message[];
  readonly tools?: readonly ToolDefinition[];
  readonly parallel_tool_calls?: boolean;
  readonly stream?: boolean | null;
  readonly [name: string]: unknown;
}

/** Told for each call: who and where it belongs to. */
export type CallContext = () => Partial<
  Pick<StartCapture, "agentId" | "sessionId" | "correlationId" | "userId" | "metadata">
>;

const SAMPLING = [
  "temperature",
  "top_p",
  "max_tokens",
  "max_completion_tokens",
  "frequency_penalty",
  "presence_penalty",
  "seed",
  "stop",
  "n",
  "response_format",
  "tool_choice",
  "reasoning_effort",
] as const;

/**
 * A view of the client whose `chat.completions.create` is captured, streamed or not: messages, tool calls, tools, model,
 * sampling, usage and latency. The answer, the stream and every error are the client's own objects. The client itself
 * is not changed; with capture off it is returned as it is. Only answers that are parsed are seen: a caller that asks
 * for `asResponse()` alone is not captured.
 */
export function wrapOpenAI<Client extends ChatClient>(
  hook: CaptureHook,
  client: Client,
  context: CallContext = () => ({}),
): Client {
  if (!hook.enabled) return client;
  const { completions } = client.chat;
  const create = (...parameters: unknown[]): unknown => {
    const request = (parameters[0] ?? {}) as ChatRequest;
    const handle = begin(hook, request, context);
    let answer: unknown;
    try {
      answer = completions.create(...parameters);
    } catch (thrown) {
      handle?.endCapture({ assistantOutput: "", error: thrown });
      throw thrown;
    }
    return handle === undefined ? answer : watch(answer, handle);
  };
  return viewOf(client, { chat: viewOf(client.chat, { completions: viewOf(completions, { create }) }) });
}

/** The object with some members replaced. Its methods run on the object itself: private fields don't reach a proxy. */
function viewOf<T extends object>(target: T, replacements: Record<string, unknown>): T {
  return new Proxy(target, {
    get(object, name) {
      if (typeof name === "string" && Object.hasOwn(replacements, name)) return replacements[name];
      const member: unknown = Reflect.get(object, name, object);
      return typeof member === "function" ? (member as (...p: unknown[]) => unknown).bind(object) : member;
    },
  });
}

function begin(hook: CaptureHook, request: ChatRequest, context: CallContext): CaptureHandle | undefined {
  try {
    const messages = request.messages ?? [];
    const sampling = Object.fromEntries(
      SAMPLING.filter((name) => request[name] !== undefined && request[name] !== null).map((name) => [
        name,
        request[name],
      ]),
    );
    const handle = hook.startCapture({
      ...context(),
      userInput: lastText(messages, "user"),
      systemPrompt: lastText(messages, "system") || lastText(messages, "developer") || undefined,
      messages,
      tools: request.tools,
      parallelToolCalls: request.parallel_tool_calls,
      model: request.model,
      sampling: sampling,
    });
    for (const call of answeredCalls(messages)) handle.recordToolCall(call);
    return handle;
  } catch {
    return undefined;
  }
}

/** Looks on while the caller takes the answer; whatever the caller gets is the client's own. */
function watch(answer: unknown, handle: CaptureHandle): unknown {
  const seen = (value: unknown): unknown => {
    try {
      if (isStream(value)) watchStream(value, handle);
      else finish(handle, value as ChatCompletion, {});
    } catch {
      handle.discard();
    }
    return value;
  };
  const failed = (thrown: unknown): never => {
    handle.endCapture({ assistantOutput: "", error: thrown });
    throw thrown;
  };
  const lazy = answer as { parse?: () => Promise<unknown>; then?: unknown };
  if (typeof lazy?.parse === "function") {
    // The client parses the body when somebody first waits for it. Waiting here would take the raw response away from
    // a caller who wants only that, so the parse itself is watched.
    const parse = lazy.parse.bind(lazy);
    let taken: Promise<unknown> | undefined;
    lazy.parse = () => {
      taken ??= parse().then(seen, failed);
      return taken;
    };
    return answer;
  }
  return typeof lazy?.then === "function" ? (answer as Promise<unknown>).then(seen, failed) : seen(answer);
}

interface ChatStream {
  iterator?: () => AsyncIterator<ChatChunk>;
  [Symbol.asyncIterator](): AsyncIterator<ChatChunk>;
}

const isStream = (value: unknown): value is ChatStream =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;

/** Replaces the stream's source of chunks, which iteration, `tee` and `toReadableStream` all use. */
function watchStream(stream: ChatStream, handle: CaptureHandle): void {
  const source = (stream.iterator ?? stream[Symbol.asyncIterator]).bind(stream);
  const watched = () => watchedIterator(source(), handle);
  if (typeof stream.iterator === "function") stream.iterator = watched;
  else stream[Symbol.asyncIterator] = watched;
}

function watchedIterator(source: AsyncIterator<ChatChunk>, handle: CaptureHandle): AsyncIterator<ChatChunk> {
  const chunks: ChatChunk[] = [];
  const end = (facts: { error?: unknown; aborted?: boolean }) => {
    try {
      finish(handle, joinChunks(chunks), facts);
    } catch {
      handle.discard();
    }
  };
  const iterator: AsyncIterator<ChatChunk> & { [Symbol.asyncIterator](): unknown } = {
    async next() {
      try {
        const step = await source.next();
        if (step.done) end({});
        else chunks.push(step.value);
        return step;
      } catch (thrown) {
        end({ error: thrown });
        throw thrown;
      }
    },
    async return(value?: unknown) {
      end({ aborted: true });
      return (await source.return?.(value)) ?? { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return iterator;
    },
  };
  return iterator;
}

function finish(
  handle: CaptureHandle,
  completion: ChatCompletion,
  facts: { error?: unknown; aborted?: boolean },
): void {
  const choice = completion.choices?.[0];
  const message = choice?.message;
  if (message !== undefined)
    handle.recordMessage({
      role: "assistant",
      content: message.content ?? null,
      ...(message.tool_calls === undefined || message.tool_calls.length === 0
        ? {}
        : { tool_calls: functionCalls(message) }),
      ...(message.refusal ? { refusal: message.refusal } : {}),
    });
  for (const call of message === undefined ? [] : functionCalls(message))
    handle.recordToolCall({
      id: call.id,
      toolName: call.function.name,
      arguments: parsed(call.function.arguments),
    });
  const { usage } = completion;
  handle.endCapture({
    assistantOutput: textOf(message?.content) || message?.refusal || "",
    // The name that was called stays: the answer's is the base's version on Azure, not the deployment.
    tokenUsage: usage
      ? {
          prompt_tokens: usage.prompt_tokens,
          completion_tokens: usage.completion_tokens,
          total_tokens: usage.total_tokens,
        }
      : undefined,
    ...(facts.error === undefined ? {} : { error: messageOf(facts.error) }),
    metadata: {
      source: "openai.chat.completions",
      ...(completion.model === undefined ? {} : { response_model: completion.model }),
      ...(completion.id === undefined ? {} : { response_id: completion.id }),
      ...(choice?.finish_reason ? { finish_reason: choice.finish_reason } : {}),
      ...((completion.choices?.length ?? 0) > 1 ? { choices: completion.choices?.length ?? 0 } : {}),
      ...(facts.aborted ? { stream_aborted: true } : {}),
    },
  });
}

const functionCalls = (message: Message) =>
  (message.tool_calls ?? []).filter(
    (call) => typeof (call as Partial<typeof call>).function?.name === "string",
  );

/** Calls made since the last user's turn, with the results the agent has put in since. */
function answeredCalls(messages: readonly Message[]): ToolCallRecord[] {
  const since = messages.findLastIndex((message) => message.role === "user") + 1;
  const results = new Map<string, unknown>();
  for (const message of messages.slice(since))
    if (message.role === "tool" && message.tool_call_id !== undefined)
      results.set(message.tool_call_id, textOf(message.content));
  return messages.slice(since).flatMap((message) =>
    functionCalls(message).map((call) => ({
      id: call.id,
      toolName: call.function.name,
      arguments: parsed(call.function.arguments),
      result: results.get(call.id),
    })),
  );
}

function lastText(messages: readonly Message[], role: Message["role"]): string {
  const found = messages.findLast((message) => message.role === role);
  return textOf(found?.content);
}

function textOf(content: Message["content"]): string {
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part) => part.text ?? "").join("") : "";
}

/** A tool call's arguments as the object they are; text when the model wrote no JSON, or numbers that would be rounded. */
function parsed(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return text;
  }
}
