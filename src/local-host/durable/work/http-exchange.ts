import http from "node:http";
import https from "node:https";
import type { HttpAnswer } from "../replay/call-http.ts";
import { answerHeaders } from "./http-headers.ts";

/** One HTTP request, ready to be sent. */
export interface HttpMessage {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** .NET's HttpClient.Timeout, over the redirects as well. */
export const TIMEOUT_MS = 100_000;
/** .NET's HttpClientHandler.MaxAutomaticRedirections. */
const REDIRECTIONS = 50;
const FOLLOWED: ReadonlySet<number> = new Set([300, 301, 302, 303, 307, 308]);

/** The answer broke off after its head. */
export class CutShort extends Error {}

interface Received {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly location: string | undefined;
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * Sends a request and follows redirects as .NET's HttpClient does; the last answer, whatever its status. Over node:http,
 * since `fetch` refuses a GET with a body, hides how headers are spelt, and adds some of its own.
 * @throws CutShort, or what node:http says
 */
export async function exchange(message: HttpMessage): Promise<HttpAnswer> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  let current = message;
  for (let count = 0; ; count++) {
    const received = await send(current, signal);
    const next = count < REDIRECTIONS ? redirected(current, received) : undefined;
    if (next === undefined)
      return {
        statusCode: received.status,
        headers: answerHeaders(received.rawHeaders),
        content: decoded(received),
      };
    current = next;
  }
}

function send({ url, method, headers, body }: HttpMessage, signal: AbortSignal): Promise<Received> {
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === "https:" ? https : http;
    const outgoing = request(url, { method, headers, signal }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on("data", (piece: Buffer) => pieces.push(piece));
      incoming.on("error", (cause) => reject(new CutShort("The response ended prematurely.", { cause })));
      incoming.on("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          rawHeaders: incoming.rawHeaders,
          location: incoming.headers.location,
          contentType: incoming.headers["content-type"] ?? "",
          body: Buffer.concat(pieces),
        }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** The request that a redirect asks for, or undefined when there is none to follow. */
function redirected(
  { url, method, headers, body }: HttpMessage,
  received: Received,
): HttpMessage | undefined {
  const { status, location = "" } = received;
  if (!FOLLOWED.has(status) || location === "") return undefined;
  const target = URL.parse(location, url.href);
  // From https to http nobody is led on.
  if (target === null || (url.protocol === "https:" && target.protocol !== "https:")) return undefined;
  if (target.hash === "") target.hash = url.hash;
  const turnsToGet =
    status === 303 ? method !== "GET" && method !== "HEAD" : status <= 302 && method === "POST";
  const dropped = new Set(["authorization", ...(turnsToGet ? ["content-type", "content-length"] : [])]);
  return {
    url: target,
    method: turnsToGet ? "GET" : method,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name.toLowerCase()))),
    body: turnsToGet ? undefined : body,
  };
}

/** The body's text in the character set that its type names. */
function decoded({ contentType, body }: Received): string {
  const charset = /;\s*charset="?([^\s;"]+)/i.exec(contentType)?.[1] ?? "utf-8";
  return new TextDecoder(charset).decode(body);
}
