import { wireBytes } from "../core-api/typed-data.ts";
import type { InvocationResponse, RegisteredFunction, WireCookie, WireData } from "../core-api/types.ts";
import { deferredRequest } from "./deferred-request.ts";
import { type IncomingCall, type OutgoingReply, textReply } from "./message.ts";

const nullable = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));

/** A repeated query parameter becomes one value joined with commas, as the real host sends it. */
function queryOf(url: URL): Record<string, string> {
  const query: Record<string, string> = {};
  if (url.search === "") return query;
  for (const name of new Set(url.searchParams.keys())) query[name] = url.searchParams.getAll(name).join(",");
  return query;
}

/** The trigger value of an HTTP function. */
export function toHttpTrigger(call: IncomingCall, params: Record<string, string>, body: Buffer): WireData {
  return {
    http: {
      method: call.method,
      url: call.url.href,
      nullableHeaders: nullable(call.headers),
      nullableQuery: nullable(queryOf(call.url)),
      nullableParams: nullable(params),
      ...(body.length === 0 ? {} : { body: { bytes: body } }),
      nativeRequest: deferredRequest({ method: call.method, url: call.url, headers: call.headers, body }),
    },
  };
}

/**
 * Trigger metadata, which streamed requests are read from: `Headers` and `Query` as JSON, then each value that the HTTP
 * extension binds (HttpTriggerAttributeBindingProvider): the query's but for the key, and the route's, which win whatever
 * the case. The library makes `request.params` of all of them.
 */
export function toHttpMetadata(call: IncomingCall, params: Record<string, string>): Record<string, WireData> {
  const query = queryOf(call.url);
  const taken = new Set([
    "code",
    "headers",
    "query",
    ...Object.keys(params).map((name) => name.toLowerCase()),
  ]);
  const bound = Object.entries(query).filter(([name]) => !taken.has(name.toLowerCase()));
  return {
    Headers: { json: JSON.stringify(call.headers) },
    Query: { json: JSON.stringify(query) },
    ...Object.fromEntries(
      [...bound, ...Object.entries(params)].map(([name, value]) => [name, { string: value }]),
    ),
  };
}

/** Framing is the server's business, whatever the function says. */
const FRAMING = new Set(["connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"]);

/** The reply that an HTTP function's response stands for; no response at all is 204. */
export function toReply(fn: RegisteredFunction, response: InvocationResponse): OutgoingReply {
  const extra = response.outputData?.find(
    (output) => fn.metadata.bindings[output.name]?.type.toLowerCase() === "http",
  );
  const http = response.returnValue?.http ?? extra?.data.http;
  if (http === undefined) return textReply(204);
  const body = wireBytes(http.body);
  return {
    status: Number(http.statusCode ?? 200),
    headers: [
      ...Object.entries(http.headers ?? {}).filter(([name]) => !FRAMING.has(name.toLowerCase())),
      ...(http.cookies ?? []).map((cookie) => ["set-cookie", cookieText(cookie)] as const),
    ],
    ...(body.byteLength === 0 ? {} : { body }),
  };
}

const SAME_SITE = { none: "", lax: "lax", strict: "strict", explicitNone: "none" };

function cookieText(cookie: WireCookie): string {
  const parts = [`${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value)}`];
  if (cookie.expires) parts.push(`expires=${new Date(cookie.expires.value.seconds * 1000).toUTCString()}`);
  if (cookie.maxAge) parts.push(`max-age=${Math.trunc(cookie.maxAge.value)}`);
  if (cookie.domain) parts.push(`domain=${cookie.domain.value}`);
  parts.push(`path=${cookie.path?.value ?? "/"}`);
  if (cookie.secure?.value) parts.push("secure");
  const sameSite = SAME_SITE[cookie.sameSite ?? "none"];
  if (sameSite !== "") parts.push(`samesite=${sameSite}`);
  if (cookie.httpOnly?.value) parts.push("httponly");
  return parts.join("; ");
}
