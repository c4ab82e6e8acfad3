import { Readable } from "node:stream";
import type { Handler } from "./front.ts";
import type { IncomingCall } from "./message.ts";

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
  const url = new URL(path, base);
  url.hash = "";
  const call = toCall(url, init);
  const reply = await handler(call);
  const headers = new Headers();
  for (const [name, value] of reply.headers) headers.append(name, value);
  const empty = [101, 204, 205, 304].includes(reply.status) || call.method === "HEAD";
  const body = reply.body instanceof Readable ? Readable.toWeb(reply.body) : reply.body;
  return new Response(empty ? null : ((body ?? "") as string), { status: reply.status, headers });
}

function toCall(url: URL, init: RequestInit): IncomingCall {
  const { body } = init;
  const method = (init.method ?? "GET").toUpperCase();
  if (body === undefined || body === null) return ofPlain(url, method, undefined, init);
  // What `Request` refuses, it shall refuse.
  if (typeof body === "string" && method !== "GET" && method !== "HEAD")
    return ofPlain(url, method, body, init);
  return ofAny(url, init);
}

/** Text or nothing, which needs no `Request`: making one takes longer than a short function does. */
function ofPlain(url: URL, method: string, text: string | undefined, init: RequestInit): IncomingCall {
  const headers: Record<string, string> = {
    host: url.host,
    ...Object.fromEntries(new Headers(init.headers)),
  };
  if (text !== undefined) headers["content-type"] ??= "text/plain;charset=UTF-8";
  const body = text === undefined ? undefined : inOnePiece(Buffer.from(text));
  return { method, url, headers, body, signal: init.signal ?? new AbortController().signal };
}

async function* inOnePiece(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

/** `Request` reads bodies of every kind (form data, streams) and sets the content type that belongs to them. */
function ofAny(url: URL, init: RequestInit): IncomingCall {
  const request = new Request(url, { ...init, duplex: "half" });
  return {
    method: request.method.toUpperCase(),
    url,
    headers: { host: url.host, ...Object.fromEntries(request.headers) },
    body: (request.body as AsyncIterable<Uint8Array> | null) ?? undefined,
    signal: request.signal,
  };
}
