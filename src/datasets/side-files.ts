import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Files } from "../files/files.ts";
import type { CandidateTable } from "./candidates.ts";
import { SPLITS, type Split } from "./contract.ts";
import { free } from "./free.ts";
import { type Merged, sideCode } from "./merge.ts";
import { letOthersRun } from "./pause.ts";
import { eachLineHash } from "./shard-index.ts";
import { eachSorted } from "./sorted.ts";

/** Where each candidate's line lies: the shards' line files in the order of the table. */
export interface LineSource {
  readonly key: string;
  readonly lines: number;
}

const HASHED_LINE = 33;
/** Lines whose hashes are sorted at once, in 2 * 12 MB whatever the number of lines. */
const MOST_SORTED = 360_000;

/**
 * One hash over the SHA-256 of every line with its side, in sorted order: what the dataset is, whatever the order it
 * was built in: the indexes are read once for each range of hashes. The lines' hashes take their contents' place in
 * the table, which are no longer needed.
 */
export async function hashOfContent(
  files: Files,
  indexes: readonly string[],
  table: CandidateTable,
  { sides, sideCounts }: Pick<Merged, "sides" | "sideCounts">,
  most = MOST_SORTED,
): Promise<string> {
  const total = sideCounts.train + sideCounts.validation + sideCounts.test;
  const ranges = Math.max(1, Math.ceil(total / most));
  const rangeOf = (bytes: Buffer, at: number) => Math.floor((bytes.readUInt16BE(at) * ranges) / 65_536);
  const sizes = Array.from({ length: ranges }, () => 0);
  await eachLineHash(files, indexes, (line, bytes, at) => {
    if (sides[line] === 0) return;
    const range = rangeOf(bytes, at);
    sizes[range] = (sizes[range] ?? 0) + 1;
    table.setLineHash(line, bytes, at);
  });
  const digest = createHash("sha256");
  for (const [range, size] of sizes.entries()) {
    const records = Buffer.from(new ArrayBuffer(size * HASHED_LINE));
    let used = 0;
    await eachLineHash(files, indexes, (line, bytes, at) => {
      if (sides[line] === 0 || rangeOf(bytes, at) !== range) return;
      bytes.copy(records, used, at, at + 32);
      records[used + 32] = sides[line] as number;
      used += HASHED_LINE;
    });
    for await (const record of eachSorted(records, HASHED_LINE)) digest.update(record);
    free(records);
  }
  return digest.digest("hex");
}

/** Bytes handed to the file at once. */
const BLOCK = 256 * 1024;

/** The lines of one side in the order of the table, in blocks, straight from the shards' bytes. */
export async function* linesOfSide(
  files: Files,
  table: CandidateTable,
  merged: Pick<Merged, "sides">,
  sources: readonly LineSource[],
  side: Split,
): AsyncGenerator<Uint8Array> {
  const wanted = sideCode(side);
  let candidate = 0;
  const block = Buffer.allocUnsafe(BLOCK);
  let used = 0;
  const memory = new Uint8Array(BLOCK);
  for (const source of sources) {
    const end = candidate + source.lines;
    /** Bytes of the line at hand that are still to come. */
    let open = candidate < end ? table.lineBytes(candidate) : 0;
    for await (const piece of files.read(source.key, memory)) {
      for (let at = 0; at < piece.length; ) {
        if (candidate === end) throw misfit(source);
        const isWanted = merged.sides[candidate] === wanted;
        let next = Math.min(piece.length, at + open);
        if (isWanted) {
          next = Math.min(next, at + BLOCK - used);
          block.set(piece.subarray(at, next), used);
          used += next - at;
          if (used === BLOCK) {
            // It is written when the next is asked for, and then filled again.
            yield block;
            used = 0;
          }
        }
        open -= next - at;
        at = next;
        if (open === 0 && ++candidate < end) open = table.lineBytes(candidate);
      }
      // A stream that reads ahead never turns the event loop by itself.
      await letOthersRun();
    }
    if (candidate !== end) throw misfit(source);
  }
  if (used > 0) yield block.subarray(0, used);
}

const misfit = (source: LineSource) => new Error(`The shard file ${source.key} does not fit its index.`);

const KEY_BYTES = 8;
const KEYS_AT_ONCE = 2048;

/** The keyed hashes of all sessions and inputs of one side: sorted, each once, one a line. */
export async function* keysOfSide(
  table: CandidateTable,
  merged: Pick<Merged, "sides" | "sideCounts">,
  side: Split,
): AsyncGenerator<string> {
  const wanted = sideCode(side);
  const keys = Buffer.from(new ArrayBuffer(merged.sideCounts[side] * 2 * KEY_BYTES));
  let used = 0;
  for (let i = 0; i < table.length; i++) {
    if (merged.sides[i] !== wanted) continue;
    used += table.copyKeys(i, keys, used);
  }
  let last = "";
  let block: string[] = [];
  for await (const key of eachSorted(keys.subarray(0, used), KEY_BYTES)) {
    const text = key.toString("hex");
    if (text === last) continue;
    last = text;
    block.push(text);
    if (block.length < KEYS_AT_ONCE) continue;
    yield `${block.join("\n")}\n`;
    block = [];
  }
  free(keys);
  if (block.length > 0) yield `${block.join("\n")}\n`;
}

export const sidesOf = (merged: Pick<Merged, "sideCounts">): Split[] =>
  SPLITS.filter((side) => merged.sideCounts[side] > 0);
