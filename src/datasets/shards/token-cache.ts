import { Buffer } from "node:buffer";
import type { Files } from "../../files/files.ts";
import { sha256 } from "../../kernel/hashing.ts";
import { sortedInRanges } from "../common/sort-records.ts";
import type { Encoding } from "../tokens/vocabulary.ts";
import { type Candidates, KEYS } from "./candidates.ts";

/**
 * Token counts by content, kept from build to build: of a ledger that grew only what is new is counted. One file for
 * each agent and vocabulary: sorted records of the first eight bytes of the content's hash and the count in four. Of a
 * million contents, two had the same eight bytes with a chance of one in thirty million; a count would then be wrong.
 * It is a cache alone: without it, or with a part of it, all counts are the same.
 */
const HASH = 8;
const RECORD = HASH + 4;
/** 12 MB, for each thread while it builds shards; of more contents those with the least hashes are kept. */
const MOST = 1_000_000;
const RECORDS_AT_ONCE = 16_384;
/** Raised when lines are counted otherwise than before. */
const RULES = 1;

export const tokenCacheKey = (agentId: string, encoding: Encoding): string =>
  `token-counts/${sha256(agentId).slice(0, 32)}_${encoding}_${RULES}.bin`;

/** Counts of contents that an earlier build counted. */
export class TokenCache {
  readonly bytes: Buffer;
  readonly length: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.length = Math.floor(bytes.length / RECORD);
  }

  /** @param contentHash hex, 16 digits at least */
  of(contentHash: string): number | undefined {
    const high = Number.parseInt(contentHash.slice(0, 8), 16);
    const low = Number.parseInt(contentHash.slice(8, 16), 16);
    let from = 0;
    let to = this.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const at = middle * RECORD;
      const difference = this.bytes.readUInt32BE(at) - high || this.bytes.readUInt32BE(at + 4) - low;
      if (difference === 0) return this.bytes.readUInt32BE(at + HASH);
      if (difference < 0) from = middle + 1;
      else to = middle;
    }
    return undefined;
  }
}

/** The cache under a key; empty, if there is no file or it is not whole. */
export async function readTokenCache(files: Files, key: string): Promise<TokenCache> {
  const bytes = (await files.stat(key))?.bytes ?? 0;
  const isWhole = bytes > 0 && bytes % RECORD === 0 && bytes <= MOST * RECORD;
  const known = Buffer.from(new ArrayBuffer(isWhole ? bytes : 0));
  let used = 0;
  if (isWhole)
    for await (const piece of files.read(key)) {
      // It may be replaced while it is read: by one of another length, then.
      if (used + piece.length > bytes) return new TokenCache(Buffer.alloc(0));
      known.set(piece, used);
      used += piece.length;
    }
  return new TokenCache(used === bytes ? known : Buffer.alloc(0));
}

/** Counts sorted at once, in 2 * 2.4 MB whatever their number. */
const MOST_SORTED = 200_000;

/** Saves the candidates' counts beside what is known, as far as there is room. */
export async function saveTokenCache(
  files: Files,
  key: string,
  candidates: Candidates,
  most = MOST,
): Promise<void> {
  const known = await readTokenCache(files, key);
  const fresh = sortedInRanges(RECORD, candidates.length, MOST_SORTED, async (placeOf, records) => {
    for await (const page of candidates.pages())
      for (let k = 0; k < page.length; k++) {
        const at = page.keyAt(k, KEYS.content);
        const place = placeOf(page.bytes, at);
        if (place < 0) continue;
        page.bytes.copy(records, place, at, at + HASH);
        records.writeUInt32BE(page.tokens(k), place + HASH);
      }
  });
  const older = known.length + candidates.length > most ? Buffer.alloc(0) : known.bytes;
  await files.write(key, firstOf(most, united(fresh, older)));
}

/** Two sorted lists as one; of records of one hash those of the first come first. In blocks of whole records. */
async function* united(blocks: AsyncIterable<Buffer>, others: Buffer): AsyncGenerator<Buffer> {
  let other = 0;
  for await (const block of blocks) {
    let from = 0;
    for (let at = 0; at < block.length; at += RECORD) {
      const start = other;
      while (other < others.length && others.compare(block, at, at + HASH, other, other + HASH) < 0)
        other += RECORD;
      if (other === start) continue;
      if (at > from) yield block.subarray(from, at);
      yield others.subarray(start, other);
      from = at;
    }
    if (from < block.length) yield block.subarray(from);
  }
  if (other < others.length) yield others.subarray(other);
}

/** The first of the sorted records, each hash once, in blocks. */
async function* firstOf(most: number, blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const out = Buffer.alloc(RECORDS_AT_ONCE * RECORD);
  const last = Buffer.alloc(HASH);
  let used = 0;
  let given = 0;
  for await (const block of blocks)
    for (let at = 0; at < block.length && given < most; at += RECORD) {
      if (given > 0 && last.compare(block, at, at + HASH) === 0) continue;
      given++;
      block.copy(last, 0, at, at + HASH);
      block.copy(out, used, at, at + RECORD);
      used += RECORD;
      if (used < out.length) continue;
      yield out;
      used = 0;
    }
  if (used > 0) yield out.subarray(0, used);
}
