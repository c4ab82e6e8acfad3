import { randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";
import {
  type JSONRPCMessage,
  parseJSONRPCMessage,
  type Server,
  type Transport,
} from "@modelcontextprotocol/server";
import { inexactNumber, NOT_EXACT, NOT_EXACT_REMEDY } from "../../kernel/exact-json.ts";
import { presentedKey } from "../http/keys.ts";
import { type IncomingCall, type OutgoingReply, readBody, textReply } from "../http/message.ts";

/** How often a line goes out that keeps an idle connection alive, in ms. */
const KEEP_ALIVE_MS = 15_000;

const HEADERS = [
  ["content-type", "text/event-stream"],
  ["cache-control", "no-cache,no-store"],
] as const;

/** The older transport: replies go out on the stream of `GET sse`, requests come in by `POST message`. */
export interface SseDoor {
  open(call: IncomingCall): Promise<OutgoingReply>;
  take(call: IncomingCall): Promise<OutgoingReply>;
  /** Ends every stream, lest they hold up the host's stop. */
  readonly close: () => void;
}

export function createSseDoor(
  serverOf: (call: IncomingCall, sessionId: string) => Server,
  bodyLimit: number,
): SseDoor {
  const sessions = new Map<string, SseTransport>();
  return {
    async open(call) {
      const id = randomUUID();
      const key = presentedKey(call);
      // The address carries the key on, as the extension's does: a client sends headers of its own or none.
      const code = key === undefined ? "" : `&code=${encodeURIComponent(key)}`;
      const transport = new SseTransport(id, `message?azmcpcs=${id}${code}`);
      sessions.set(id, transport);
      transport.stream.once("close", () => {
        sessions.delete(id);
        void transport.close();
      });
      await serverOf(call, id).connect(transport);
      return { status: 200, headers: HEADERS, body: transport.stream };
    },
    async take(call) {
      const id = call.url.searchParams.get("azmcpcs");
      const session = sessions.get(id ?? "");
      if (session === undefined) {
        const why = id === null ? "Missing service context." : `No active session for client '${id}'.`;
        return textReply(400, `${why} Please connect to the /sse endpoint to initiate your session.`);
      }
      const body = await readBody(call.body, bodyLimit);
      if (body === undefined) return textReply(413, "The request body is too large.");
      const message = messageOf(body.toString("utf8"));
      if (message === undefined) return textReply(400, "The body is no JSON-RPC message.");
      const inexact = inexactNumber(body.toString("utf8"));
      if (inexact !== undefined) return textReply(400, `${inexact.field}: ${NOT_EXACT} ${NOT_EXACT_REMEDY}`);
      session.onmessage?.(message);
      return textReply(202, "Accepted");
    },
    close() {
      for (const session of sessions.values()) void session.close();
    },
  };
}

function messageOf(text: string): JSONRPCMessage | undefined {
  try {
    return parseJSONRPCMessage(JSON.parse(text));
  } catch {
    return undefined;
  }
}

class SseTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly sessionId: string;
  readonly stream = new PassThrough();
  readonly #keepAlive: NodeJS.Timeout;
  #closed = false;

  constructor(sessionId: string, endpoint: string) {
    this.sessionId = sessionId;
    this.stream.write(`event: endpoint\ndata: ${endpoint}\n\n`);
    this.#keepAlive = setInterval(() => this.stream.write(":\n\n"), KEEP_ALIVE_MS).unref();
  }

  async start(): Promise<void> {}

  async send(message: JSONRPCMessage): Promise<void> {
    if (!this.#closed) this.stream.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#keepAlive);
    this.stream.end();
    this.onclose?.();
  }
}
