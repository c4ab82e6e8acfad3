import type { DurableHttpResponse } from "../port.ts";
import { breath } from "./http-status.ts";

type Headers = Readonly<Record<string, string>>;

const CONTENT = { "content-type": "application/json; charset=utf-8" };

/** An answer without a body. */
export const empty = (status: number): DurableHttpResponse => ({ status, headers: {}, body: "" });

/** A value as JSON. */
export const json = (status: number, body: unknown, headers: Headers = {}): DurableHttpResponse => ({
  status,
  headers: { ...CONTENT, ...headers },
  body: JSON.stringify(body ?? null),
});

/** What ASP.NET makes of an error that has a sentence only. */
export const text = (status: number, message: string): DurableHttpResponse =>
  json(status, { Message: message });

/** What ASP.NET makes of an exception, under the extension's own sentence; there is no .NET stack to show. */
export const failure = (
  status: number,
  message: string,
  exception: { readonly type: string; readonly message: string },
): DurableHttpResponse =>
  json(status, {
    Message: message,
    ExceptionMessage: exception.message,
    ExceptionType: exception.type,
    StackTrace: "",
  });

/** The extension's sentence above an exception that it does not expect. */
export const WENT_WRONG = "Something went wrong while processing your request";

/** What becomes of a request for which Azure Storage refuses what the extension asks of it. */
export const STORAGE_REFUSED = failure(500, WENT_WRONG, {
  type: "DurableTask.AzureStorage.Storage.DurableTaskStorageException",
  message: "An error occurred while communicating with Azure Storage",
});

/** Text of a reply that is made as one; what is longer goes out in pieces of this size, as fast as it is taken. */
const PIECE_CHARS = 64 * 1024;

/** A reply of any length, made from parts. */
export function inParts(status: number, parts: Iterable<string>, headers: Headers = {}): DurableHttpResponse {
  const pieces = inPieces(parts);
  const first = pieces.next();
  // What has to breathe before its first piece is not waited for.
  const second = first.value === breath ? first : pieces.next();
  const body = first.value === breath ? "" : (first.value ?? "") + (second.value ?? "");
  return {
    status,
    headers: { ...CONTENT, ...headers },
    body,
    ...(second.done ? {} : { more: pieces }),
  };
}

/** Pieces of about one size; a breath goes through as it is. */
function* inPieces(parts: Iterable<string>): Generator<string, undefined> {
  let piece = "";
  for (const part of parts) {
    piece += part;
    if (part === breath) yield breath;
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
  return undefined;
}
