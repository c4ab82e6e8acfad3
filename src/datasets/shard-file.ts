import { Buffer } from "node:buffer";
import type { Files } from "../files/files.ts";
import { RECORD_BYTES, toRecord } from "./candidates.ts";
import type { Example } from "./contract.ts";
import { exampleLine } from "./example.ts";
import type { shardKeys } from "./keys.ts";
import { contentHash, inputKey } from "./normalise.ts";

/** What a shard came to, kept beside its lines. */
export interface ShardSummary {
  read: number;
  kept: number;
  dropped: Record<string, number>;
  warnings: Record<string, number>;
}
export const emptySummary = (): ShardSummary => ({ read: 0, kept: 0, dropped: {}, warnings: {} });
export const add = (counts: Record<string, number>, reason: string, times = 1): void => {
  counts[reason] = (counts[reason] ?? 0) + times;
};

export interface ScoredExample {
  readonly example: Example;
  readonly score: number;
  readonly sessionKey?: string | undefined;
}

/** Bytes handed to the file at once: fewer, larger writes. */
const BLOCK = 64 * 1024;

/**
 * Writes a shard: its lines as they come, then the index, then the summary, which thereby says that the shard is
 * whole. The same examples give the same bytes, so that writing a shard twice is harmless.
 */
export async function writeShard(
  files: Files,
  splitKey: string,
  keys: ReturnType<typeof shardKeys>,
  summary: ShardSummary,
  batches: AsyncIterable<readonly ScoredExample[]>,
): Promise<ShardSummary> {
  let index = Buffer.allocUnsafe(RECORD_BYTES * 256);
  function note({ example, score, sessionKey }: ScoredExample, lineBytes: number): void {
    const at = summary.kept * RECORD_BYTES;
    if (at + RECORD_BYTES > index.length) index = Buffer.concat([index], index.length * 2);
    toRecord({
      contentHash: contentHash(example),
      sessionKey,
      inputKey: inputKey(splitKey, example.messages),
      score,
      lineBytes,
    }).copy(index, at);
    summary.kept++;
  }
  async function* lines(): AsyncGenerator<Uint8Array> {
    let block: Buffer[] = [];
    let size = 0;
    for await (const batch of batches) {
      for (const scored of batch) {
        const line = Buffer.from(`${exampleLine(scored.example)}\n`);
        note(scored, line.length);
        block.push(line);
        size += line.length;
      }
      if (size < BLOCK) continue;
      yield Buffer.concat(block);
      block = [];
      size = 0;
    }
    if (size > 0) yield Buffer.concat(block);
  }
  await files.write(keys.lines, lines());
  await files.write(keys.index, once(index.subarray(0, summary.kept * RECORD_BYTES)));
  await files.write(keys.summary, once(JSON.stringify(summary)));
  return summary;
}

async function* once<T>(piece: T): AsyncGenerator<T> {
  yield piece;
}

/** A small file as JSON; undefined when it is missing. */
export async function readJson<T>(files: Files, key: string): Promise<T | undefined> {
  if ((await files.stat(key)) === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of files.read(key)) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces).toString("utf8")) as T;
}
export const writeJson = (files: Files, key: string, value: unknown) =>
  files.write(key, once(JSON.stringify(value)));
