import type http from "node:http";

/** So much of a body that is already answered is still taken: more than bodies that are refused for their length mostly have. */
const MOST_BYTES = 256 * 1024 * 1024;
/** And so long, in ms. */
const LONGEST_MS = 5000;

/**
 * Takes what a caller still sends of a request that is answered, and forgets it. A connection that is closed instead cuts
 * off a caller who writes before it reads, who then never sees the answer (RFC 9112, 9.6).
 */
export function readAway(request: http.IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let left = MOST_BYTES;
    const timer = setTimeout(done, LONGEST_MS);
    function done(): void {
      clearTimeout(timer);
      request.off("data", take);
      resolve();
    }
    function take(piece: Uint8Array): void {
      left -= piece.byteLength;
      if (left < 0) done();
    }
    if (request.destroyed || request.readableEnded) return done();
    request.once("end", done).once("close", done).on("data", take);
    request.resume();
  });
}
