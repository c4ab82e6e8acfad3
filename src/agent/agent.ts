import type { Settings } from "../config/settings.ts";
import type { ModelSelector } from "../deployments/selection.ts";
import { createCaptureHook } from "../episodes/capture.ts";
import type { Message, ToolCall } from "../episodes/contract.ts";
import type { EpisodeService } from "../episodes/service.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
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
  readonly tool_calls: readonly ToolCall[];
}

export type Agent = ReturnType<typeof createAgent>;

/** Rounds of tool calls before the agent answers with what it has. */
const MOST_ROUNDS = 4;

export interface AgentDeps {
  readonly settings: Settings;
  readonly provider: Provider;
  readonly selector: ModelSelector;
  readonly episodes: EpisodeService;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The reference agent: it asks the registry which model to use, lets it call tools, and is captured. The steps marked
 * 1 to 4 are all that any agent needs.
 */
export function createAgent({ settings, provider, selector, episodes, clock, logger }: AgentDeps) {
  // 1. One hook for the process; it hands batches of episodes over in the background.
  const hook = createCaptureHook({
    settings,
    clock,
    logger,
    send: async (batch) => {
      await episodes.record(batch);
    },
  });
  let servers: Promise<ToolServers> | undefined;
  const toolServers = () => {
    servers ??=
      settings.agentMcpServers === undefined
        ? Promise.resolve(noToolServers)
        : connectToolServers(settings.agentMcpServers, logger).catch((thrown: unknown) => {
            servers = undefined;
            throw thrown;
          });
    return servers;
  };

  async function ask(request: Request): Promise<Answer> {
    const { tools, call } = request.useTools ? await toolServers() : noToolServers;
    // 2. The registry says which model serves this agent now.
    const selection = await selector.selectModel(request.agentId);
    const messages: Message[] = [
      { role: "system", content: request.systemPrompt },
      { role: "user", content: request.text },
    ];
    // 3. An episode begins with the request, …
    const capture = hook.startCapture({
      agentId: request.agentId,
      userInput: request.text,
      sessionId: request.sessionId,
      systemPrompt: request.systemPrompt,
      tools,
    });
    const calls: ToolCall[] = [];
    let answer = "";
    try {
      for (let round = 0; round <= MOST_ROUNDS; round++) {
        const reply = await provider.chat({
          model: selection.model,
          messages,
          tools: round < MOST_ROUNDS && tools.length > 0 ? tools : undefined,
        });
        messages.push(reply.message);
        capture.addUsage(reply.usage);
        answer = typeof reply.message.content === "string" ? reply.message.content : "";
        if (reply.message.tool_calls === undefined || reply.message.tool_calls.length === 0) break;
        for (const wanted of reply.message.tool_calls) {
          const started = clock.now();
          const args = parseArguments(wanted.function.arguments);
          const result = await call(wanted.function.name, args);
          messages.push({ role: "tool", tool_call_id: wanted.id, content: result.text });
          calls.push({
            id: wanted.id,
            tool_name: wanted.function.name,
            arguments: args,
            result: result.text,
            duration_ms: clock.now() - started,
            ...(result.isError ? { error: result.text.slice(0, 500) } : {}),
          } as ToolCall);
        }
      }
    } catch (thrown) {
      capture.fail(thrown);
      throw thrown;
    }
    // 4. … and ends with the answer: messages, tool calls, model and tokens as they really were.
    const episodeId = capture.endCapture({
      assistantOutput: answer,
      messages,
      toolCalls: calls,
      model: selection.model,
    });
    return {
      answer,
      model: selection.model,
      model_source: selection.source,
      ...(episodeId === undefined ? {} : { episode_id: episodeId }),
      tool_calls: calls,
    };
  }

  return {
    ask,
    async close(): Promise<void> {
      await hook.close();
      await (await servers?.catch(() => undefined))?.close();
    },
  };
}

/** A model may write arguments that are not JSON; the tool then says what is missing. */
function parseArguments(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}
