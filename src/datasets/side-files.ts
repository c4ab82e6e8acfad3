import { Buffer } from "node:buffer";
import { createHash, hash } from "node:crypto";
import type { Files } from "../files/files.ts";
import type { CandidateTable } from "./candidates.ts";
import { SPLITS, type Split } from "./contract.ts";
import { type Merged, sideCode } from "./merge.ts";
import { letOthersRun } from "./pause.ts";
import { eachSorted } from "./sorted.ts";

/** Where each candidate's line lies: the shards' line files in the order of the table. */
export interface LineSource {
  readonly key: string;
  readonly lines: number;
}

const HASHED_LINE = 33;

/** SHA-256 of every line with its side, collected while the files are written. */
export class LineHashes {
  readonly #records: Buffer;
  #used = 0;

  constructor(lines: number) {
    this.#records = Buffer.alloc(lines * HASHED_LINE);
  }

  /** @returns the line's hash, valid until the next */
  add(line: Uint8Array, side: Split): Buffer {
    const bytes = hash("sha256", line, "buffer");
    bytes.copy(this.#records, this.#used);
    this.#records[this.#used + 32] = sideCode(side);
    this.#used += HASHED_LINE;
    return bytes;
  }

  /** One hash over all, in sorted order: what the dataset is, whatever the order it was built in. */
  async digest(): Promise<string> {
    const digest = createHash("sha256");
    for await (const record of eachSorted(this.#records.subarray(0, this.#used), HASHED_LINE))
      digest.update(record);
    return digest.digest("hex");
  }
}

/** The lines of one side in the order of the table, in blocks, straight from the shards' bytes. */
export async function* linesOfSide(
  files: Files,
  table: CandidateTable,
  merged: Pick<Merged, "sides">,
  sources: readonly LineSource[],
  side: Split,
  hashes: LineHashes,
): AsyncGenerator<Uint8Array> {
  const wanted = sideCode(side);
  let candidate = 0;
  for (const source of sources) {
    const end = candidate + source.lines;
    let rest: Buffer = Buffer.alloc(0);
    for await (const piece of files.read(source.key)) {
      rest = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
      const block: Buffer[] = [];
      let at = 0;
      for (; candidate < end; candidate++) {
        const next = at + table.lineBytes(candidate);
        if (next > rest.length) break;
        if (merged.sides[candidate] === wanted) {
          const line = rest.subarray(at, next);
          table.setLineHash(candidate, hashes.add(line.subarray(0, -1), side));
          block.push(line);
        }
        at = next;
      }
      rest = rest.subarray(at);
      if (block.length > 0) yield Buffer.concat(block);
      // A stream that reads ahead never turns the event loop by itself.
      await letOthersRun();
    }
    if (candidate !== end || rest.length > 0)
      throw new Error(`The shard file ${source.key} does not fit its index.`);
  }
}

const KEY_BYTES = 8;
const KEYS_AT_ONCE = 2048;

/** The keyed hashes of all sessions and inputs of one side: sorted, each once, one a line. */
export async function* keysOfSide(
  table: CandidateTable,
  merged: Pick<Merged, "sides" | "sideCounts">,
  side: Split,
): AsyncGenerator<string> {
  const wanted = sideCode(side);
  const keys = Buffer.alloc(merged.sideCounts[side] * 2 * KEY_BYTES);
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
  if (block.length > 0) yield `${block.join("\n")}\n`;
}

export const sidesOf = (merged: Pick<Merged, "sideCounts">): Split[] =>
  SPLITS.filter((side) => merged.sideCounts[side] > 0);
