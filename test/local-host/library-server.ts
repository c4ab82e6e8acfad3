import { randomUUID } from "node:crypto";
import * as http from "node:http";
import type { Invoker } from "../../src/local-host/core-api/invoker.ts";
import type { RegisteredFunction } from "../../src/local-host/core-api/types.ts";
import { toHttpMetadata } from "../../src/local-host/http/http-data.ts";

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string[]>>;
  readonly message: http.IncomingMessage;
}

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: AsyncIterable<Uint8Array> | Uint8Array | undefined;
}

/**
 * Calls a function of a streaming app the way Microsoft's host does: the invocation bears no HTTP data, the request
 * itself goes to the server that @azure/functions opened, and its answer comes from there. Undefined where the function
 * sent none (it failed, or returned nothing).
 */
export async function askLibraryServer(
  { invoker, httpUri }: { readonly invoker: Invoker; readonly httpUri: string },
  fn: RegisteredFunction,
  { method, url, headers, body }: Asked,
  params: Record<string, string> = {},
): Promise<Answered | undefined> {
  const invocationId = randomUUID();
  const forwarded = http.request({
    host: "127.0.0.1",
    port: new URL(httpUri).port,
    method,
    path: url.pathname + url.search,
    headers: {
      ...headers,
      "x-ms-invocation-id": invocationId,
      "x-forwarded-host": url.host,
      "x-forwarded-proto": url.protocol.slice(0, -1),
    },
    agent: false,
  });
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    forwarded.once("response", resolve);
    forwarded.once("error", reject);
  });
  answered.catch(() => undefined);
  void (async () => {
    if (body instanceof Uint8Array) forwarded.write(body);
    else for await (const piece of body ?? []) forwarded.write(piece);
    forwarded.end();
  })().catch(() => undefined);
  const call = { method, url, headers, body: undefined, signal: new AbortController().signal };
  const outcome = invoker.call(fn, {
    trigger: { http: {} },
    triggerMetadata: toHttpMetadata(call, params),
    invocationId,
  });
  const first = await Promise.race([answered, outcome]);
  const message = first instanceof http.IncomingMessage ? first : undefined;
  if (message === undefined && (!first || !("ok" in first) || !first.ok || first.result == null)) {
    forwarded.destroy();
    return undefined;
  }
  const whole = message ?? (await answered);
  return {
    status: whole.statusCode ?? 0,
    headers: whole.headersDistinct as Record<string, string[]>,
    message: whole,
  };
}
