import path from "node:path";
import { createCaptureHook } from "../capture/capture.ts";
import { reportOf } from "../capture/refusals.ts";
import { homeFolder, type Settings } from "../config/settings.ts";
import type { ModelSelector } from "../deployments/selection.ts";
import type { Message } from "../episodes/contract.ts";
import type { EpisodeService } from "../episodes/service.ts";
import type { Clock } from "../kernel/clock.ts";
import { isLightningError } from "../kernel/errors.ts";
import { parseExact } from "../kernel/exact-json.ts";
import type { Logger } from "../kernel/logger.ts";
import type { PartService } from "../parts/service.ts";
import type { Provider } from "../provider/provider.ts";
import { connectToolServers, noToolServers, type ToolServers } from "./tool-servers.ts";

/** One question to the agent. */
export interface Request {
  readonly text: string;
  readonly systemPrompt: string;
  /** Whether the tools of the configured MCP servers are offered. */
  readonly useTools: boolean;
  readonly agentId?: string | undefined;
  readonly sessionId?: string | undefined;
}

export interface Answer {
  readonly answer: string;
  readonly model: string;
  /** Where the model's name came from: registry, env or base. */
  readonly model_source: string;
  /** The episode, absent while capture is off. */
  readonly episode_id?: string | undefined;
  readonly tool_calls: readonly AnsweredCall[];
}

/** A tool call with what it really answered. */
interface AnsweredCall {
  readonly tool_name: string;
  readonly arguments: Record<string, unknown>;
  readonly result: string;
  readonly error?: string;
}

export type Agent = ReturnType<typeof createAgent>;

/** Rounds of tool calls before the agent answers with what it has. */
const MOST_ROUNDS = 4;

export interface AgentDeps {
  readonly settings: Settings;
  readonly provider: Provider;
  readonly selector: ModelSelector;
  readonly episodes: EpisodeService;
  readonly parts: PartService;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The reference agent: it asks the registry which model to use, lets it call tools, and is captured. The steps marked
 * 1 to 4 are all that any agent needs.
 */
export function createAgent({ settings, provider, selector, episodes, parts, clock, logger }: AgentDeps) {
  // 1. One hook for the process; it hands batches of episodes over in the background.
  const hook = createCaptureHook({
    settings,
    clock,
    logger,
    send: async (batch) => {
      const results = await episodes.record(batch);
      return reportOf(
        batch,
        results.map((result) => (result.status === "error" ? result : {})),
      );
    },
    storePart: ({ agentId, mediaType, ...part }) => parts.add(agentId, { ...part, media_type: mediaType }),
    spillFile: path.join(homeFolder(settings), "spill", "reference-agent.jsonl"),
  });
  let connecting: Promise<ToolServers> | undefined;
  const toolServers = () => {
    connecting ??=
      settings.agentMcpServers === undefined
        ? Promise.resolve(noToolServers)
        : connectToolServers(settings.agentMcpServers, logger, settings.agentToolTimeoutSeconds).catch(
            (thrown: unknown) => {
              connecting = undefined;
              throw thrown;
            },
          );
    return connecting;
  };

  async function ask(request: Request): Promise<Answer> {
    const servers = request.useTools ? await toolServers() : noToolServers;
    const { tools } = servers;
    // 2. The registry says which model serves this agent now.
    const selection = await selector.selectModel(request.agentId);
    const messages: Message[] = [
      { role: "system", content: request.systemPrompt },
      { role: "user", content: request.text },
    ];
    // 3. An episode begins with the request, …
    const capture = hook.startCapture({
      userInput: request.text,
      agentId: request.agentId,
      sessionId: request.sessionId,
      systemPrompt: request.systemPrompt,
      messages,
      tools,
      model: selection.model,
    });
    const say = (...more: Message[]) => {
      messages.push(...more);
      capture.recordMessage(...more);
    };
    const toolCalls: AnsweredCall[] = [];
    const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    let answer = "";
    try {
      for (let round = 0; round <= MOST_ROUNDS; round++) {
        const reply = await provider.chat({
          model: selection.model,
          messages,
          tools: round < MOST_ROUNDS && tools.length > 0 ? tools : undefined,
        });
        say(reply.message);
        for (const key of ["prompt_tokens", "completion_tokens", "total_tokens"] as const)
          usage[key] += reply.usage[key];
        answer = typeof reply.message.content === "string" ? reply.message.content : "";
        const wanted = reply.message.tool_calls ?? [];
        if (wanted.length === 0) break;
        for (const { id, function: named } of wanted) {
          const started = clock.now();
          const { args, fault } = parseArguments(named.arguments);
          const result =
            fault === undefined ? await servers.call(named.name, args) : { isError: true, text: fault };
          const error = result.isError ? result.text.slice(0, 500) : undefined;
          say({ role: "tool", tool_call_id: id, content: result.text });
          capture.recordToolCall({
            id,
            toolName: named.name,
            arguments: args,
            result: result.text,
            durationMs: clock.now() - started,
            error,
          });
          toolCalls.push({
            tool_name: named.name,
            arguments: args,
            result: result.text,
            ...(error === undefined ? {} : { error }),
          });
        }
      }
    } catch (thrown) {
      capture.endCapture({ assistantOutput: answer, tokenUsage: usage, error: thrown });
      throw thrown;
    }
    // 4. … and ends with the answer: messages, tool calls, model and tokens as they really were.
    capture.endCapture({ assistantOutput: answer, tokenUsage: usage });
    return {
      answer,
      model: selection.model,
      model_source: selection.source,
      ...(capture.id === "" ? {} : { episode_id: capture.id }),
      tool_calls: toolCalls,
    };
  }

  return {
    ask,
    async close(): Promise<void> {
      await hook.close();
      await (await connecting?.catch(() => undefined))?.close();
    },
  };
}

/**
 * A model may write arguments that are not JSON; the tool then says what is missing. A number that would reach the tool
 * rounded is told the model in the tool's place.
 */
function parseArguments(text: string): { readonly args: Record<string, unknown>; readonly fault?: string } {
  try {
    const value = parseExact(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return { args: isObject ? (value as Record<string, unknown>) : {} };
  } catch (thrown) {
    if (!isLightningError(thrown)) return { args: {} };
    return { args: {}, fault: `${thrown.field}: ${thrown.message} ${thrown.remedy ?? ""}`.trim() };
  }
}
