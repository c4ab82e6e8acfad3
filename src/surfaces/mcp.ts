import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import {
  createMcpHandler,
  isLegacyRequest,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import type { CallContext } from "../doors/operation.ts";
import { tooManyValues } from "../doors/refuse-shape.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { isLightningError } from "../kernel/errors.ts";
import { parseExact } from "../kernel/exact-json.ts";
import { MOST_VALUES, partsMoreValues } from "../kernel/width.ts";
import { type ProgressTo, progressTo, wantsProgress, withProgress } from "./mcp-progress.ts";
import { type McpTool, mcpTools, type ToolSources } from "./mcp-tools.ts";
import { packageVersion } from "./package-version.ts";
import { callContext, type RestBase } from "./rest.ts";
import { textBytes } from "./rest-body.ts";
import { toLightningError } from "./wire-errors.ts";

const INSTRUCTIONS =
  "Agent Lightning makes agents better from their own work: label episodes, build a dataset, train, evaluate, promote, roll back.";

/**
 * A protocol server over a set of tools; `list` and `call` may as well lie behind a network. A `ProtocolError` that `call`
 * throws is the request's error, not the tool's result.
 */
export function mcpServer(tools: {
  list(): Promise<McpTool["listed"][]>;
  call(name: string, args: Record<string, unknown>, progress: ProgressTo): ReturnType<McpTool["call"]>;
}): Server {
  const server = new Server(
    { name: "agent-lightning", version: packageVersion() },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  server.setRequestHandler("tools/list", async () => ({ tools: await tools.list() }));
  server.setRequestHandler("tools/call", ({ params }, { mcpReq }) =>
    tools.call(params.name, params.arguments ?? {}, progressTo(mcpReq)),
  );
  return server;
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
export function createMcpDoor(options: ToolSources & { readonly clock?: Clock }): McpDoor {
  const clock = options.clock ?? systemClock;
  const tools = mcpTools(options);
  const serverFor = (context: CallContext) =>
    mcpServer({
      // A tool that the caller may use for no agent would only tempt the model.
      list: async () =>
        [...tools.values()]
          .filter((tool) => context.caller === undefined || tool.isFor(context.caller))
          .map((tool) => tool.listed),
      call: async (name, args, progress) => {
        const tool = tools.get(name);
        if (tool === undefined)
          throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool named ${name}.`);
        return withProgress(progress, clock, (onProgress) => tool.call(args, { ...context, onProgress }));
      },
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
      try {
        context = { ...callContext(request, base), door: "mcp" };
      } catch (thrown) {
        const { status, message } = toLightningError(thrown, "mcp", base.logger);
        return rpcError(status, -32_600, message);
      }
      const response = await answer(standardRequest(request, text), body, () => serverFor(context));
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
