import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { defined } from "../../kernel/defined.ts";
import { withDeferredResponse } from "../core-api/deferred-response.ts";
import type { OutgoingReply } from "./message.ts";

/** Headers that @azure/functions keeps back from a streamed answer. */
const HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "trailers",
  "transfer-encoding",
  "upgrade",
]);
/** The bodies that `Response` refuses are left out by the library. */
const NO_BODY = new Set([204, 205, 304]);

/**
 * The reply that a function's result stands for where the app streams, as the library sends it (`sendProxyResponse`).
 * @param result what the function returned: an `HttpResponseInit`, an `HttpResponse` or a `Response`
 * @throws TypeError for what the library or `Response` refuse
 */
export function toStreamedReply(result: unknown, invocationId: string, method: string): OutgoingReply {
  if (typeof result !== "object" || result === null)
    throw new TypeError(
      'The HTTP response must be an object with optional properties "body", "status", "headers", and "cookies".',
    );
  const plain = plainOf(result);
  const { cookies } = result as { readonly cookies?: readonly Cookie[] };
  const more: [string, string][] = [
    ...(cookies ?? []).map((cookie): [string, string] => ["set-cookie", cookieText(cookie)]),
    ["x-ms-invocation-id", invocationId],
  ];
  if (plain !== undefined)
    return { status: plain.status, headers: [...passed(plain.headers.entries()), ...more], body: plain.body };
  const { status, headers: given, body: content, jsonBody } = result as ResponseParts;
  const pieces = jsonBody === undefined || jsonBody === null ? piecesOf(content) : undefined;
  const response = responseOf(
    pieces === undefined ? result : { ...defined({ status, headers: given }), body: null },
  );
  const headers = [...passed(response.headers.entries()), ...more];
  if (pieces !== undefined && method !== "HEAD" && !NO_BODY.has(response.status))
    return { status: response.status, headers, body: Readable.from(pieces, { objectMode: false }) };
  if (response.body === null) return { status: response.status, headers };
  const body = Readable.fromWeb(response.body);
  // Nobody asks for it.
  if (method === "HEAD") body.destroy();
  return { status: response.status, headers, ...(method === "HEAD" ? {} : { body }) };
}

/** An answer of text, without a `Response`. */
function plainOf(result: object) {
  const made = withDeferredResponse(result) as {
    readonly nativeResponse?: {
      readonly status: number;
      readonly headers: { entries(): Iterable<[string, string]> };
      readonly body: Buffer;
    };
  };
  return made === result ? undefined : made.nativeResponse;
}

interface ResponseParts {
  readonly status?: number;
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  readonly body?: unknown;
  readonly jsonBody?: unknown;
}

/** As the library's `HttpResponse` makes one. */
function responseOf({ status, headers, body, jsonBody }: ResponseParts): Response {
  const init = { ...(status === undefined ? {} : { status }), ...(headers === undefined ? {} : { headers }) };
  if (status !== undefined && NO_BODY.has(status)) return new Response(null, init);
  if (jsonBody === undefined || jsonBody === null) return new Response(body as ReadableStream, init);
  const own = new Headers(headers);
  if (!own.has("content-type")) own.set("content-type", "application/json");
  return new Response(JSON.stringify(jsonBody), { ...init, headers: own });
}

/**
 * What a body that is iterated consists of, as `Response` takes it. It would throw where nobody catches it when such a
 * body ends after its caller has gone.
 */
function piecesOf(body: unknown): AsyncGenerator<Uint8Array> | undefined {
  if (typeof body !== "object" || body === null || body instanceof ReadableStream) return undefined;
  if (!(Symbol.asyncIterator in body)) return undefined;
  const source = body as AsyncIterable<Uint8Array>;
  return (async function* () {
    for await (const piece of source) {
      const bytes = new Uint8Array(piece);
      if (bytes.byteLength > 0) yield bytes;
    }
  })();
}

function passed(entries: Iterable<[string, string]>): [string, string][] {
  const given = [...entries];
  // What `connection` names is of this hop, too.
  const named = given.find(([name]) => name.toLowerCase() === "connection")?.[1].toLowerCase();
  const hop = new Set(named?.split(",").map((name) => name.trim()));
  return given.filter(([name]) => !HOP.has(name.toLowerCase()) && !hop.has(name.toLowerCase()));
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain?: string;
  readonly path?: string;
  readonly expires?: Date | number;
  readonly secure?: boolean;
  readonly httpOnly?: boolean;
  readonly maxAge?: number;
  readonly sameSite?: string;
}

/** In the order of the package `cookie`, which the library uses. */
function cookieText({ name, value, ...more }: Cookie): string {
  const parts = [`${name}=${encodeURIComponent(value)}`];
  if (more.maxAge !== undefined) parts.push(`Max-Age=${Math.trunc(more.maxAge)}`);
  if (more.domain !== undefined) parts.push(`Domain=${more.domain}`);
  if (more.path !== undefined) parts.push(`Path=${more.path}`);
  if (more.expires !== undefined) parts.push(`Expires=${new Date(more.expires).toUTCString()}`);
  if (more.httpOnly === true) parts.push("HttpOnly");
  if (more.secure === true) parts.push("Secure");
  if (more.sameSite !== undefined) parts.push(`SameSite=${more.sameSite}`);
  return parts.join("; ");
}
