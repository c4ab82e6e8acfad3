import { createHash } from "node:crypto";
import { fileDamaged } from "../kernel/file-damaged.ts";

/** What a stream is to come to; without a hash (a part of a file) only its length is looked at. */
export interface Expected {
  readonly bytes: number;
  readonly sha256?: string | undefined;
}

/**
 * The pieces of a stream that comes to what was announced. The last piece is held back until the sum is right, so that
 * nobody takes other content for whole. @throws LightningError fatal `file_damaged`; what the stream throws
 */
export async function* exactly(
  stream: AsyncIterable<Uint8Array>,
  { bytes, sha256 }: Expected,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let size = 0;
  let held: Uint8Array | undefined;
  for await (const piece of stream) {
    size += piece.byteLength;
    if (size > bytes) break;
    if (sha256 !== undefined) hash.update(piece);
    if (held !== undefined) yield held;
    held = piece;
  }
  if (size !== bytes || (sha256 !== undefined && hash.digest("hex") !== sha256))
    throw fileDamaged(size, bytes);
  if (held !== undefined) yield held;
}

/**
 * The stream with its first piece made already: what fails before a byte is sent can still be answered as an error.
 * Ended before anybody takes a piece, it ends what it is made of.
 * @throws what the stream throws at its first piece
 */
export async function begun(stream: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const pieces = stream[Symbol.asyncIterator]();
  let first: IteratorResult<Uint8Array> | undefined = await pieces.next();
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      const piece = first ?? (await pieces.next());
      first = undefined;
      return piece;
    },
    async return() {
      await pieces.return?.();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
