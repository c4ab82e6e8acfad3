import { faultOf } from "./endings.ts";

/** A piece of a body, and when it arrived, in ms since 1970. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly at: number;
}
/** What follows the last piece: the end, or a fault. */
export type BodyEnd = { readonly at: number } & (
  | { readonly isFault: false }
  | { readonly isFault: true; readonly thrown: unknown }
);

/** Bytes that are read ahead of whoever takes them. */
const MOST_AHEAD = 1024 * 1024;

/**
 * Reads a body as fast as it comes, up to 1 MiB ahead, so that the time of each piece is the model's and not the reader's.
 * What came before the connection was lost is still taken, as by a reader who reads no further than he takes; a reader
 * who gives up gets no more of it.
 */
export class ReadAhead {
  readonly #next: () => Promise<Uint8Array | undefined>;
  readonly #now: () => number;
  #pieces: Piece[] = [];
  #bytes = 0;
  #end: BodyEnd | undefined;
  #isBegun = false;
  #wake: (() => void) | undefined;
  #resume: (() => void) | undefined;

  /** @param next - The body's next piece; undefined at its end. */
  constructor(next: () => Promise<Uint8Array | undefined>, now: () => number) {
    this.#next = next;
    this.#now = now;
  }

  begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    void this.#read();
  }

  /** The next piece, or what follows the last. */
  async take(): Promise<Piece | BodyEnd> {
    this.begin();
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        this.#bytes -= piece.bytes.byteLength;
        if (this.#bytes <= MOST_AHEAD) this.#resume?.();
        return piece;
      }
      if (this.#end !== undefined) return this.#end;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Gives a part of a piece back: it is the next to be taken. */
  putBack(piece: Piece): void {
    this.#pieces.unshift(piece);
    this.#bytes += piece.bytes.byteLength;
  }

  /** Nobody takes any more. */
  stop(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#resume?.();
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const bytes = await this.#next();
        if (bytes === undefined) break;
        this.#pieces.push({ bytes, at: this.#now() });
        this.#bytes += bytes.byteLength;
        this.#wake?.();
        if (this.#bytes > MOST_AHEAD)
          await new Promise<void>((resolve) => {
            this.#resume = resolve;
          });
      }
      this.#end = { at: this.#now(), isFault: false };
    } catch (thrown) {
      if (faultOf(thrown).by !== "network") this.#pieces = [];
      this.#end = { at: this.#now(), isFault: true, thrown };
    }
    this.#wake?.();
  }
}
