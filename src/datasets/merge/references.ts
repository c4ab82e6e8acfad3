import { Buffer } from "node:buffer";
import type { Candidates, Entries } from "../shards/candidates.ts";

/** References resolved at once: some 30 bytes each. */
const MOST = 100_000;

/**
 * For candidates that are walked in order, bytes of another candidate that each refers to: of the next so many that
 * refer to any, these are gathered in one reading.
 */
export class References {
  readonly #candidates: Candidates;
  readonly #of: (candidate: number) => number;
  readonly #width: number;
  readonly #copy: (page: Entries, entry: number, to: Buffer, at: number) => void;
  readonly #most: number;
  /** Up to which candidate all are known. */
  #end = 0;
  #wanted = new Int32Array(0);
  #bytes: Buffer = Buffer.alloc(0);

  /**
   * @param of whom a candidate refers to; below 0: nobody
   * @param width how many bytes `copy` copies
   */
  constructor(
    candidates: Candidates,
    of: (candidate: number) => number,
    width: number,
    copy: (page: Entries, entry: number, to: Buffer, at: number) => void,
    most = MOST,
  ) {
    this.#candidates = candidates;
    this.#of = of;
    this.#width = width;
    this.#copy = copy;
    this.#most = most;
  }

  /** The bytes as hex, of whom this candidate refers to: it is none before the last that was asked for. */
  async hexFor(candidate: number): Promise<string> {
    while (candidate >= this.#end) await this.#gather(candidate);
    const place = placeOf(this.#wanted, this.#of(candidate));
    return this.#bytes.toString("hex", place * this.#width, (place + 1) * this.#width);
  }

  async #gather(from: number): Promise<void> {
    const wanted: number[] = [];
    let end = from;
    for (; end < this.#candidates.length && wanted.length < this.#most; end++) {
      const other = this.#of(end);
      if (other >= 0) wanted.push(other);
    }
    this.#wanted = Int32Array.from(new Set(wanted)).toSorted();
    this.#bytes = Buffer.alloc(this.#wanted.length * this.#width);
    this.#end = end;
    let next = 0;
    for await (const page of this.#candidates.pages())
      for (; next < this.#wanted.length; next++) {
        const entry = (this.#wanted[next] as number) - page.from;
        if (entry >= page.length) break;
        this.#copy(page, entry, this.#bytes, next * this.#width);
      }
  }
}

/** Where a number stands in a sorted list that has it. */
function placeOf(sorted: Int32Array, value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
