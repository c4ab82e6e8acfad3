import * as http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { conflict, type LightningError, messageOf } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import type { Handler } from "./front.ts";
import { HalfSent, MeteredMessage } from "./half-sent.ts";
import type { IncomingCall, OutgoingReply } from "./message.ts";
import { readAway } from "./read-away.ts";
import { endWhenStalled, hasBody, type ReceiveLimits, receiveLimits, stalls } from "./receive-limits.ts";

export interface ListeningServer {
  readonly port: number;
  /** Takes no new connections, waits for the requests in flight up to `graceMs`, then closes what is left. */
  close(graceMs: number): Promise<void>;
}

/**
 * Listens on loopback: on 127.0.0.1, and on ::1 where there is one, since `localhost` may mean either.
 * @param port 0 for any free one
 * @throws conflict `port_in_use`
 */
export async function listen(
  port: number,
  handler: Handler,
  logger: Logger,
  limits: ReceiveLimits = receiveLimits({}),
): Promise<ListeningServer> {
  const halfSent = new HalfSent(limits.halfSentBytes);
  const first = await open("127.0.0.1", port, handler, logger, limits, halfSent);
  const bound = (first.address() as AddressInfo).port;
  const servers = [first];
  try {
    servers.push(await open("::1", bound, handler, logger, limits, halfSent));
  } catch (thrown) {
    // No IPv6 here is fine; another program on the very port that was asked for is not.
    if (port !== 0 && (thrown as { code?: unknown }).code === "port_in_use") {
      first.close();
      throw thrown;
    }
  }
  return {
    port: bound,
    async close(graceMs) {
      await Promise.all(servers.map((server) => closeServer(server, graceMs)));
    },
  };
}

/**
 * How long an idle connection is kept. A loop that is held up for longer than this (a busy machine, a large
 * synchronous step) looks at its timers first when it goes on, and resets the connection of a request that came
 * meanwhile; Node's own 5 s are reached by that.
 */
const KEEP_ALIVE_MS = 75_000;
/** Bytes of a request's line and headers: Kestrel takes 8 KiB of the one and 32 KiB of the others, Node 16 KiB in all. */
const MAX_HEAD = (8 + 32) * 1024;

function open(
  host: string,
  port: number,
  handler: Handler,
  logger: Logger,
  limits: ReceiveLimits,
  halfSent: HalfSent,
): Promise<http.Server> {
  const options = {
    IncomingMessage: MeteredMessage,
    maxHeaderSize: MAX_HEAD,
    headersTimeout: limits.headersMs,
    // Node would end every upload after 300 s, however steady, and takes no headersTimeout above that: `endWhenStalled` watches.
    requestTimeout: 0,
    // How often Node looks for headers that are late.
    connectionsCheckingInterval: Math.min(limits.headersMs / 2, 5000),
  };
  const server = http.createServer(options, (request, response) => {
    endWhenStalled(request, response, limits);
    if (hasBody(request)) halfSent.watch(request, response);
    connections.set(request.socket, request);
    response.once(
      "finish",
      () => connections.has(request.socket) && connections.set(request.socket, undefined),
    );
    void serve(request, response, handler, () => server.listening).catch((thrown: unknown) => {
      logger.error(`An HTTP request failed in the host: ${messageOf(thrown)}`);
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = limits.connections;
  const connections: Connections = new Map();
  server.on("connection", (socket) => {
    connections.set(socket, undefined);
    socket.once("close", () => connections.delete(socket));
  });
  connectionsOf.set(server, connections);
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? portInUse(port, error) : error),
    );
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      server.on("error", (error) => logger.error(`HTTP server: ${error.message}`));
      resolve(server);
    });
  });
}

function portInUse(port: number, cause: Error): LightningError {
  return conflict("port_in_use", `Port ${port} is taken by another program.`, {
    cause,
    remedy: "Stop that program, or choose another port with --port.",
  });
}

