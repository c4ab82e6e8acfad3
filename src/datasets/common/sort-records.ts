import { Buffer } from "node:buffer";
import { freeMemory } from "./free-memory.ts";
import { isPauseDue, letOthersRun } from "./let-others-run.ts";

const BUCKETS = 65_536;
/** Records of a bucket are few, unless many begin alike. */
const FEW = 12;
/** Sorted bytes handed out at once. */
const BLOCK = 64 * 1024;

/** With memory of its own, which can be freed. */
type Owned = Buffer<ArrayBuffer>;

/**
 * Calls `gather` for each range of records, with the place where each of the range's belongs, or -1 for one of another
 * range: so that many records are sorted while few are held, by reading what they are made of again.
 */
type Gather = (place: (start: Buffer, at: number) => number, records: Buffer) => Promise<void>;

/**
 * All records that `gather` finds, in byte order, in blocks of whole records. They begin with hashes, so that ranges of
 * their first two bytes hold as many each.
 * @param width bytes of a record @param total how many there will be, about @param most held at once, about
 */
export async function* sortedInRanges(
  width: number,
  total: number,
  most: number,
  gather: Gather,
): AsyncGenerator<Buffer> {
  const ranges = Math.max(1, Math.ceil(total / most));
  const rangeOf = (start: Buffer, at: number) => Math.floor((start.readUInt16BE(at) * ranges) / 65_536);
  const sizes = Array.from({ length: ranges }, () => 0);
  await gather((start, at) => {
    const range = rangeOf(start, at);
    sizes[range] = (sizes[range] ?? 0) + 1;
    return -1;
  }, Buffer.alloc(0));
  const perBlock = Math.floor(BLOCK / width) * width;
  for (const [range, size] of sizes.entries()) {
    const records: Owned = Buffer.from(new ArrayBuffer(size * width));
    let used = 0;
    await gather((start, at) => {
      if (rangeOf(start, at) !== range) return -1;
      used += width;
      return used - width;
    }, records);
    const sorted = await sortRecords(records, width);
    try {
      for (let at = 0; at < sorted.length; at += perBlock) {
        yield sorted.subarray(at, Math.min(sorted.length, at + perBlock));
        await letOthersRun();
      }
    } finally {
      freeMemory(sorted);
    }
  }
}

/**
 * The records in byte order, duplicates included, in memory of their own; what was given is freed. They are spread over
 * buckets by their first four bytes and sorted bucket by bucket, so that no step holds the event loop.
 */
async function sortRecords(records: Owned, width: number): Promise<Owned> {
  const total = Math.floor(records.length / width);
  let least = 2 ** 32;
  let greatest = 0;
  for (let i = 0; i < total; i++) {
    const start = records.readUInt32BE(i * width);
    if (start < least) least = start;
    if (start > greatest) greatest = start;
  }
  const buckets = Math.max(1, Math.min(BUCKETS, total));
  const scale = buckets / (greatest - least + 1);
  const bucketOf = (i: number) => Math.floor((records.readUInt32BE(i * width) - least) * scale);
  const ends = new Uint32Array(buckets);
  for (let i = 0; i < total; i++) {
    const bucket = bucketOf(i);
    ends[bucket] = (ends[bucket] as number) + 1;
    if (isPauseDue(i)) await letOthersRun();
  }
  let before = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const size = ends[bucket] as number;
    ends[bucket] = before;
    before += size;
  }
  const sorted = Buffer.from(new ArrayBuffer(total * width));
  for (let i = 0; i < total; i++) {
    const bucket = bucketOf(i);
    const place = ends[bucket] as number;
    ends[bucket] = place + 1;
    records.copy(sorted, place * width, i * width, (i + 1) * width);
    if (isPauseDue(i)) await letOthersRun();
  }
  freeMemory(records);
  let from = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const to = ends[bucket] as number;
    sortFew(sorted, width, from, to);
    from = to;
    if (isPauseDue(bucket)) await letOthersRun();
  }
  return sorted;
}

const held = Buffer.alloc(64);

function sortFew(records: Buffer, width: number, from: number, to: number): void {
  if (to - from > FEW) {
    const members: Buffer[] = [];
    for (let i = from; i < to; i++) members.push(Buffer.from(records.subarray(i * width, (i + 1) * width)));
    members.sort((a, b) => a.compare(b));
    for (const [i, member] of members.entries()) records.set(member, (from + i) * width);
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const at = i * width;
    let place = i;
    while (place > from && records.compare(records, at, at + width, (place - 1) * width, place * width) > 0)
      place--;
    if (place === i) continue;
    records.copy(held, 0, at, at + width);
    records.copyWithin((place + 1) * width, place * width, at);
    records.set(held.subarray(0, width), place * width);
  }
}
