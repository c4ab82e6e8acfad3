import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import {
  createMcpHandler,
  isLegacyRequest,
  Server,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import type { CallContext, Operation } from "../doors/operation.ts";
import { isLightningError } from "../kernel/errors.ts";
import { parseExact } from "../kernel/exact-json.ts";
import type { Logger } from "../kernel/logger.ts";
import { type ExtraTool, type McpTool, mcpTools } from "./mcp-tools.ts";
import { packageVersion } from "./package-version.ts";
import { callContext, type RestBase } from "./rest.ts";
import { LARGEST_BODY } from "./rest-body.ts";
import { toLightningError } from "./wire-errors.ts";

export type { ExtraTool } from "./mcp-tools.ts";

const INSTRUCTIONS =
  "Agent Lightning makes agents better from their own work: label episodes, build a dataset, train, evaluate, promote, roll back.";

/** A protocol server over a set of tools; `list` and `call` may as well lie behind a network. */
export function mcpServer(tools: {
  list(): Promise<McpTool["listed"][]>;
  call(name: string, args: Record<string, unknown>): ReturnType<McpTool["call"]>;
}): Server {
  const server = new Server(
    { name: "agent-lightning", version: packageVersion() },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  server.setRequestHandler("tools/list", async () => ({ tools: await tools.list() }));
  server.setRequestHandler("tools/call", ({ params }) => tools.call(params.name, params.arguments ?? {}));
  return server;
}

export interface McpDoor {
  /** Answers one request to `/api/mcp`; never throws. */
  handle(request: HttpRequest, base: RestBase): Promise<HttpResponseInit>;
  readonly tools: ReadonlyMap<string, McpTool>;
}

/**
 * Streamable HTTP without sessions: each POST stands for itself, so any instance can answer it. Clients of the 2026
 * revision are served by the SDK's own handler, everything older, and plain `curl -d`, by a transport that always
 * answers in JSON.
 */
export function createMcpDoor(options: {
  readonly operations: readonly Operation[];
  readonly extraTools?: readonly ExtraTool[];
  readonly logger?: Logger;
}): McpDoor {
  const tools = mcpTools(options.operations, options.extraTools, options.logger);
  const serverFor = (context: CallContext) =>
    mcpServer({
      // A tool that the caller may use for no agent would only tempt the model.
      list: async () =>
        [...tools.values()]
          .filter(({ role }) => context.caller?.mayAnywhere(role) ?? true)
          .map((tool) => tool.listed),
      call: async (name, args) =>
        tools.get(name)?.call(args, context) ?? {
          content: [{ type: "text", text: `There is no tool named ${name}.\nCode: unknown_tool` }],
          isError: true,
        },
    });
  return {
    tools,
    async handle(request, base) {
      if (request.method !== "POST")
        return rpcError(405, -32_000, "Only POST is served here: there are no sessions to open or close.", {
          allow: "POST",
        });
      const text = await request.text();
      if (text.length > LARGEST_BODY)
        return rpcError(413, -32_600, `The body is longer than ${LARGEST_BODY} characters.`);
      let body: unknown;
      try {
        body = parseExact(text);
      } catch (thrown) {
        if (isLightningError(thrown)) return rpcError(400, -32_602, `${thrown.field}: ${thrown.message}`);
        return rpcError(400, -32_700, "The body is not JSON.");
      }
      let context: CallContext;
      try {
        context = { ...callContext(request, base), door: "mcp" };
      } catch (thrown) {
        const { status, message } = toLightningError(thrown, "mcp", base.logger);
        return rpcError(status, -32_600, message);
      }
      return asInit(await answer(standardRequest(request, text), body, () => serverFor(context)));
    },
  };
}

async function answer(request: Request, body: unknown, makeServer: () => Server): Promise<Response> {
  if (!(await isLegacyRequest(request, body)))
    return createMcpHandler(makeServer, { maxSubscriptions: 0 }).fetch(request, {
      parsedBody: body,
    });
  const server = makeServer();
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  try {
    const response = await transport.handleRequest(request, { parsedBody: body });
    // The answer is whole JSON: read it before the server behind it is closed.
    return new Response(response.status === 202 ? null : await response.arrayBuffer(), response);
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
  return new Request(request.url, { method: "POST", headers, body });
}

async function asInit(response: Response): Promise<HttpResponseInit> {
  const headers = { ...Object.fromEntries(response.headers), "cache-control": "no-store" };
  return response.body === null
    ? { status: response.status, headers }
    : { status: response.status, headers, body: new Uint8Array(await response.arrayBuffer()) };
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
