import { Buffer } from "node:buffer";
import type { Files } from "../files/files.ts";
import { type Candidate, CandidateTable, RECORD_BYTES, writeRecord } from "./candidates.ts";
import type { DatasetLine } from "./contract.ts";
import { SIGNATURE_BYTES, writeSignature } from "./near.ts";

/**
 * A shard's index: for each line its record, its near-duplicate signature and the SHA-256 of its bytes, in fixed width.
 * Lines are hashed here, on all cores, so that the merge only copies them.
 */
const HASH_BYTES = 32;
const READ_AT_ONCE = 256 * 1024;
const ENTRY_BYTES = RECORD_BYTES + SIGNATURE_BYTES + HASH_BYTES;

export class IndexWriter {
  #bytes = Buffer.allocUnsafe(ENTRY_BYTES * 256);
  #length = 0;

  /** @param hash the SHA-256 of the line's bytes as a binary string */
  add(candidate: Candidate, hash: string): void {
    const at = this.#length * ENTRY_BYTES;
    if (at + ENTRY_BYTES > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes], this.#bytes.length * 2);
    writeRecord(candidate, this.#bytes, at);
    this.#bytes.write(hash, at + RECORD_BYTES + SIGNATURE_BYTES, "latin1");
    this.#length++;
  }

  /** The signature of the line that was added last. */
  sign(line: DatasetLine): void {
    writeSignature(line, this.#bytes, (this.#length - 1) * ENTRY_BYTES + RECORD_BYTES);
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length * ENTRY_BYTES);
  }
}

/** Calls back with each entry of the indexes, in their order: its number, and where it lies in a buffer. */
async function eachEntry(
  files: Files,
  keys: readonly string[],
  visit: (entry: number, bytes: Buffer, at: number) => void,
): Promise<number> {
  let entry = 0;
  const memory = new Uint8Array(READ_AT_ONCE);
  for (const key of keys) {
    let rest: Buffer = Buffer.alloc(0);
    for await (const piece of files.read(key, memory)) {
      const bytes =
        rest.length === 0
          ? Buffer.from(piece.buffer, piece.byteOffset, piece.length)
          : Buffer.concat([rest, piece]);
      let at = 0;
      for (; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) visit(entry++, bytes, at);
      // A copy: the next piece may lie where this one does.
      rest = Buffer.from(bytes.subarray(at));
    }
    if (rest.length > 0) throw new Error("An index of the build is not whole.");
  }
  return entry;
}

/** How many lines each index tells of. */
export async function indexLengths(files: Files, keys: readonly string[]): Promise<number[]> {
  const lengths: number[] = [];
  for (const key of keys) lengths.push(Math.floor(((await files.stat(key))?.bytes ?? 0) / ENTRY_BYTES));
  return lengths;
}

/** The table of all candidates. */
export async function readTable(
  files: Files,
  keys: readonly string[],
  length: number,
): Promise<CandidateTable> {
  const table = new CandidateTable(length);
  const read = await eachEntry(files, keys, (entry, bytes, at) => {
    if (entry < length) bytes.copy(table.bytes, entry * RECORD_BYTES, at, at + RECORD_BYTES);
  });
  if (read !== length) throw new Error("An index of the build is not whole.");
  return table;
}

/** Calls back with each candidate's near-duplicate signature. */
export async function eachSignature(
  files: Files,
  keys: readonly string[],
  visit: (candidate: number, bytes: Buffer, at: number) => void,
): Promise<void> {
  await eachEntry(files, keys, (entry, bytes, at) => visit(entry, bytes, at + RECORD_BYTES));
}

/** Calls back with the SHA-256 of each line. */
export async function eachLineHash(
  files: Files,
  keys: readonly string[],
  visit: (line: number, bytes: Buffer, at: number) => void,
): Promise<void> {
  await eachEntry(files, keys, (entry, bytes, at) =>
    visit(entry, bytes, at + RECORD_BYTES + SIGNATURE_BYTES),
  );
}
