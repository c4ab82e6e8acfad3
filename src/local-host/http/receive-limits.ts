import type http from "node:http";
import { invalid } from "../../kernel/errors.ts";
import { endWith } from "./half-sent.ts";

/** What a caller may take to send a request; Azure's front end has such limits too. */
export interface ReceiveLimits {
  /** For the line and the headers, in ms. */
  readonly headersMs: number;
  /** In so many ms at least `LEAST_PROGRESS` bytes of a body come, or its end. */
  readonly bodyMs: number;
  /** Connections at a time; further ones are closed. Each may hold memory until its request is here. */
  readonly connections: number;
  /** Bytes that bodies which have come by half may hold together. */
  readonly halfSentBytes: number;
}

const SETTINGS = {
  headersMs: ["LIGHTNING_HOST_HEADERS_SECONDS", 15],
  bodyMs: ["LIGHTNING_HOST_BODY_SECONDS", 30],
  connections: ["LIGHTNING_HOST_CONNECTIONS", 4096],
  halfSentBytes: ["LIGHTNING_HOST_HALF_SENT_MIB", 256],
} as const;

/** @throws LightningError invalid `bad_host_config` */
export function receiveLimits(env: Readonly<Record<string, string | undefined>>): ReceiveLimits {
  const read = (field: keyof ReceiveLimits): number => {
    const [name, standard] = SETTINGS[field];
    const text = env[name];
    const value = text === undefined || text === "" ? standard : Number(text);
    if (!(value > 0 && value <= 1_000_000))
      throw invalid("bad_host_config", `${name} must be a number above 0.`, {
        field: name,
        remedy: `Set it to a number, or leave it unset for ${standard}.`,
      });
    return value;
  };
  return {
    headersMs: read("headersMs") * 1000,
    bodyMs: read("bodyMs") * 1000,
    connections: Math.ceil(read("connections")),
    halfSentBytes: read("halfSentBytes") * 1024 * 1024,
  };
}

/** Bytes; a caller that sends one now and then would stay for ever. */
const LEAST_PROGRESS = 512;

/** Whether a message from a socket has a body (RFC 9112, 6.3). */
export const hasBody = ({ headers }: { readonly headers: Readonly<Record<string, unknown>> }): boolean =>
  headers["transfer-encoding"] !== undefined ||
  (headers["content-length"] !== undefined && headers["content-length"] !== "0");

/**
 * A look at a request that is taken again and again: whether too little of it came since the look before. What lies here
 * unread waits for the host, not for the caller.
 */
export function stalls(request: http.IncomingMessage): () => boolean {
  let seen = request.socket.bytesRead;
  return () => {
    const came = request.socket.bytesRead - seen;
    seen += came;
    return !request.complete && request.readableLength === 0 && came < LEAST_PROGRESS;
  };
}

/** Ends a request whose body does not come, with 408. */
export function endWhenStalled(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  { bodyMs }: ReceiveLimits,
): void {
  if (!hasBody(request)) return;
  const isStalled = stalls(request);
  const timer = setInterval(() => {
    if (request.complete) return clearInterval(timer);
    if (!isStalled()) return;
    clearInterval(timer);
    endWith(408, request, response);
  }, bodyMs);
  timer.unref();
  response.once("close", () => clearInterval(timer));
}
