import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import {
  type CallToolResult,
  createMcpHandler,
  isLegacyRequest,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type Tool,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import type { CallContext } from "../doors/operation.ts";
import { tooManyValues } from "../doors/refuse-shape.ts";
import { DEFAULT_TOOL_SET, TOOL_SETS, type ToolSet } from "../doors/tool-sets.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { isLightningError } from "../kernel/errors.ts";
import { parseExact } from "../kernel/exact-json.ts";
import type { Logger } from "../kernel/logger.ts";
import { MOST_VALUES, partsMoreValues } from "../kernel/width.ts";
import { noTelemetry, type Telemetry } from "../telemetry/telemetry.ts";
import { errorInDoorWords, itemsInDoorWords } from "./door-words.ts";
import { type ProgressTo, progressTo, wantsProgress, withProgress } from "./mcp-progress.ts";
import { toolSetsOf } from "./mcp-sets.ts";
import { inToolSpan, type ToolCall, toolCall } from "./mcp-span.ts";
import { type McpTool, mcpTools, type ToolSources, toolResult } from "./mcp-tools.ts";
import { mcpWords } from "./mcp-words.ts";
import { packageVersion } from "./package-version.ts";
import { callContext, type RestBase } from "./rest.ts";
import { textBytes } from "./rest-body.ts";
import { errorText, toLightningError } from "./wire-errors.ts";

const INSTRUCTIONS =
  "Agent Lightning makes agents better from their own work: label episodes, build a dataset, train, evaluate, promote, roll back. " +
  `Tools come in sets (${TOOL_SETS.join(", ")}): the address says which are listed, as ?tools=review,train; without it ${DEFAULT_TOOL_SET}.`;

/**
 * A protocol server over a set of tools; `list` and `call` may as well lie behind a network. A `ProtocolError` that `call`
 * throws is the request's error, not the tool's result.
 */
export function mcpServer(tools: {
  list(): Promise<Tool[]>;
  call(call: ToolCall, args: Record<string, unknown>, progress: ProgressTo): Promise<CallToolResult>;
}): Server {
  const server = new Server(
    { name: "agent-lightning", version: packageVersion() },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  server.setRequestHandler("tools/list", async () => ({ tools: await tools.list() }));
  server.setRequestHandler("tools/call", ({ params }, { mcpReq }) =>
    tools.call(toolCall(params.name, mcpReq), params.arguments ?? {}, progressTo(mcpReq)),
  );
  return server;
}

interface DoorOptions extends ToolSources {
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
  readonly logger?: Logger | undefined;
  /** What is listed where the address names no sets; absent: the default set. */
  readonly toolSets?: ReadonlySet<ToolSet> | undefined;
}

export interface McpDoor {
  /** Answers one request to `/api/mcp`; never throws. */
  handle(request: HttpRequest, base: RestBase): Promise<HttpResponseInit>;
  readonly tools: ReadonlyMap<string, McpTool>;
}

/**
 * Streamable HTTP without sessions: each POST stands for itself, so any instance can answer it. Clients of the 2026
 * revision are served by the SDK's own handler, everything older, and plain `curl -d`, by a transport that answers in
 * JSON. An answer is a stream of events where the client asked for progress.
 */
export function createMcpDoor(options: DoorOptions): McpDoor {
  const { clock = systemClock, telemetry = noTelemetry, logger } = options;
  const tools = mcpTools(options);
  const usual = options.toolSets ?? new Set([DEFAULT_TOOL_SET]);

  async function call(
    asked: ToolCall,
    args: Record<string, unknown>,
    progress: ProgressTo,
    context: CallContext,
    sets: ReadonlySet<ToolSet>,
  ): Promise<CallToolResult> {
    const { name } = asked;
    // A set is what is listed; what may be called is a matter of roles.
    const tool = tools.get(name);
    const words = mcpWords(tools, name, sets);
    try {
      return await inToolSpan(telemetry, asked, tool !== undefined, () => {
        if (tool === undefined)
          throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool named ${name}.`);
        return withProgress(progress, clock, async (onProgress) =>
          toolResult(itemsInDoorWords(await tool.call(args, { ...context, onProgress }), words)),
        );
      });
    } catch (thrown) {
      if (thrown instanceof ProtocolError) throw thrown;
      const fault = errorInDoorWords(toLightningError(thrown, name, logger).toBody().error, words);
      // Readable text, as the original answers; the code, and when to try again, stand in it.
      return { content: [{ type: "text", text: errorText(fault) }], isError: true };
    }
  }

  const serverFor = (context: CallContext, sets: ReadonlySet<ToolSet>) =>
    mcpServer({
      // A tool that the caller may use for no agent would only tempt the model.
      list: async () =>
        [...tools.values()]
          .filter((tool) => tool.sets.some((set) => sets.has(set)))
          .filter((tool) => context.caller === undefined || tool.isFor(context.caller))
          .map((tool) => tool.listed(sets.size === 1 && sets.has("core") ? "short" : "whole")),
      call: (asked, args, progress) => call(asked, args, progress, context, sets),
    });
  return {
    tools,
    async handle(request, base) {
      if (request.method !== "POST")
        return rpcError(405, -32_000, "Only POST is served here: there are no sessions to open or close.", {
          allow: "POST",
        });
      let text: string;
      let body: unknown;
      try {
        text = (await textBytes(request)).toString("utf8");
        if (partsMoreValues(text, MOST_VALUES)) throw tooManyValues(MOST_VALUES);
        body = parseExact(text);
      } catch (thrown) {
        return rpcRefusal(thrown);
      }
      let context: CallContext;
      let sets: ReadonlySet<ToolSet>;
      try {
        context = { ...callContext(request, base), door: "mcp" };
        const asked = new URL(request.url).searchParams.getAll("tools").join(",");
        sets = asked === "" ? usual : toolSetsOf(asked);
      } catch (thrown) {
        const { status, message, remedy = "" } = toLightningError(thrown, "mcp", base.logger);
        return rpcError(status, -32_600, `${message} ${remedy}`.trim());
      }
      const response = await answer(standardRequest(request, text), body, () => serverFor(context, sets));
      return asInit(response, base.pace);
    },
  };
}

async function answer(request: Request, body: unknown, makeServer: () => Server): Promise<Response> {
  if (!(await isLegacyRequest(request, body))) {
    const { method, id } = (body ?? {}) as { readonly method?: unknown; readonly id?: string | number };
    // Nothing that could be listened to ever changes while the app runs; the SDK would hold the request open for it.
    return method === "subscriptions/listen"
      ? Response.json(
          {
            jsonrpc: "2.0",
            id: id ?? null,
            error: { code: ProtocolErrorCode.MethodNotFound, message: "This server has no subscriptions." },
          },
          { status: 404 },
        )
      : createMcpHandler(makeServer).fetch(request, { parsedBody: body });
  }
  const server = makeServer();
  const transport = new WebStandardStreamableHTTPServerTransport({
    enableJsonResponse: !wantsProgress(body),
  });
  await server.connect(transport);
  let isStream = false;
  try {
    const response = await transport.handleRequest(request, { parsedBody: body });
    if (response.body !== null && isEventStream(response)) {
      isStream = true;
      return new Response(ReadableStream.from(thenClosed(response.body, server)), response);
    }
    // The answer is whole JSON: read it before the server behind it is closed.
    return new Response(response.status === 202 ? null : await response.arrayBuffer(), response);
  } finally {
    if (!isStream) await server.close();
  }
}

const isEventStream = (response: Response): boolean =>
  response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;

/** The body, and behind it, or when the client has gone, the end of the server that writes it. */
async function* thenClosed(
  body: ReadableStream<Uint8Array>,
  server: Server,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } finally {
    await server.close();
  }
}

/** The request as the SDK wants it; what plain `curl -d` leaves out or gets wrong is put right. */
function standardRequest(request: HttpRequest, body: string): Request {
  const headers = new Headers([...request.headers]);
  headers.set("content-type", "application/json");
  headers.set("accept", "application/json, text/event-stream");
  headers.delete("content-length");
  // Unpacked already.
  headers.delete("content-encoding");
  return new Request(request.url, { method: "POST", headers, body });
}

async function asInit(response: Response, pace: RestBase["pace"]): Promise<HttpResponseInit> {
  const { status, body } = response;
  const headers = { ...Object.fromEntries(response.headers), "cache-control": "no-store" };
  if (body === null) return { status, headers };
  if (isEventStream(response)) return { status, headers, body: pace?.(body) ?? body };
  return { status, headers, body: new Uint8Array(await response.arrayBuffer()) };
}

/** A body that cannot be read, unpacked or parsed as it stands. */
function rpcRefusal(thrown: unknown): HttpResponseInit {
  if (!isLightningError(thrown) || thrown.code === "bad_json")
    return rpcError(400, -32_700, "The body is not JSON.");
  const { status, code, field, message } = thrown;
  const text = `${field === undefined ? message : `${field}: ${message}`} (${code})`;
  return status === 422 ? rpcError(400, -32_602, text) : rpcError(status, -32_600, text);
}

function rpcError(
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): HttpResponseInit {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: null, error: { code, message } }),
  };
}
