import { Buffer } from "node:buffer";
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { contentChanged, isDemanded, isKnown, rangeOf } from "../doors/conditional.ts";
import type { FileReply } from "../doors/operation.ts";
import { messageOf, outOfRange } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { begun, exactly } from "./whole-stream.ts";

interface Options {
  readonly headers: Readonly<Record<string, string>>;
  readonly logger?: Logger | undefined;
  readonly pace?: ((body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>) | undefined;
}

/**
 * A file as one answer: whole, a range of it, or nothing where the caller has it (RFC 9110). Its length and hash stand in
 * the headers; a stream that turns out to be other content breaks off the connection instead of ending well.
 * @throws LightningError not_found `file_missing`; fatal `file_damaged`; out_of_range `range_not_satisfiable`;
 * precondition `content_changed`
 */
export async function fileAnswer(
  file: FileReply,
  request: Pick<HttpRequest, "headers" | "method">,
  { headers, logger, pace = (body) => body }: Options,
): Promise<HttpResponseInit> {
  const { bytes: size, sha256 } = file;
  const etag = `"${sha256}"`;
  const digest = `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`;
  const standing = { ...headers, etag, "accept-ranges": "bytes", "repr-digest": digest };
  if (!isDemanded(request.headers, etag)) throw contentChanged();
  if (isKnown(request.headers, etag)) return { status: 304, headers: standing };
  const isHead = request.method === "HEAD";
  const range = isHead ? "all" : rangeOf(request.headers, size, etag);
  if (range === "none")
    throw outOfRange("range_not_satisfiable", `The file has ${size} bytes; none of them is in the range.`, {
      field: "Range",
      remedy: "Ask for bytes that are there, or leave the header out.",
      details: { bytes: size },
    });
  const { from, bytes } = range === "all" ? { from: 0, bytes: size } : range;
  // A part is held to the hash of the whole by who gives it.
  const whole = exactly(file.stream(from, bytes), { bytes, ...(bytes === size ? { sha256 } : {}) });
  const body = await begun(pace(told(whole, file.name, logger)));
  const answer = {
    ...standing,
    "content-length": String(bytes),
    ...(range === "all"
      ? { "content-digest": digest }
      : { "content-range": `bytes ${from}-${from + bytes - 1}/${size}` }),
  };
  if (isHead) {
    await body[Symbol.asyncIterator]().return?.();
    return { status: 200, headers: answer };
  }
  return { status: range === "all" ? 200 : 206, headers: answer, body };
}

/** Whoever takes the stream only sees the connection end; the log says why. */
async function* told(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  logger: Logger | undefined,
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  try {
    for await (const piece of stream) {
      yield piece;
      sent += piece.byteLength;
    }
  } catch (thrown) {
    if (sent > 0) logger?.error("a file broke off", { file: name, sent, message: messageOf(thrown) });
    throw thrown;
  }
}
