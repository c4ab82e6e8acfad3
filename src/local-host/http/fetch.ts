import { Readable } from "node:stream";
import type { Handler } from "./front.ts";

/**
 * Sends a request through the host's routes without a socket.
 * @param base origin that relative addresses are taken from: `http://localhost:7071`
 */
export async function fetchThrough(
  handler: Handler,
  base: string,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  // `Request` reads bodies of every kind (text, form data, streams) and sets the content type that belongs to them.
  const request = new Request(new URL(path, base), { ...init, duplex: "half" });
  const url = new URL(request.url);
  const reply = await handler({
    method: request.method.toUpperCase(),
    url,
    headers: { host: url.host, ...Object.fromEntries(request.headers) },
    body: (request.body as AsyncIterable<Uint8Array> | null) ?? undefined,
    signal: request.signal,
  });
  const headers = new Headers();
  for (const [name, value] of reply.headers) headers.append(name, value);
  const empty = [101, 204, 205, 304].includes(reply.status) || request.method === "HEAD";
  const body = reply.body instanceof Readable ? Readable.toWeb(reply.body) : reply.body;
  return new Response(empty ? null : ((body ?? "") as string), { status: reply.status, headers });
}
