import { Buffer } from "node:buffer";
import type { Files } from "../files/files.ts";
import { RECORD_BYTES, writeRecord } from "./candidates.ts";
import type { EncodedLine } from "./encode.ts";
import type { shardKeys } from "./keys.ts";
import { SIGNATURE_BYTES, writeSignature } from "./near.ts";
import { inputKey, turnsOf } from "./normalise.ts";
import { Stages } from "./stages.ts";

/** What a shard came to, kept beside its lines. */
export interface ShardSummary {
  read: number;
  kept: number;
  dropped: Record<string, number>;
  warnings: Record<string, number>;
  seconds?: Record<string, number>;
}
export const emptySummary = (): ShardSummary => ({ read: 0, kept: 0, dropped: {}, warnings: {} });
export const add = (counts: Record<string, number>, reason: string, times = 1): void => {
  counts[reason] = (counts[reason] ?? 0) + times;
};

/** Where a line is from, for the edges of lineage: episodes (two of a pair), their rewards, and the tools called. */
export type Origin = readonly [
  episodes: readonly string[],
  rewards: readonly string[],
  tools: readonly string[],
];

export interface KeptLine extends EncodedLine {
  readonly score: number;
  readonly contentHash: string;
  readonly tokens: number;
  readonly sessionKey?: string | undefined;
  readonly stratum?: string | undefined;
  /** Milliseconds. */
  readonly at?: number | undefined;
  readonly origin: Origin;
}

/** Bytes handed to the file at once: fewer, larger writes. */
const BLOCK = 128 * 1024;
const BREAK = Buffer.from("\n");

/**
 * Writes a shard: its lines as they come, then what goes with each, then the summary, which thereby says that the
 * shard is whole. The same lines give the same bytes, so that writing a shard twice is harmless.
 */
export async function writeShard(
  files: Files,
  splitKey: string,
  keys: ReturnType<typeof shardKeys>,
  summary: ShardSummary,
  batches: AsyncIterable<readonly KeptLine[]>,
  stages = new Stages(),
): Promise<ShardSummary> {
  let index = Buffer.allocUnsafe(RECORD_BYTES * 256);
  let near = Buffer.allocUnsafe(SIGNATURE_BYTES * 256);
  const origins: string[] = [];
  function note(kept: KeptLine, lineBytes: number): void {
    if ((summary.kept + 1) * RECORD_BYTES > index.length) index = Buffer.concat([index], index.length * 2);
    if ((summary.kept + 1) * SIGNATURE_BYTES > near.length) near = Buffer.concat([near], near.length * 2);
    const { score, contentHash, sessionKey, tokens, stratum, at, origin } = kept;
    const key = stages.time("split", () => inputKey(splitKey, turnsOf(kept.line).messages));
    writeRecord(
      { contentHash, sessionKey, inputKey: key, score, lineBytes, tokens, tool: origin[2][0], stratum, at },
      index,
      summary.kept * RECORD_BYTES,
    );
    stages.time("near_duplicates", () => writeSignature(kept.line, near, summary.kept * SIGNATURE_BYTES));
    origins.push(JSON.stringify(origin));
    summary.kept++;
  }
  async function* lines(): AsyncGenerator<Uint8Array> {
    let block: Uint8Array[] = [];
    let size = 0;
    for await (const batch of batches) {
      for (const kept of batch) {
        const line = Buffer.from(kept.text);
        note(kept, line.length + 1);
        block.push(line, BREAK);
        size += line.length + 1;
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
  await files.write(keys.near, once(near.subarray(0, summary.kept * SIGNATURE_BYTES)));
  await files.write(keys.origins, once(origins.length === 0 ? "" : `${origins.join("\n")}\n`));
  if (stages.any) summary.seconds = stages.seconds;
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
