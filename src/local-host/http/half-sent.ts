import * as http from "node:http";

type Add = (bytes: number) => void;
const meters = new WeakMap<http.IncomingMessage, Add>();

/** A message that tells of each piece of its body when it comes, whoever reads it. */
export class MeteredMessage extends http.IncomingMessage {
  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk instanceof Uint8Array) meters.get(this)?.(chunk.byteLength);
    return super.push(chunk, encoding);
  }
}

/**
 * The bytes of bodies that have come by half, of all callers together: whoever reads a body whole holds them. When they are
 * too many, the request that has waited longest for its next byte is ended with 503, and so on; the last one never is, since
 * a single body has its own limit.
 */
export class HalfSent {
  readonly #most: number;
  /** By when their last byte came, the longest ago first. */
  readonly #held = new Map<http.IncomingMessage, { bytes: number; readonly end: () => void }>();
  #sum = 0;

  constructor(most: number) {
    this.#most = most;
  }

  watch(request: http.IncomingMessage, response: http.ServerResponse): void {
    const one = { bytes: 0, end: () => endWith(503, request, response, { "retry-after": "1" }) };
    const drop = () => {
      if (this.#held.delete(request)) this.#sum -= one.bytes;
      meters.delete(request);
    };
    meters.set(request, (bytes) => {
      this.#held.delete(request);
      this.#held.set(request, one);
      one.bytes += bytes;
      this.#sum += bytes;
      this.#makeRoom();
    });
    request.once("end", drop).once("close", drop);
    response.once("close", drop);
  }

  #makeRoom(): void {
    for (const [request, { bytes, end }] of this.#held) {
      if (this.#sum <= this.#most || this.#held.size === 1) return;
      this.#held.delete(request);
      this.#sum -= bytes;
      meters.delete(request);
      end();
    }
  }
}

/** Answers a request whose body does not come, as far as it can still be answered, and closes its connection. */
export function endWith(
  status: number,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (!response.headersSent)
    response.writeHead(status, { connection: "close", "content-length": "0", ...headers });
  response.end(() => request.destroy());
}
