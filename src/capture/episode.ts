import { type CaptureSettings, type Cleanable, cleanEpisode, cleanName } from "../episodes/clean.ts";
import { ENDINGS, type EndingState, FAULTS_BY, type FaultBy } from "../episodes/endings.ts";
import { contentOf, contentText } from "../episodes/odd/chat.ts";
import { putRight } from "../episodes/odd/episode.ts";
import { amount, isGiven, list, listed, record, shortened, textOrJson } from "../episodes/odd/values.ts";
import { truncateText } from "../episodes/truncate.ts";
import { ID_PATTERN } from "../kernel/ids.ts";
import { policyFromSettings } from "../redaction/pseudonyms.ts";
import type {
  EpisodeInput,
  MessageInput as Message,
  ToolCallInput as ToolCall,
  ToolDefinitionInput as ToolDefinition,
} from "../wire/types.ts";
import { bytesToPointers } from "./bytes.ts";
import { withinBounds } from "./within-bounds.ts";

/** A message in chat form: ours, or a client's own type, which only has to name who speaks. */
export type MessageLike = Message | { readonly role: string };
/** A tool in chat form: ours, or a client's own type. */
type ToolLike = ToolDefinition | { readonly type: string };
/** Anything by name: a literal, or an object of a client's own type. */
type Named = NonNullable<EpisodeInput["metadata"]> | object;

/**
 * What an agent knows when it begins. Types are wide on purpose: what a client's own types hold may be handed over as it
 * is, and what is odd in it is put right or kept beside.
 */
export interface StartCapture {
  /** What the user asked; of a list of content parts, their text. */
  readonly userInput: string | readonly object[];
  /** LIGHTNING_AGENT_ID when absent. */
  readonly agentId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly userId?: string | undefined;
  /** The trace that the call belongs to, and its own span, as OpenTelemetry writes them. */
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
  readonly systemPrompt?: string | undefined;
  /** Everything the model was shown, in order; more with `recordMessage`. */
  readonly messages?: readonly MessageLike[] | undefined;
  /** The tools the model was offered. */
  readonly tools?: readonly ToolLike[] | undefined;
  readonly parallelToolCalls?: boolean | undefined;
  /** The model or deployment that is called. */
  readonly model?: string | undefined;
  readonly sampling?: Named | undefined;
  readonly metadata?: Named | undefined;
}

export interface EndCapture {
  /** What the agent answered; null where it only called tools. */
  readonly assistantOutput: string | null;
  readonly model?: string | undefined;
  /** Ours, or the provider's own; counts that have no place are kept in the metadata. */
  readonly tokenUsage?: EpisodeInput["token_usage"] | object | undefined;
  readonly costUsd?: number | undefined;
  /** The provider's id of the answer. */
  readonly responseId?: string | undefined;
  /** From the request to the first part of the answer. */
  readonly firstTokenMs?: number | undefined;
  /** How the answer ended; absent: not known. */
  readonly ending?: EndingState | undefined;
  /** Whose fault the error was; where absent it is told by an error that a call of a model threw, and else not known. */
  readonly errorBy?: FaultBy | undefined;
  /** Parts of the conversation that only the provider has. */
  readonly missing?: readonly string[] | undefined;
  /** Measured from start to end when absent. */
  readonly latencyMs?: number | undefined;
  /** What made the request fail, if it did. */
  readonly error?: unknown;
  /** Joined with the metadata of the start. */
  readonly metadata?: Named | undefined;
}

/** A tool call as it was copied at the time of the call. */
export interface CapturedCall {
  readonly id: string | undefined;
  readonly toolName: string;
  readonly arguments: unknown;
  readonly result: unknown;
  readonly durationMs: number | undefined;
  readonly error: string | undefined;
}