async function serve(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  handler: Handler,
  listening: () => boolean,
): Promise<void> {
  const headers = headersOf(request.rawHeaders);
  // A URL parser takes a backslash for a slash, Kestrel does not.
  const target = (request.url ?? "/").replaceAll("\\", "%5C");
  const isPath = target.startsWith("/");
  const url = URL.parse(isPath ? `http://${headers.host ?? "localhost"}${target}` : target);
  if (url === null) {
    response.writeHead(400).end();
    return;
  }
  // A whole address as the target goes before the Host header (RFC 9112, 3.2.2): the guard judges what is really meant.
  if (!isPath) headers.host = url.host;
  let signal: AbortSignal | undefined;
  const call: IncomingCall = {
    method: request.method ?? "GET",
    url,
    headers,
    body: request,
    // Lazy: few calls look at it, and it is expensive to make.
    get signal() {
      signal ??= goneSignal(response);
      return signal;
    },
  };
  const reply = await handler(call);
  if (response.headersSent || response.destroyed) {
    // Its caller was too slow, or has gone.
    if (reply.body instanceof Readable) reply.body.destroy();
    return;
  }
  await send(reply, request, response, listening());
}

/** Lower-case names; a repeated header is joined, a cookie's in its own way. */
function headersOf(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? "").toLowerCase();
    const value = raw[i + 1] ?? "";
    const earlier = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] = earlier === undefined ? value : `${earlier}${name === "cookie" ? "; " : ","}${value}`;
  }
  return headers;
}

/** Aborted when the caller is gone before the response was written. */
function goneSignal(response: http.ServerResponse): AbortSignal {
  const gone = new AbortController();
  const look = () => {
    if (!response.writableFinished) gone.abort();
  };
  if (response.closed || response.destroyed) look();
  else response.once("close", look);
  return gone.signal;
}

async function send(
  { status, headers, body }: OutgoingReply,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  listening: boolean,
): Promise<void> {
  const isStream = body instanceof Readable;
  const own: [string, string][] = [];
  // Also where the body was not read to its end (too large, refused): that connection cannot carry another request.
  if (!listening || !(request.complete || isStream)) own.push(["connection", "close"]);
  // Of HEAD the function may say how long the body would be.
  const isTold =
    request.method === "HEAD" && headers.some(([name]) => name.toLowerCase() === "content-length");
  if (!isStream && !isTold && status !== 204 && status !== 304)
    own.push(["content-length", String(body?.byteLength ?? 0)]);
  const given = headers.filter(([name]) => !own.some(([mine]) => mine === name.toLowerCase()));
  // All at once: set one by one they go through a table of Node's first.
  const sendHead = () => response.writeHead(status, [...given, ...own].flat());
  if (isStream) {
    try {
      sendHead();
      await pipeline(body, response).catch(() => response.destroy());
    } finally {
      // Where no byte of it could be sent, a pipeline leaves it open, and whoever makes it would wait for its end.
      body.destroy();
    }
    return;
  }
  sendHead();
  if (!request.complete && listening) {
    // With its length known the caller has the whole answer; the end would close the connection under what it still sends.
    if (body !== undefined) response.write(body);
    await readAway(request);
    response.end();
    return;
  }
  // As text of the same bytes a short body goes out in one piece with its head.
  if (body !== undefined && body.byteLength <= SHORT_BODY)
    response.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1"), "latin1");
  else response.end(body);
}

const SHORT_BODY = 4096;

/** Open connections, with the request that is received or answered on each. */
type Connections = Map<Socket, http.IncomingMessage | undefined>;
const connectionsOf = new WeakMap<http.Server, Connections>();
/** So often, in ms, a server that closes looks at what is half sent: it would hold the stop up for all its grace. */
const HALF_SENT_LOOK_MS = 500;

/** Each call cuts the connections of whose request too little came since the call before; the first cuts none. */
function cutting(connections: Connections): () => void {
  const looks = new WeakMap<object, () => boolean>();
  return () => {
    for (const [socket, request] of connections) {
      const isStalled = looks.get(request ?? socket);
      if (isStalled === undefined)
        looks.set(request ?? socket, request === undefined ? () => true : stalls(request));
      else if (isStalled()) socket.destroy();
    }
  };
}

function closeServer(server: http.Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), graceMs);
    // A connection that was promised to be kept alive would hold the stop up for as long as it idles.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    const cut = cutting(connectionsOf.get(server) ?? new Map());
    cut();
    const looking = setInterval(cut, Math.min(graceMs, HALF_SENT_LOOK_MS));
    server.close(() => {
      clearTimeout(force);
      clearInterval(looking);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}
