import type { HttpRequest } from "@azure/functions";

/**
 * The bytes of a request's body; undefined when there are more than `most`. No more than that is held in memory: a
 * length that is announced is looked at first, and a body without one is left as soon as it is too long.
 */
export async function readBytes(
  request: Pick<HttpRequest, "headers" | "arrayBuffer" | "body">,
  most: number,
): Promise<Buffer | undefined> {
  const announced = request.headers.get("content-length");
  if (announced !== null) {
    if (Number(announced) > most) return undefined;
    return Buffer.from(await request.arrayBuffer());
  }
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += piece.byteLength;
    if (size > most) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
