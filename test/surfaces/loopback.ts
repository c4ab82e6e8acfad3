import http from "node:http";
import type { AddressInfo } from "node:net";
import { HttpRequest, HttpResponse, type HttpResponseInit } from "@azure/functions";
import type { Operation } from "../../src/doors/operation.ts";
import { createMcpDoor, type ExtraTool } from "../../src/surfaces/mcp.ts";
import { handleRest, type RestBase, restRoutes } from "../../src/surfaces/rest.ts";
import { noOrchestrations } from "./fake-operations.ts";

/** An Azure request as the worker would make it. */
export function azureRequest(
  method: string,
  url: string,
  options: {
    headers?: Record<string, string>;
    body?: string | Uint8Array;
    params?: Record<string, string>;
  } = {},
): HttpRequest {
  const parsed = new URL(url, "http://localhost:7071");
  return new HttpRequest({
    method,
    url: parsed.href,
    headers: options.headers ?? {},
    params: options.params ?? {},
    ...(options.body === undefined
      ? {}
      : { body: typeof options.body === "string" ? { string: options.body } : { bytes: options.body } }),
  });
}

/** Serves the doors over real HTTP on a free loopback port. */
export async function loopback(
  operations: readonly Operation[],
  options: { extraTools?: readonly ExtraTool[]; base?: Partial<RestBase> } = {},
): Promise<{ url: string; requests: string[]; stop(): Promise<void> }> {
  const base: RestBase = { orchestrations: noOrchestrations, ...options.base };
  const door = createMcpDoor({ operations, extraTools: options.extraTools ?? [] });
  const routes = restRoutes(operations).map((route) => ({
    ...route,
    pattern: new RegExp(
      `^/api/${route.route.replaceAll(/\/\{(\w+)\?\}/g, "(?:/(?<$1>[^/]+))?").replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`,
    ),
  }));
  const requests: string[] = [];
  const answer = async (incoming: http.IncomingMessage, outgoing: http.ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const url = new URL(incoming.url ?? "/", `http://${incoming.headers.host}`);
    requests.push(`${incoming.method} ${url.pathname}`);
    const body = Buffer.concat(chunks);
    const make = (params: Record<string, string> = {}) =>
      azureRequest(incoming.method ?? "GET", url.href, {
        headers: incoming.headers as Record<string, string>,
        params,
        ...(body.length === 0 ? {} : { body }),
      });
    let reply: HttpResponseInit = { status: 404, body: "" };
    if (url.pathname === "/api/mcp") reply = await door.handle(make(), base);
    else {
      // Literal segments win over parameters, as in ASP.NET.
      const route = routes
        .toSorted((a, b) => a.route.split("{").length - b.route.split("{").length)
        .find(({ method, pattern }) => method === incoming.method && pattern.test(url.pathname));
      if (route !== undefined) {
        const params = { ...route.pattern.exec(url.pathname)?.groups } as Record<string, string>;
        reply = await handleRest(route.operation, make(params), base);
      }
    }
    const response = new HttpResponse(reply);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  };
  const server = http.createServer((incoming, outgoing) => void answer(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
