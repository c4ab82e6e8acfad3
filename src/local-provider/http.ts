import type { IncomingMessage, ServerResponse } from "node:http";
import type { Door } from "./doors.ts";

/** An error in OpenAI's wire form. */
export class WireError extends Error {
  readonly status: number;
  readonly code: string;
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    facts: { param?: string; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = facts.param ?? null;
    this.headers = facts.headers ?? {};
  }

  toBody() {
    const type =
      this.status >= 500
        ? "server_error"
        : this.status === 429
          ? "rate_limit_error"
          : "invalid_request_error";
    return { error: { message: this.message, type, param: this.param, code: this.code } };
  }
}

export interface WireRequest {
  readonly method: string;
  /** After the door's prefix: `/files/file-1`. */
  readonly path: string;
  /** The model that the address names, if it does. */
  readonly deployment: string | undefined;
  readonly words: Door["words"];
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  json(): Promise<Record<string, unknown>>;
  form(): Promise<FormData>;
}

/** A JSON body, bytes to stream, or server-sent events. */
export type WireReply =
  | { readonly json: unknown; readonly status?: number }
  | { readonly bytes: AsyncIterable<Uint8Array>; readonly contentType: string }
  | { readonly events: readonly unknown[] };

/** An endpoint: method, path (`*` stands for an id) and what it does. */
export type Route = readonly [
  method: string,
  path: string,
  handler: (request: WireRequest, id: string) => Promise<WireReply> | WireReply,
];

const LARGEST_JSON = 64 * 1024 * 1024;

export function readRequest(request: IncomingMessage, url: URL, door: Door): WireRequest {
  return {
    method: request.method ?? "GET",
    path: url.pathname.slice(door.prefix.length) || "/",
    deployment: door.deployment,
    words: door.words,
    query: url.searchParams,
    headers: request.headers,
    async json() {
      const text = (await collect(request, LARGEST_JSON)).toString("utf8");
      try {
        const value: unknown = JSON.parse(text);
        if (typeof value === "object" && value !== null && !Array.isArray(value))
          return value as Record<string, unknown>;
      } catch {
        // Told below, like every other body that is no object.
      }
      throw new WireError(400, "invalid_json", "The body is not a JSON object.");
    },
    async form() {
      const body = await collect(request, LARGEST_UPLOAD);
      const contentType = request.headers["content-type"] ?? "";
      try {
        return await new Response(new Uint8Array(body), {
          headers: { "content-type": contentType },
        }).formData();
      } catch {
        throw new WireError(400, "invalid_multipart", "The body is not a multipart form.");
      }
    },
  };
}

/** Azure's limit for one uploaded file; the form around it is small. */
const LARGEST_UPLOAD = 512 * 1024 * 1024;

async function collect(request: IncomingMessage, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > most) throw new WireError(413, "too_large", `The body is larger than ${most} bytes.`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

export async function send(response: ServerResponse, reply: WireReply): Promise<void> {
  if ("json" in reply) {
    response.writeHead(reply.status ?? 200, { "content-type": "application/json" });
    response.end(JSON.stringify(reply.json));
  } else if ("bytes" in reply) {
    response.writeHead(200, { "content-type": reply.contentType });
    for await (const piece of reply.bytes) response.write(piece);
    response.end();
  } else {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    for (const event of reply.events) response.write(`data: ${JSON.stringify(event)}\n\n`);
    response.end("data: [DONE]\n\n");
  }
}

/** One page of a list, OpenAI's way: `after` is the id of the page before's last item. */
export function page<T extends { id: string }>(items: readonly T[], query: URLSearchParams, most: number) {
  const limit = Number(query.get("limit") ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > most)
    throw new WireError(400, "invalid_value", `limit must be a whole number from 1 to ${most}.`, {
      param: "limit",
    });
  const after = query.get("after");
  const start = after === null ? 0 : items.findIndex((item) => item.id === after) + 1;
  const data = items.slice(start, start + limit);
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + data.length < items.length,
  };
}
