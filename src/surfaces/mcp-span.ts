import { ProtocolError, type ServerContext } from "@modelcontextprotocol/server";
import { isLightningError } from "../kernel/errors.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

/** A call of a tool as its client sent it, without the input. */
export interface ToolCall {
  readonly name: string;
  readonly id: string | number;
  /** W3C trace context of the message itself, as `_meta` has it. */
  readonly trace: { readonly traceparent?: string; readonly tracestate?: string };
}

export function toolCall(name: string, { id, _meta: meta }: ServerContext["mcpReq"]): ToolCall {
  const { traceparent, tracestate } = (meta ?? {}) as Readonly<Record<string, unknown>>;
  return {
    name,
    id,
    trace: {
      ...(typeof traceparent === "string" ? { traceparent } : {}),
      ...(typeof tracestate === "string" ? { tracestate } : {}),
    },
  };
}

/**
 * A call inside a server span, as OpenTelemetry's conventions for MCP name it. The trace that the message names is its
 * parent, or else the one of the HTTP request.
 * @param isTool whether there is such a tool: any other name is the caller's text and goes into no trace
 */
export function inToolSpan<T>(
  telemetry: Telemetry,
  { name, id, trace }: ToolCall,
  isTool: boolean,
  run: () => Promise<T>,
): Promise<T> {
  return telemetry.span(
    isTool ? `tools/call ${name}` : "tools/call",
    {
      kind: "server",
      parent:
        trace.traceparent === undefined
          ? undefined
          : { traceParent: trace.traceparent, traceState: trace.tracestate },
      attributes: {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": isTool ? name : undefined,
        "jsonrpc.request.id": typeof id === "number" ? String(id) : undefined,
        "network.transport": "tcp",
        "network.protocol.name": "http",
      },
    },
    async (note) => {
      try {
        return await run();
      } catch (thrown) {
        if (thrown instanceof ProtocolError)
          note({ "error.type": String(thrown.code), "rpc.response.status_code": String(thrown.code) });
        else
          note({
            "error.type": "tool_error",
            "lightning.error.code": isLightningError(thrown) ? thrown.code : "internal_error",
          });
        throw thrown;
      }
    },
  );
}
