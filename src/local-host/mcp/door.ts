import { randomUUID } from "node:crypto";
import {
  createMcpHandler,
  isLegacyRequest,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { inexactNumber, NOT_EXACT, NOT_EXACT_REMEDY } from "../../kernel/exact-json.ts";
import { failureText } from "../core-api/errors.ts";
import type { Invoker } from "../core-api/invoker.ts";
import type { RegisteredFunction, WireData } from "../core-api/types.ts";
import { type IncomingCall, type OutgoingReply, readBody, textReply } from "../http/message.ts";
import { type McpParts, mcpParts, type Served } from "./bindings.ts";
import { promptResult, resourceResult, toolResult } from "./results.ts";
import { createSseDoor } from "./sse.ts";

export interface McpDoorDeps {
  readonly invoker: Pick<Invoker, "call">;
  readonly functions: readonly RegisteredFunction[];
  /** host.json's `extensions.mcp`. */
  readonly hostJson: Readonly<Record<string, unknown>>;
  readonly bodyLimit: number;
  readonly onFailure: (name: string, text: string) => void;
}

export interface McpDoor {
  /** @param rest what follows the extension's address: "", "sse" or "message" */
  readonly handle: (call: IncomingCall, rest: string) => Promise<OutgoingReply>;
  /** Ends the streams that are open. */
  readonly close: () => void;
}

/** How a call came, as the extension names it to the function. */
interface Way {
  readonly transport: "http-streamable" | "http-sse";
  readonly sessionId: string | undefined;
}

/**
 * What the Functions MCP extension serves: the app's tools, resources and prompts over streamable HTTP, where each
 * request stands for itself, and over the older SSE transport.
 */
export function createMcpDoor(deps: McpDoorDeps): McpDoor {
  const parts = mcpParts(deps.functions);
  const sse = createSseDoor(
    (call, sessionId) => serverOf(deps, parts, call, { transport: "http-sse", sessionId }),
    deps.bodyLimit,
  );
  return {
    close: sse.close,
    async handle(call, rest) {
      if (rest === "sse") return call.method === "GET" ? sse.open(call) : notAllowed("GET");
      if (rest === "message") return call.method === "POST" ? sse.take(call) : notAllowed("POST");
      if (rest !== "") return textReply(404);
      return call.method === "POST" ? streamable(deps, parts, call) : notAllowed("POST");
    },
  };
}

const notAllowed = (method: string): OutgoingReply => ({
  ...textReply(405, `MCP is served by ${method} here.`),
  headers: [["allow", method]],
});

async function streamable(deps: McpDoorDeps, parts: McpParts, call: IncomingCall): Promise<OutgoingReply> {
  const bytes = await readBody(call.body, deps.bodyLimit);
  if (bytes === undefined) return textReply(413, "The request body is too large.");
  const text = bytes.toString("utf8");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return textReply(400, "The body is not JSON.");
  }
  const inexact = inexactNumber(text);
  if (inexact !== undefined) return textReply(400, `${inexact.field}: ${NOT_EXACT} ${NOT_EXACT_REMEDY}`);
  const headers = new Headers(call.headers);
  headers.set("accept", "application/json, text/event-stream");
  headers.delete("content-length");
  const request = new Request(call.url, { method: "POST", headers, body: text });
  // Nothing is kept under it: as with the extension, it only distinguishes one client's calls from another's.
  const begins = (body as { method?: unknown } | null)?.method === "initialize";
  const sessionId = begins ? randomUUID() : call.headers["mcp-session-id"];
  const way: Way = { transport: "http-streamable", sessionId };
  const response = await answer(request, body, () => serverOf(deps, parts, call, way));
  return {
    status: response.status,
    headers: [
      ...response.headers,
      ...(begins && response.ok ? [["mcp-session-id", sessionId ?? ""] as const] : []),
    ],
    body: new Uint8Array(await response.arrayBuffer()),
  };
}

async function answer(request: Request, body: unknown, makeServer: () => Server): Promise<Response> {
  if (!(await isLegacyRequest(request, body)))
    return createMcpHandler(makeServer, { maxSubscriptions: 0 }).fetch(request, { parsedBody: body });
  const server = makeServer();
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  try {
    const response = await transport.handleRequest(request, { parsedBody: body });
    return new Response(response.status === 202 ? null : await response.arrayBuffer(), response);
  } finally {
    await server.close();
  }
}