/** An episode as it was copied in the agent's thread; not redacted yet, so it never leaves this process. */
export interface CapturedEpisode {
  readonly id: string;
  readonly start: StartCapture;
  readonly end: EndCapture;
  readonly createdAt: string;
  readonly latencyMs: number | undefined;
  readonly agentId: string;
  readonly model: string | undefined;
  readonly messages: readonly MessageLike[];
  readonly calls: readonly CapturedCall[];
  /** The whole episode is one tool call: input and output are made of it, as the original did. */
  readonly isToolResult?: boolean;
  /** How many of the oldest messages were too many to be copied. */
  readonly leftOut?: number | undefined;
}

/**
 * Redacting reads the whole text, truncating keeps a little of it: of a huge result only this much more than is kept
 * is read, plus room for the longest secret, so that one cut by the reading can't be in what is kept.
 */
const READ_FACTOR = 4;
const LONGEST_SECRET = 16 * 1024;

/**
 * The redacted, truncated episode of at most so many bytes (the ledger's bound when absent), ready to leave the process.
 * Runs in the background.
 */
export const finishEpisode = (
  captured: CapturedEpisode,
  settings: CaptureSettings,
  mostBytes?: number,
): EpisodeInput => withinBounds(redacted(captured, settings), captured.leftOut, mostBytes);

function redacted(captured: CapturedEpisode, settings: CaptureSettings): EpisodeInput {
  const most = READ_FACTOR * settings.maxOutputLength + LONGEST_SECRET;
  const unread: Record<string, number> = {};
  const calls = captured.calls.map((call, i) => {
    const result = resultText(call.result);
    if (typeof result !== "string" || result.length <= most) return toolCall(call, result);
    unread[`tool_calls.${i}.result`] = result.length - most;
    return toolCall(call, result.slice(0, most));
  });
  const policy = policyFromSettings(settings, agentIdOf(captured.agentId).id);
  const episode = cleanEpisode(shape(captured, calls, settings), settings, policy);
  for (const [path, cut] of Object.entries(unread)) {
    const truncated = episode.truncated?.[path] ?? 0;
    // So much was replaced that what is kept comes near the end of what was read: read all of it after all.
    if (truncated < LONGEST_SECRET) {
      const all = captured.calls.map((call) => toolCall(call, resultText(call.result)));
      return withOutput(captured, cleanEpisode(shape(captured, all, settings), settings, policy), settings);
    }
    episode.truncated = { ...episode.truncated, [path]: truncated + cut };
  }
  return withOutput(captured, episode, settings);
}

/** For a captured tool call: its clean result is the output. */
function withOutput(captured: CapturedEpisode, episode: Cleanable, settings: CaptureSettings): EpisodeInput {
  if (!captured.isToolResult || episode.redaction?.withheld) return episode;
  const call = episode.tool_calls[0];
  const output = call?.result ?? call?.error ?? "";
  const { text, cut } = truncateText(
    typeof output === "string" ? output : JSON.stringify(output),
    settings.maxOutputLength,
  );
  return {
    ...episode,
    assistant_output: text,
    ...(cut === 0 ? {} : { truncated: { ...episode.truncated, assistant_output: cut } }),
  };
}

