import { type CaptureHook, isOwnTool } from "./capture.ts";

/**
 * Wraps an MCP tool handler, `(args, extra) => result`: each call becomes an episode. The result and any error reach the
 * caller untouched, as the very same values. With capture off, or for our own `lightning_*` tools, the handler itself
 * is returned.
 */
export function wrapToolHandler<Parameters extends unknown[], Result>(
  hook: CaptureHook,
  name: string,
  handler: (...parameters: Parameters) => Result,
): (...parameters: Parameters) => Result {
  if (!hook.enabled || isOwnTool(name)) return handler;

  return function captured(this: unknown, ...parameters: Parameters): Result {
    const startedAt = performance.now();
    const record = (outcome: { result?: unknown; error?: unknown }) => {
      try {
        hook.captureFromToolResult({
          toolName: name,
          arguments: hasArguments(parameters) ? parameters[0] : {},
          durationMs: Math.round((performance.now() - startedAt) * 1000) / 1000,
          sessionId: sessionOf(parameters.at(-1)),
          ...outcome,
        });
      } catch {
        // Capture is never the agent's problem.
      }
    };
    let result: Result;
    try {
      result = handler.apply(this, parameters);
    } catch (thrown) {
      record({ error: thrown });
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
        record({ error: thrown });
        throw thrown;
      },
    ) as Result;
  };
}

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
