import { Buffer } from "node:buffer";
import type { Files } from "../../files/files.ts";
import type { DatasetLine } from "../contract.ts";
import { writeSignature } from "../line/near.ts";
import {
  type Candidate,
  type Candidates,
  ENTRY_BYTES,
  Entries,
  SIGNATURE_AT,
  writeEntry,
} from "./candidates.ts";

/** Whole entries, one megabyte: the index of an ordinary shard is read at once. */
const READ_AT_ONCE = 9360 * ENTRY_BYTES;

/**
 * A shard's index: an entry for each line. Lines are hashed and signed here, on all cores, so that the merge only
 * copies them.
 */
export class IndexWriter {
  #bytes = Buffer.allocUnsafe(ENTRY_BYTES * 256);
  #length = 0;

  /** @param hash the SHA-256 of the line's bytes as a binary string */
  add(candidate: Candidate, hash: string): void {
    const at = this.#length * ENTRY_BYTES;
    if (at + ENTRY_BYTES > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes], this.#bytes.length * 2);
    writeEntry(candidate, hash, this.#bytes, at);
    this.#length++;
  }

  /** The signature of the line that was added last. */
  sign(line: DatasetLine): void {
    writeSignature(line, this.#bytes, (this.#length - 1) * ENTRY_BYTES + SIGNATURE_AT);
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length * ENTRY_BYTES);
  }
}

/** How many lines each index tells of. */
export async function indexLengths(files: Files, keys: readonly string[]): Promise<number[]> {
  const lengths: number[] = [];
  for (const key of keys) {
    const bytes = (await files.stat(key))?.bytes;
    if (bytes === undefined || bytes % ENTRY_BYTES !== 0)
      throw new Error("An index of the build is not whole.");
    lengths.push(bytes / ENTRY_BYTES);
  }
  return lengths;
}

/** The candidates that indexes tell of, in their order. */
export function candidatesOf(files: Files, keys: readonly string[], length: number): Candidates {
  async function* pages(): AsyncGenerator<Entries> {
    let from = 0;
    for await (const pieces of eachAhead(files, keys, Math.min(READ_AT_ONCE, (length + 1) * ENTRY_BYTES))) {
      let rest: Uint8Array = new Uint8Array(0);
      for await (const piece of pieces) {
        const bytes = rest.length === 0 && piece.byteOffset % 8 === 0 ? piece : joined(rest, piece);
        const whole = bytes.length - (bytes.length % ENTRY_BYTES);
        if (whole > 0) yield new Entries(from, bytes.subarray(0, whole));
        from += whole / ENTRY_BYTES;
        // A copy: the next piece may lie where this one does.
        rest = new Uint8Array(bytes.subarray(whole));
      }
      if (rest.length > 0) throw new Error("An index of the build is not whole.");
    }
    if (from !== length) throw new Error("An index of the build is not whole.");
  }
  return { length, pages };
}

/**
 * The files one after the other, the next one's first piece being read while somebody is busy with this one.
 * @param atOnce bytes of a piece, at most
 */
async function* eachAhead(
  files: Files,
  keys: readonly string[],
  atOnce: number,
): AsyncGenerator<AsyncGenerator<Uint8Array>> {
  const memory = keys.slice(0, 2).map(() => new Uint8Array(atOnce));
  const begin = (i: number) => {
    const key = keys[i];
    if (key === undefined) return undefined;
    const pieces = files.read(key, memory[i % 2])[Symbol.asyncIterator]();
    const first = pieces.next();
    // A failure is told when its turn comes.
    first.catch(() => undefined);
    return { pieces, first };
  };
  let ahead = begin(0);
  try {
    for (let i = 1; ahead !== undefined; i++) {
      const { pieces, first } = ahead;
      ahead = undefined;
      async function* all() {
        try {
          for (let next = await first; next.done !== true; next = await pieces.next()) {
            ahead ??= begin(i);
            yield next.value;
          }
        } finally {
          await pieces.return?.();
        }
      }
      yield all();
      ahead ??= begin(i);
    }
  } finally {
    await ahead?.pieces.return?.();
  }
}

/** In memory of its own, which starts where numbers may. */
function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