function serverOf(
  { invoker, hostJson, onFailure }: McpDoorDeps,
  parts: McpParts,
  call: IncomingCall,
  way: Way,
): Server {
  const { serverName, serverVersion, instructions } = hostJson;
  const server = new Server(
    {
      name: typeof serverName === "string" ? serverName : "Azure Functions MCP server",
      version: typeof serverVersion === "string" ? serverVersion : "1.0.0",
    },
    {
      capabilities: { tools: {}, resources: {}, prompts: {} },
      ...(typeof instructions === "string" ? { instructions } : {}),
    },
  );
  const { sessionId } = way;
  const transport = {
    name: way.transport,
    // The extension's own spelling.
    ...(sessionId === undefined ? {} : { sesssionId: sessionId }),
    properties: { headers: call.headers },
  };

  async function invoke(fn: RegisteredFunction, input: object, metadata: Record<string, WireData> = {}) {
    const outcome = await invoker.call(fn, {
      trigger: { json: JSON.stringify(input) },
      triggerMetadata: {
        ...metadata,
        ...(sessionId === undefined ? {} : { mcpsessionid: { json: JSON.stringify(sessionId) } }),
      },
    });
    if (!outcome.ok) onFailure(fn.metadata.name, failureText(outcome.error));
    return outcome;
  }
  const clientInfo = () => server.getClientVersion() ?? null;
  /** Context of a call for tools and prompts, in the extension's lower case. */
  const told = (name: string, args: object = {}) => ({
    name,
    arguments: args,
    clientinfo: clientInfo(),
    transport,
    ...(sessionId === undefined ? {} : { sessionid: sessionId }),
  });
  server.setRequestHandler("tools/list", async () => ({ tools: listed(parts.tools) }));
  server.setRequestHandler("tools/call", async ({ params }) => {
    const { fn } = wanted(parts.tools, "tool", params.name);
    const outcome = await invoke(fn, told(params.name, params.arguments), {
      // Samples read a tool's arguments from here.
      mcptoolargs: { json: JSON.stringify(params.arguments ?? {}) },
    });
    if (outcome.ok) return toolResult(outcome.response.returnValue);
    return { isError: true, content: [{ type: "text" as const, text: outcome.error.message }] };
  });
  server.setRequestHandler("resources/list", async () => ({ resources: listed(parts.resources) }));
  server.setRequestHandler("resources/templates/list", async () => ({
    resourceTemplates: parts.templates.map((one) => one.listed),
  }));
  server.setRequestHandler("resources/read", async ({ params }) => {
    const { uri } = params;
    const { fn, listed: about, values } = resourceAt(parts, uri);
    const outcome = await invoke(
      fn,
      { uri, clientInfo: clientInfo(), transport, ...(sessionId === undefined ? {} : { sessionId }) },
      {
        mcpresourceuri: { json: JSON.stringify(uri) },
        ...Object.fromEntries(
          Object.entries(values).map(([name, value]) => [name, { json: JSON.stringify(value) }]),
        ),
      },
    );
    if (outcome.ok) return resourceResult(uri, about.mimeType, outcome.response.returnValue);
    throw new ProtocolError(ProtocolErrorCode.InternalError, outcome.error.message);
  });
  server.setRequestHandler("prompts/list", async () => ({ prompts: listed(parts.prompts) }));
  server.setRequestHandler("prompts/get", async ({ params }) => {
    const { fn } = wanted(parts.prompts, "prompt", params.name);
    const outcome = await invoke(fn, told(params.name, params.arguments));
    if (outcome.ok) return promptResult(outcome.response.returnValue);
    throw new ProtocolError(ProtocolErrorCode.InternalError, outcome.error.message);
  });
  return server;
}

/** One of its own before one of a template; the values are the template's. */
function resourceAt({ resources, templates }: McpParts, uri: string) {
  const own = resources.get(uri.toLowerCase());
  if (own !== undefined) return { ...own, values: {} };
  for (const one of templates) {
    const values = one.template.match(uri);
    if (values !== undefined) return { ...one, values };
  }
  return { ...wanted(resources, "resource", uri), values: {} };
}

function wanted<Listed>(
  map: ReadonlyMap<string, Served<Listed>>,
  what: string,
  name: string,
): Served<Listed> {
  const found = map.get(name);
  if (found === undefined)
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no ${what} '${name}'.`);
  return found;
}

function listed<Listed>(map: ReadonlyMap<string, Served<Listed>>): Listed[] {
  return [...map.values()].map((one) => one.listed);
}
