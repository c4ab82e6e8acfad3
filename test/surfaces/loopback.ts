import http from "node:http";
import type { AddressInfo } from "node:net";
import { HttpRequest, HttpResponse, type HttpResponseInit } from "@azure/functions";
import type { Operation } from "../../src/doors/operation.ts";
import { type Clock, systemClock } from "../../src/kernel/clock.ts";
import { decodePath, requestPath } from "../../src/local-host/http/request-path.ts";
import { compileRoute } from "../../src/local-host/http/route-template.ts";
import { createMcpDoor } from "../../src/surfaces/mcp.ts";
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
  options: Pick<Parameters<typeof createMcpDoor>[0], "extraTools" | "toolSets" | "telemetry"> & {
    base?: Partial<RestBase>;
    clock?: Clock;
  } = {},
): Promise<{ url: string; requests: string[]; stop(): Promise<void> }> {
  const base: RestBase = { orchestrations: noOrchestrations, ...options.base };
  const { base: _base, clock = systemClock, ...mcp } = options;
  const door = createMcpDoor({ operations, clock, ...mcp });
  // Tried in the order of the functions' names, as Azure does.
  const routes = restRoutes(operations)
    .map((one) => ({ ...one, template: compileRoute(one.route) }))
    .toSorted((a, b) => (a.operation.name.toUpperCase() < b.operation.name.toUpperCase() ? -1 : 1));
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
      const path = requestPath(decodePath(url.pathname.replace(/^\/api/, "")));
      for (const { method, template, operation } of routes) {
        const params = method === incoming.method ? template.match(path) : undefined;
        if (params === undefined) continue;
        reply = await handleRest(operation, make(params), base);
        break;
      }
    }
    const response = new HttpResponse(reply);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    for await (const piece of response.body ?? []) outgoing.write(piece);
    outgoing.end();
  };
  const server = http.createServer((incoming, outgoing) => void answer(incoming, outgoing));
  // On a busy machine the timeout would close a socket that the next request is just being sent on.
  server.keepAliveTimeout = 0;
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
