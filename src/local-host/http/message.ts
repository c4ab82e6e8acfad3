import { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";

/** A request as it comes from a socket or from `LocalHost.fetch`. */
export interface IncomingCall {
  /** Upper-case. */
  readonly method: string;
  /** Absolute, with the host the caller named. */
  readonly url: URL;
  /** Lower-case names; a repeated header is joined with commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array> | undefined;
  /** Aborted when the caller is gone. */
  readonly signal: AbortSignal;
}

export interface OutgoingReply {
  readonly status: number;
  /** A name can occur more than once (`set-cookie`). */
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Uint8Array | Readable | undefined;
}

export function textReply(
  status: number,
  text = "",
  contentType = "text/plain; charset=utf-8",
): OutgoingReply {
  return text === ""
    ? { status, headers: [] }
    : { status, headers: [["content-type", contentType]], body: Buffer.from(text) };
}

export function jsonReply(status: number, value: unknown): OutgoingReply {
  return textReply(status, JSON.stringify(value), "application/json; charset=utf-8");
}

/** A body that is here. */
export class WholeBody implements AsyncIterable<Uint8Array> {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.bytes.byteLength > 0) yield this.bytes;
  }
}

/** A body read whole, or undefined when it is longer than `limit` bytes. */
export async function readBody(
  body: AsyncIterable<Uint8Array> | undefined,
  limit: number,
): Promise<Buffer | undefined> {
  if (body instanceof WholeBody) return body.bytes.byteLength > limit ? undefined : body.bytes;
  if (body instanceof IncomingMessage) return readMessage(body, limit);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The same by events: an iterator over a stream costs several times what a short body does. */
function readMessage(message: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  if (message.readableEnded) return Promise.resolve(Buffer.alloc(0));
  if (message.destroyed) return Promise.reject(closedEarly());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (body: Buffer | undefined) => {
      message.off("data", onData).off("end", onEnd).off("error", reject).off("close", onClose);
      resolve(body);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > limit) {
        message.pause();
        end(undefined);
      } else chunks.push(chunk);
    };
    const onEnd = () => end(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    const onClose = () => reject(closedEarly());
    message.on("data", onData).on("end", onEnd).on("error", reject).on("close", onClose);
  });
}

const closedEarly = () => new Error("The connection was closed before the body ended.");
