import { isGiven } from "../episodes/odd/values.ts";
import { type CaptureHook, isOwnTool } from "./capture.ts";
import { rememberAnswer } from "./episode-of.ts";
import { definitionOf, type ToolConfig } from "./tool-definition.ts";

type Handler<Parameters extends unknown[], Result> = (...parameters: Parameters) => Result;

/**
 * Wraps an MCP tool handler, `(args, extra) => result`: each call becomes an episode. The result and any error reach the
 * caller untouched, as the very same values; `episodeIdOf` knows the episode of either. With capture off, for our own
 * `lightning_*` tools, and when it is wrapped for this hook already, the handler itself is returned.
 * @param config - The tool's definition, as `registerTool` takes it: the episodes then hold it, and lines that are made
 *   of them need none made up.
 */
export function wrapToolHandler<Parameters extends unknown[], Result>(
  hook: CaptureHook,
  name: string,
  config: ToolConfig,
  handler: Handler<Parameters, Result>,
): Handler<Parameters, Result>;
export function wrapToolHandler<Parameters extends unknown[], Result>(
  hook: CaptureHook,
  name: string,
  handler: Handler<Parameters, Result>,
): Handler<Parameters, Result>;
export function wrapToolHandler<Parameters extends unknown[], Result>(
  hook: CaptureHook,
  name: string,
  ...rest: [ToolConfig, Handler<Parameters, Result>] | [Handler<Parameters, Result>]
): Handler<Parameters, Result> {
  const [config, handler] = rest.length === 2 ? rest : [undefined, rest[0]];
  if (!hook.enabled || isOwnTool(name) || wrappedFor.get(handler) === hook) return handler;
  const tools = isGiven(config) ? [definitionOf(name, config)] : undefined;

  const captured = function (this: unknown, ...parameters: Parameters): Result {
    const startedAt = performance.now();
    const record = (outcome: { result?: unknown; error?: unknown }, thrown?: unknown) => {
      try {
        const id = hook.captureFromToolResult({
          toolName: name,
          arguments: hasArguments(parameters) ? parameters[0] : {},
          durationMs: Math.round((performance.now() - startedAt) * 1000) / 1000,
          sessionId: sessionOf(parameters.at(-1)),
          tools,
          ...outcome,
        });
        // A text or a number has no identity to be found by.
        for (const one of [outcome.result, thrown])
          if (typeof one === "object" && one !== null) rememberAnswer(one, id);
      } catch {
        // Capture is never the agent's problem.
      }
    };
    let result: Result;
    try {
      result = handler.apply(this, parameters);
    } catch (thrown) {
      record({ error: thrown }, thrown);
      throw thrown;
    }
    if (!isThenable(result)) {
      record(outcomeOf(result));
      return result;
    }
    return result.then(
      (value) => {
        record(outcomeOf(value));
        return value;
      },
      (thrown: unknown) => {
        record({ error: thrown }, thrown);
        throw thrown;
      },
    ) as Result;
  };
  wrappedFor.set(captured, hook);
  return captured;
}

/** What records already, for which hook: wrapped again it would record each call twice. */
const wrappedFor = new WeakMap<(...parameters: never[]) => unknown, CaptureHook>();

/** A tool without an input schema is called with the request's context alone, which is no business of ours. */
function hasArguments(parameters: readonly unknown[]): boolean {
  const first = parameters[0];
  if (parameters.length !== 1 || typeof first !== "object" || first === null) return true;
  return !("signal" in first || "mcpReq" in first || "sendNotification" in first);
}

function sessionOf(context: unknown): string | undefined {
  const id = (context as { sessionId?: unknown } | null | undefined)?.sessionId;
  return typeof id === "string" && id !== "" ? id.slice(0, 200) : undefined;
}

/** MCP reports a tool's own failure as a result with `isError`. */
function outcomeOf(result: unknown): { result: unknown; error?: unknown } {
  if (typeof result !== "object" || result === null || (result as { isError?: unknown }).isError !== true)
    return { result };
  const { content } = result as { content?: unknown };
  const texts = (Array.isArray(content) ? (content as unknown[]) : []).flatMap((part) => {
    const { text } = (part ?? {}) as { text?: unknown };
    return typeof text === "string" ? [text] : [];
  });
  return { result, error: texts.join("\n") || "the tool reported an error" };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
