import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Files } from "../../files/files.ts";
import { letOthersRun } from "../common/let-others-run.ts";
import { sortedInRanges } from "../common/sort-records.ts";
import { SPLITS, type Split } from "../contract.ts";
import { type Candidates, KEY_BYTES, KEYS } from "../shards/candidates.ts";
import { type Merged, OUT, sideCode } from "./merge.ts";

/** Where each candidate's line lies: the shards' line files in the order of the table. */
export interface LineSource {
  readonly key: string;
  /** Its own candidates. */
  readonly lines: Candidates;
}

const HASHED_LINE = 33;
/** Lines whose hashes are sorted at once, in 2 * 8 MB whatever the number of lines. */
const MOST_SORTED = 250_000;

/**
 * One hash over the SHA-256 of every line with its side, in sorted order: what the dataset is, whatever the order it
 * was built in.
 */
export async function hashOfContent(
  candidates: Candidates,
  { sides, sideCounts }: Pick<Merged, "sides" | "sideCounts">,
  most = MOST_SORTED,
): Promise<string> {
  const total = sideCounts.train + sideCounts.validation + sideCounts.test;
  const digest = createHash("sha256");
  const hashes = sortedInRanges(HASHED_LINE, total, most, async (placeOf, records) => {
    for await (const page of candidates.pages())
      for (let k = 0; k < page.length; k++) {
        const side = sides[page.from + k] as number;
        if (side === OUT) continue;
        const at = page.lineHashAt(k);
        const place = placeOf(page.bytes, at);
        if (place < 0) continue;
        page.bytes.copy(records, place, at, at + 32);
        records[place + 32] = side;
      }
  });
  for await (const block of hashes) digest.update(block);
  return digest.digest("hex");
}

/** Bytes handed to the file at once. */
const BLOCK = 512 * 1024;

/** The lines of one side in the order of the table, in blocks, straight from the shards' bytes. */
export async function* linesOfSide(
  files: Files,
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
    const first = candidate;
    const end = first + source.lines.length;
    const lengths = await lineLengths(source.lines);
    /** Bytes of the line at hand that are still to come. */
    let open = lengths[0] ?? 0;
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
        if (open === 0 && ++candidate < end) open = lengths[candidate - first] as number;
      }
      // A stream that reads ahead never turns the event loop by itself.
      await letOthersRun();
    }
    if (candidate !== end) throw misfit(source);
  }
  if (used > 0) yield block.subarray(0, used);
}

/** Numbers handed to the file at once. */
const NUMBERS = 8192;

/** The number of each line's group, one a line, in the order of the side's file: an evaluation counts groups. */
export async function* groupsOfSide(
  { sides, group }: Pick<Merged, "sides" | "group">,
  side: Split,
): AsyncGenerator<string> {
  const wanted = sideCode(side);
  let numbers: number[] = [];
  for (let candidate = 0; candidate < sides.length; candidate++) {
    if (sides[candidate] !== wanted) continue;
    numbers.push(group[candidate] as number);
    if (numbers.length < NUMBERS) continue;
    yield `${numbers.join("\n")}\n`;
    numbers = [];
    await letOthersRun();
  }
  if (numbers.length > 0) yield `${numbers.join("\n")}\n`;
}

async function lineLengths(lines: Candidates): Promise<Uint32Array> {
  const lengths = new Uint32Array(lines.length);
  for await (const page of lines.pages())
    for (let k = 0; k < page.length; k++) lengths[page.from + k] = page.lineBytes(k);
  return lengths;
}

const misfit = (source: LineSource) => new Error(`The shard file ${source.key} does not fit its index.`);

/** Keys sorted at once, in 2 * 5 MB whatever their number. */
const MOST_KEYS_SORTED = 600_000;

/** The keyed hashes of all sessions and inputs of one side: sorted, each once, one a line. */
export async function* keysOfSide(
  candidates: Candidates,
  merged: Pick<Merged, "sides" | "sideCounts">,
  side: Split,
  most = MOST_KEYS_SORTED,
): AsyncGenerator<string> {
  const wanted = sideCode(side);
  const sorted = sortedInRanges(KEY_BYTES, merged.sideCounts[side] * 2, most, async (placeOf, records) => {
    for await (const page of candidates.pages())
      for (let k = 0; k < page.length; k++) {
        if (merged.sides[page.from + k] !== wanted) continue;
        for (const key of page.hasSession(k) ? BOTH : ONE) {
          const at = page.keyAt(k, key);
          const place = placeOf(page.bytes, at);
          if (place >= 0) page.bytes.copy(records, place, at, at + KEY_BYTES);
        }
      }
  });
  let last = "";
  for await (const block of sorted) {
    const texts: string[] = [];
    const hex = block.toString("hex");
    for (let at = 0; at < hex.length; at += KEY_BYTES * 2) {
      const text = hex.slice(at, at + KEY_BYTES * 2);
      if (text !== last) texts.push(text);
      last = text;
    }
    if (texts.length > 0) yield `${texts.join("\n")}\n`;
  }
}
const ONE = [KEYS.input];
const BOTH = [KEYS.input, KEYS.session];

export const sidesOf = (merged: Pick<Merged, "sideCounts">): Split[] =>
  SPLITS.filter((side) => merged.sideCounts[side] > 0);
