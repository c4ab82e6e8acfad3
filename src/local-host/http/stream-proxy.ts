import { randomUUID } from "node:crypto";
import * as http from "node:http";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Invoker, Outcome } from "../core-api/invoker.ts";
import type { RegisteredFunction } from "../core-api/types.ts";
import { toHttpMetadata } from "./http-data.ts";
import { type IncomingCall, type OutgoingReply, textReply } from "./message.ts";

/** Headers of one hop, and the one the proxied request states for itself. */
const HOP = new Set(["connection", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"]);

/**
 * Serves an app that set `enableHttpStream`: the invocation carries no HTTP data, the request itself goes to the
 * library's own server (`HttpUri`) and its answer comes back as a stream, chunk by chunk.
 */
export async function proxyStream(
  invoker: Invoker,
  httpUri: string,
  fn: RegisteredFunction,
  call: IncomingCall,
  params: Record<string, string>,
): Promise<OutgoingReply> {
  const invocationId = randomUUID();
  const base = new URL(httpUri);
  const forwarded = http.request({
    host: "127.0.0.1",
    port: base.port,
    method: call.method,
    path: call.url.pathname + call.url.search,
    headers: {
      ...Object.fromEntries(Object.entries(call.headers).filter(([name]) => !HOP.has(name))),
      "x-ms-invocation-id": invocationId,
      // The library refuses a request without these two.
      "x-forwarded-host": call.url.host,
      "x-forwarded-proto": call.url.protocol.slice(0, -1),
    },
    agent: false,
  });
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    forwarded.once("response", resolve);
    forwarded.once("error", reject);
  });
  const giveUp = () => forwarded.destroy(new Error("The caller is gone."));
  call.signal.addEventListener("abort", giveUp, { once: true });
  void pipeline(Readable.from(call.body ?? []), forwarded).catch(() => {});

  const outcome = invoker.call(fn, {
    trigger: { http: {} },
    triggerMetadata: toHttpMetadata(call, params),
    traceParent: call.headers.traceparent,
    traceState: call.headers.tracestate,
    invocationId,
  });
  const first = await Promise.race([
    answered.then((message) => ({ message })),
    outcome.then((value) => ({ value })),
  ]).catch(() => ({ value: { ok: false, error: new Error("proxy failed") } as Outcome }));
  if ("value" in first && unanswered(first.value)) {
    answered.catch(() => {});
    forwarded.destroy();
    return textReply(first.value.ok ? 204 : 500);
  }
  const message = "message" in first ? first.message : await answered;
  const body = new PassThrough();
  // A handler that fails in mid-answer leaves the library's socket open: end the caller's connection with it.
  void outcome.then((value) => (value.ok ? undefined : message.destroy(value.error)));
  void pipeline(message, body)
    .catch(() => {})
    .finally(() => call.signal.removeEventListener("abort", giveUp));
  return {
    status: message.statusCode ?? 200,
    headers: Object.entries(message.headersDistinct).flatMap(([name, values]) =>
      HOP.has(name) || name === "date" ? [] : (values ?? []).map((value) => [name, value] as const),
    ),
    body,
  };
}

/** A failure, and a function that returned nothing, send nothing to the proxied request. */
function unanswered(outcome: Outcome): boolean {
  return !outcome.ok || outcome.result === undefined || outcome.result === null;
}