function shape(
  captured: CapturedEpisode,
  tool_calls: ToolCall[],
  { redactSecrets }: CaptureSettings,
): Cleanable {
  const { start, end, messages } = captured;
  const first = tool_calls[0];
  const agent = agentIdOf(redactSecrets ? cleanName(textOrJson(captured.agentId)) : captured.agentId);
  const usage: unknown = end.tokenUsage;
  const missing = list(end.missing)
    .slice(0, 50)
    .map((part) => textOrJson(part).slice(0, 300));
  const episode: Record<string, unknown> = {
    id: captured.id,
    agent_id: agent.id,
    user_input:
      given(start.userInput) ??
      (captured.isToolResult && first !== undefined
        ? `Call tool '${first.tool_name}' with arguments: ${JSON.stringify(first.arguments ?? {})}`
        : undefined),
    assistant_output: given(end.assistantOutput) ?? "",
    messages: messages.length === 0 ? undefined : messages,
    tools: start.tools === undefined ? undefined : listed(start.tools),
    parallel_tool_calls: typeof start.parallelToolCalls === "boolean" ? start.parallelToolCalls : undefined,
    tool_calls,
    system_prompt: given(start.systemPrompt),
    model_deployment: name(captured.model, 256),
    sampling: start.sampling === undefined ? undefined : named(start.sampling),
    correlation_id: name(start.correlationId),
    session_id: name(start.sessionId),
    user_id: name(start.userId),
    request_latency_ms: amount(captured.latencyMs),
    token_usage: usage === undefined || record(usage) === usage ? usage : undefined,
    cost_usd: amount(end.costUsd),
    error: end.error === undefined ? undefined : textOrJson(end.error),
    error_by: FAULTS_BY.find((one) => one === end.errorBy),
    ending: ENDINGS.find((one) => one === end.ending),
    missing: missing.length === 0 ? undefined : missing,
    response_id: name(end.responseId),
    trace_id: name(start.traceId),
    span_id: name(start.spanId),
    first_token_ms: amount(end.firstTokenMs),
    metadata: {
      ...(isGiven(usage) && record(usage) !== usage ? { usage_details: usage } : {}),
      ...named(start.metadata),
      ...named(end.metadata),
      ...agent.metadata,
    },
    created_at: captured.createdAt,
  };
  const right = putRight(episode);
  if (right.user_input === undefined || right.user_input === "") right.user_input = "(empty)";
  if (!Array.isArray(right.messages) || right.messages.length === 0) delete right.messages;
  return right as unknown as Cleanable;
}

/** A text, or the text of parts; what holds none is told as JSON. Undefined: there is nothing. */
function given(value: unknown): string | undefined {
  if (!isGiven(value)) return undefined;
  if (!Array.isArray(value)) return textOrJson(value);
  return (
    contentText(contentOf(value)) || (value.length === 0 ? "" : textOrJson(bytesToPointers(value).value))
  );
}

/** A name or id that its owner may hold as a number. */
function name(value: unknown, most?: number): string | undefined {
  const written = textOrJson(value);
  return written === "" ? undefined : shortened(written, most);
}

/** Anything by name. */
function named(value: unknown): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  const members = record(value);
  if (members !== value) return { given: value };
  return Object.fromEntries(Object.entries(members).map(([key, of]) => [shortened(key), of]));
}

/** The agent's id as ledgers hold it; the name that was given is kept where it is no such id. */
function agentIdOf(value: unknown): { readonly id: string; readonly metadata: Record<string, unknown> } {
  const written = textOrJson(value);
  if (ID_PATTERN.test(written)) return { id: written, metadata: {} };
  const id = shortened(
    written
      .normalize("NFKD")
      .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
      .replace(/^[^A-Za-z0-9]+/, "")
      .replaceAll(/\.\.+/g, ".")
      .replace(/-+$/, ""),
    100,
  ).replaceAll("~", "-");
  return { id: id === "" ? "unnamed-agent" : id, metadata: { agent_name: written } };
}

function toolCall(call: CapturedCall, result: unknown): ToolCall {
  const id = name(call.id);
  const duration = amount(call.durationMs);
  return {
    ...(id === undefined ? {} : { id }),
    tool_name: name(call.toolName) ?? "unknown",
    ...(call.arguments === undefined ? {} : { arguments: call.arguments }),
    ...(result === undefined ? {} : { result }),
    ...(duration === undefined ? {} : { duration_ms: duration }),
    ...(call.error === undefined ? {} : { error: textOrJson(call.error) }),
  };
}

/** The text of an MCP tool result that holds nothing but text; any other value, with pointers for its bytes. */
function resultText(result: unknown): unknown {
  const content = list(record(result).content).map(record);
  const isText =
    content.length > 0 && content.every(({ type, text }) => type === "text" && typeof text === "string");
  return isText ? content.map(({ text }) => text).join("\n") : bytesToPointers(result).value;
}
