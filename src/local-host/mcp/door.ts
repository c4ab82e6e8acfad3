import {
  createMcpHandler,
  isLegacyRequest,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { failureText } from "../core-api/errors.ts";
import type { Invoker } from "../core-api/invoker.ts";
import type { RegisteredFunction, WireData } from "../core-api/types.ts";
import { type IncomingCall, type OutgoingReply, readBody, textReply } from "../http/message.ts";
import { type McpParts, mcpParts, type Served } from "./bindings.ts";
import { promptResult, resourceResult, toolResult } from "./results.ts";

export interface McpDoorDeps {
  readonly invoker: Pick<Invoker, "call">;
  readonly functions: readonly RegisteredFunction[];
  /** host.json's `extensions.mcp`. */
  readonly hostJson: Readonly<Record<string, unknown>>;
  readonly bodyLimit: number;
  readonly onFailure: (name: string, text: string) => void;
}

/**
 * What the Functions MCP extension serves: the app's tools, resources and prompts over streamable HTTP. Each request
 * stands for itself; the older SSE transport is not served.
 */
export function createMcpDoor(deps: McpDoorDeps): (call: IncomingCall) => Promise<OutgoingReply> {
  const parts = mcpParts(deps.functions);
  return async (call) => {
    if (call.method !== "POST")
      return { ...textReply(405, "MCP is served by POST here."), headers: [["allow", "POST"]] };
    const bytes = await readBody(call.body, deps.bodyLimit);
    if (bytes === undefined) return textReply(413, "The request body is too large.");
    const text = bytes.toString("utf8");
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      return textReply(400, "The body is not JSON.");
    }
    const headers = new Headers(call.headers);
    headers.set("accept", "application/json, text/event-stream");
    headers.delete("content-length");
    const request = new Request(call.url, { method: "POST", headers, body: text });
    const response = await answer(request, body, () => serverOf(deps, parts, call));
    return {
      status: response.status,
      headers: [...response.headers],
      body: new Uint8Array(await response.arrayBuffer()),
    };
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
  const transport = { name: "http-streamable", properties: { headers: call.headers } };
  const sessionid = call.headers["mcp-session-id"];

  async function invoke(fn: RegisteredFunction, input: Record<string, unknown>) {
    const { arguments: args = {}, ...rest } = input;
    const context = { ...rest, arguments: args, clientinfo: server.getClientVersion() ?? null, transport };
    const outcome = await invoker.call(fn, {
      trigger: { json: JSON.stringify(sessionid === undefined ? context : { ...context, sessionid }) },
      // Samples read a tool's arguments from here.
      triggerMetadata: { mcptoolargs: { json: JSON.stringify(args) } satisfies WireData },
    });
    if (!outcome.ok) onFailure(fn.metadata.name, failureText(outcome.error));
    return outcome;
  }
  server.setRequestHandler("tools/list", async () => ({ tools: listed(parts.tools) }));
  server.setRequestHandler("tools/call", async ({ params }) => {
    const { fn } = wanted(parts.tools, "tool", params.name);
    const outcome = await invoke(fn, { name: params.name, arguments: params.arguments });
    if (outcome.ok) return toolResult(outcome.response.returnValue);
    return { isError: true, content: [{ type: "text" as const, text: outcome.error.message }] };
  });
  server.setRequestHandler("resources/list", async () => ({ resources: listed(parts.resources) }));
  server.setRequestHandler("resources/read", async ({ params }) => {
    const { fn, listed: about } = wanted(parts.resources, "resource", params.uri);
    const outcome = await invoke(fn, { uri: params.uri, name: about.name });
    if (outcome.ok) return resourceResult(params.uri, about.mimeType, outcome.response.returnValue);
    throw new ProtocolError(ProtocolErrorCode.InternalError, outcome.error.message);
  });
  server.setRequestHandler("prompts/list", async () => ({ prompts: listed(parts.prompts) }));
  server.setRequestHandler("prompts/get", async ({ params }) => {
    const { fn } = wanted(parts.prompts, "prompt", params.name);
    const outcome = await invoke(fn, { name: params.name, arguments: params.arguments });
    if (outcome.ok) return promptResult(outcome.response.returnValue);
    throw new ProtocolError(ProtocolErrorCode.InternalError, outcome.error.message);
  });
  return server;
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
