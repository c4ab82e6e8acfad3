import { randomUUID } from "node:crypto";
import { maxHeaderSize } from "node:http";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { failureText } from "../core-api/errors.ts";
import type { Invoker } from "../core-api/invoker.ts";
import type { RegisteredFunction } from "../core-api/types.ts";
import { deferredRequest, type RequestFacts } from "./deferred-request.ts";
import { toHttpMetadata } from "./http-data.ts";
import { type IncomingCall, type OutgoingReply, readBody, textReply } from "./message.ts";
import { toStreamedReply } from "./stream-reply.ts";

/** A body up to this is taken whole before the function is called, which sees no difference: it costs a tenth of a stream. */
const SHORT_BODY = 1024 * 1024;
const WITHOUT_BODY = new Set(["GET", "HEAD"]);

/**
 * Calls a function of an app that set `enableHttpStream`. In Azure the host forwards such a request to a server of the
 * library's; here the function's request and answer are the same, made without a second connection: the body is read as
 * it comes, and the answer goes out as it is made, as fast as the caller takes it.
 */
export async function callStreaming(
  invoker: Invoker,
  fn: RegisteredFunction,
  call: IncomingCall,
  params: Record<string, string>,
  options: { readonly bodyLimit: number; readonly onFailure: (text: string) => void },
): Promise<OutgoingReply> {
  if (headBytes(call) > maxHeaderSize) return textReply(431);
  const triggerMetadata = toHttpMetadata(call, params);
  const nativeRequest = await requestOf(call, options.bodyLimit);
  if (nativeRequest === undefined) return textReply(413, "The request body is too large.");
  const invocationId = randomUUID();
  const { promise, resolve } = Promise.withResolvers<OutgoingReply>();
  let reply: OutgoingReply | undefined;
  const outcome = invoker.call(fn, {
    trigger: { http: { nativeRequest, params: paramsOf(triggerMetadata) } },
    triggerMetadata,
    traceParent: call.headers.traceparent,
    traceState: call.headers.tracestate,
    invocationId,
    async answer(result) {
      reply = toStreamedReply(result, invocationId, call.method);
      resolve(reply);
      if (reply.body instanceof Readable) await finished(reply.body);
    },
  });
  void outcome.then((ended) => {
    if (reply === undefined) {
      if (!ended.ok) options.onFailure(failureText(ended.error));
      resolve(textReply(ended.ok ? 204 : 500));
    } else if (!ended.ok && reply.body instanceof Readable) reply.body.destroy(ended.error);
  });
  return promise;
}

/** Line and headers as the library's server, which is Node's, would be sent them: it takes no more than Node does. */
function headBytes({ method, url, headers }: IncomingCall): number {
  let bytes = method.length + url.pathname.length + url.search.length;
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0) + FRAME;
  return bytes;
}
/** Colon, blank and line end. */
const FRAME = 4;

/** As @azure/functions makes them of a streamed request: all metadata that is text. */
function paramsOf(metadata: ReturnType<typeof toHttpMetadata>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).flatMap(([name, { string: text }]) =>
      name === "Query" || name === "Headers" || text === undefined ? [] : [[name, text]],
    ),
  );
}

/** The request as the function gets it; undefined when its body is known to be longer than `limit`. */
async function requestOf(call: IncomingCall, limit: number): Promise<Request | undefined> {
  const { method, url, headers } = call;
  const facts: Omit<RequestFacts, "body"> = { method, url, headers };
  // The library leaves out what `Request` refuses for these.
  if (WITHOUT_BODY.has(method)) return deferredRequest({ ...facts, body: NOTHING }) ?? whole(facts);
  const length = lengthOf(call);
  if (length !== undefined && length > limit) return undefined;
  // Of no body the library makes a stream that is empty, too.
  if (length === undefined || length === 0 || length > SHORT_BODY)
    return whole(facts, bounded(call.body, limit));
  const body = await readBody(call.body, limit);
  if (body === undefined) return undefined;
  return deferredRequest({ ...facts, body }) ?? whole(facts, body);
}

const NOTHING = Buffer.alloc(0);

/** Bytes of the body that are announced; undefined when they are not. */
function lengthOf({ headers, body }: IncomingCall): number | undefined {
  if (body === undefined) return 0;
  if (headers["content-length"] !== undefined) return Number(headers["content-length"]);
  // Without either header a message from a socket has no body (RFC 9112, 6.3).
  return "headers" in body && headers["transfer-encoding"] === undefined ? 0 : undefined;
}

function whole(
  { method, url, headers }: Omit<RequestFacts, "body">,
  body?: AsyncIterable<Uint8Array> | Uint8Array,
): Request {
  const init = { method, headers, ...(body === undefined ? {} : { body, duplex: "half" }) };
  return new Request(url.href, init as RequestInit);
}

async function* bounded(
  body: AsyncIterable<Uint8Array> | undefined,
  limit: number,
): AsyncIterable<Uint8Array> {
  let size = 0;
  for await (const piece of body ?? []) {
    size += piece.byteLength;
    if (size > limit) throw new Error("The request body is too large.");
    yield piece;
  }
}
