import { type CaptureSettings, type Cleanable, cleanEpisode } from "../episodes/clean.ts";
import { truncateText } from "../episodes/truncate.ts";
import type {
  EpisodeInput,
  MessageInput as Message,
  ToolCallInput as ToolCall,
  ToolDefinitionInput as ToolDefinition,
} from "../wire/types.ts";

type Metadata = NonNullable<EpisodeInput["metadata"]>;

export interface StartCapture {
  readonly userInput: string;
  /** LIGHTNING_AGENT_ID when absent. */
  readonly agentId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly userId?: string | undefined;
  readonly systemPrompt?: string | undefined;
  /** Everything the model was shown, in order; more with `recordMessage`. */
  readonly messages?: readonly Message[] | undefined;
  /** The tools the model was offered. */
  readonly tools?: readonly ToolDefinition[] | undefined;
  readonly parallelToolCalls?: boolean | undefined;
  /** The model or deployment that is called. */
  readonly model?: string | undefined;
  readonly sampling?: Metadata | undefined;
  readonly metadata?: Metadata | undefined;
}

export interface EndCapture {
  readonly assistantOutput: string;
  readonly model?: string | undefined;
  readonly tokenUsage?: EpisodeInput["token_usage"];
  readonly costUsd?: number | undefined;
  /** Measured from start to end when absent. */
  readonly latencyMs?: number | undefined;
  /** What made the request fail, if it did. */
  readonly error?: unknown;
  /** Joined with the metadata of the start. */
  readonly metadata?: Metadata | undefined;
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
  readonly messages: readonly Message[];
  readonly calls: readonly CapturedCall[];
  /** The whole episode is one tool call: input and output are made of it, as the original did. */
  readonly isToolResult?: boolean;
}

/**
 * Redacting reads the whole text, truncating keeps a little of it: of a huge result only this much more than is kept
 * is read, plus room for the longest secret, so that one cut by the reading can't be in what is kept.
 */
const READ_FACTOR = 4;
const LONGEST_SECRET = 16 * 1024;

/** The redacted, truncated episode, ready to leave the process. Runs in the background. */
export function finishEpisode(captured: CapturedEpisode, settings: CaptureSettings): EpisodeInput {
  const most = READ_FACTOR * settings.maxOutputLength + LONGEST_SECRET;
  const unread: Record<string, number> = {};
  const calls = captured.calls.map((call, i) => {
    const result = resultText(call.result);
    if (typeof result !== "string" || result.length <= most) return toolCall(call, result);
    unread[`tool_calls.${i}.result`] = result.length - most;
    return toolCall(call, result.slice(0, most));
  });
  const episode = cleanEpisode(shape(captured, calls), settings);
  for (const [path, cut] of Object.entries(unread)) {
    const truncated = episode.truncated?.[path] ?? 0;
    // So much was replaced that what is kept comes near the end of what was read: read all of it after all.
    if (truncated < LONGEST_SECRET) {
      const all = captured.calls.map((call) => toolCall(call, resultText(call.result)));
      return withOutput(captured, cleanEpisode(shape(captured, all), settings), settings);
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

function shape(captured: CapturedEpisode, tool_calls: ToolCall[]): Cleanable {
  const { start, end, messages } = captured;
  const first = tool_calls[0];
  const userInput =
    start.userInput ??
    (captured.isToolResult && first !== undefined
      ? `Call tool '${first.tool_name}' with arguments: ${JSON.stringify(first.arguments ?? {})}`
      : "");
  const episode: Record<string, unknown> = {
    id: captured.id,
    agent_id: captured.agentId,
    user_input: userInput === "" ? "(empty)" : userInput,
    assistant_output: end.assistantOutput ?? "",
    messages: messages.length === 0 ? undefined : messages,
    tools: start.tools,
    parallel_tool_calls: start.parallelToolCalls,
    tool_calls,
    system_prompt: start.systemPrompt,
    model_deployment: captured.model?.slice(0, 256),
    sampling: start.sampling,
    correlation_id: start.correlationId?.slice(0, 200),
    session_id: start.sessionId?.slice(0, 200),
    user_id: start.userId?.slice(0, 200),
    request_latency_ms: captured.latencyMs,
    token_usage: end.tokenUsage,
    cost_usd: end.costUsd,
    error: end.error,
    metadata: { ...start.metadata, ...end.metadata },
    created_at: captured.createdAt,
  };
  for (const key of Object.keys(episode)) if (episode[key] === undefined) delete episode[key];
  return episode as Cleanable;
}

function toolCall(call: CapturedCall, result: unknown): ToolCall {
  return {
    ...(call.id === undefined ? {} : { id: call.id }),
    tool_name: call.toolName,
    ...(call.arguments === undefined ? {} : { arguments: call.arguments }),
    ...(result === undefined ? {} : { result }),
    ...(call.durationMs === undefined ? {} : { duration_ms: Math.max(0, call.durationMs) }),
    ...(call.error === undefined ? {} : { error: call.error }),
  };
}

/** The text of an MCP tool result that holds nothing but text; any other value as it is. */
function resultText(result: unknown): unknown {
  if (typeof result !== "object" || result === null || !("content" in result)) return result;
  const { content } = result;
  if (!Array.isArray(content) || content.length === 0) return result;
  const texts: string[] = [];
  for (const part of content as unknown[]) {
    const { type, text } = (part ?? {}) as { type?: unknown; text?: unknown };
    if (type !== "text" || typeof text !== "string") return result;
    texts.push(text);
  }
  return texts.join("\n");
}
