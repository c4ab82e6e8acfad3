import { Buffer } from "node:buffer";
import { free } from "./free.ts";
import { isPauseDue, letOthersRun } from "./pause.ts";

const BUCKETS = 65_536;

/**
 * The records of a buffer (each `width` bytes) in byte order, duplicates included. Records are spread over buckets by
 * their first two bytes and sorted bucket by bucket, so that no step holds the event loop: they start with hashes,
 * which fill the buckets evenly. A record is gone when the last was taken.
 */
export async function* eachSorted(records: Buffer, width: number): AsyncGenerator<Buffer> {
  const total = Math.floor(records.length / width);
  const starts = new Uint32Array(BUCKETS + 1);
  for (let i = 0; i < total; i++) {
    const bucket = records.readUInt16BE(i * width) + 1;
    starts[bucket] = (starts[bucket] ?? 0) + 1;
    if (isPauseDue(i)) await letOthersRun();
  }
  for (let bucket = 1; bucket <= BUCKETS; bucket++)
    starts[bucket] = (starts[bucket] ?? 0) + (starts[bucket - 1] ?? 0);
  const next = starts.slice();
  const spread = Buffer.from(new ArrayBuffer(total * width));
  for (let i = 0; i < total; i++) {
    const bucket = records.readUInt16BE(i * width);
    const place = next[bucket] ?? 0;
    next[bucket] = place + 1;
    records.copy(spread, place * width, i * width, (i + 1) * width);
    if (isPauseDue(i)) await letOthersRun();
  }
  let given = 0;
  try {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const from = starts[bucket] ?? 0;
      const to = starts[bucket + 1] ?? 0;
      if (to === from) continue;
      const members: Buffer[] = [];
      for (let i = from; i < to; i++) members.push(spread.subarray(i * width, (i + 1) * width));
      if (members.length > 1) members.sort((a, b) => a.compare(b));
      for (const member of members) {
        yield member;
        if (isPauseDue(given++)) await letOthersRun();
      }
    }
  } finally {
    free(spread);
  }
}
