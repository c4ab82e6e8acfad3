import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import type { Files } from "../../files/files.ts";
import { Stopwatch } from "../common/stopwatch.ts";
import type { EncodedLine } from "../line/encode.ts";
import { inputKey, turnsOf } from "../line/normalise.ts";
import type { shardKeys } from "./file-keys.ts";
import { IndexWriter } from "./shard-index.ts";

/** What a shard came to, kept beside its lines. */
export interface ShardSummary {
  read: number;
  kept: number;
  dropped: Record<string, number>;
  warnings: Record<string, number>;
  /** Examples whose tokens no earlier build had counted. */
  counted?: number;
  /** What its lines were asked about; absent: nothing was, or an earlier version wrote it. */
  redaction_version?: string;
  seconds?: Record<string, number>;
}
export const emptySummary = (): ShardSummary => ({ read: 0, kept: 0, dropped: {}, warnings: {} });
export const add = (counts: Record<string, number>, reason: string, times = 1): void => {
  counts[reason] = (counts[reason] ?? 0) + times;
};

/**
 * Where a line is from, for the edges of lineage: episodes (two of a pair), their rewards, and the tools called; of a
 * golden file the line's number, from 1.
 */
export type Origin = readonly [
  episodes: readonly string[],
  rewards: readonly string[],
  tools: readonly string[],
  line?: number,
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
const BLOCK = 256 * 1024;
const LINE_END = 10;

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
  stages = new Stopwatch(),
): Promise<ShardSummary> {
  const start = performance.now();
  const index = new IndexWriter();
  const origins: string[] = [];
  function note(kept: KeptLine, bytes: Uint8Array): void {
    const { score, contentHash, sessionKey, tokens, stratum, at, origin } = kept;
    const key = stages.time("split", () => inputKey(splitKey, turnsOf(kept.line).messages));
    const lineBytes = bytes.length + 1;
    index.add(
      { contentHash, sessionKey, inputKey: key, score, lineBytes, tokens, tool: origin[2][0], stratum, at },
      stages.time("line_hashes", () => hash("sha256", bytes, "binary")),
    );
    stages.time("near_duplicates", () => index.sign(kept.line));
    origins.push(JSON.stringify(origin));
    summary.kept++;
  }
  // Each file is synced: side by side they wait once. A step that fails leaves none of them running.
  let beside: Promise<unknown>[] = [];
  async function* lines(): AsyncGenerator<Uint8Array> {
    let block = Buffer.allocUnsafe(BLOCK);
    let used = 0;
    for await (const batch of batches)
      for (const kept of batch) {
        // UTF-8 has at most three bytes for each unit of UTF-16.
        const most = kept.text.length * 3 + 1;
        if (used + most > block.length) {
          // What was yielded is written by now, and its memory free again.
          if (used > 0) yield block.subarray(0, used);
          if (most > block.length) block = Buffer.allocUnsafe(most);
          used = 0;
        }
        const end = used + block.write(kept.text, used);
        note(kept, block.subarray(used, end));
        block[end] = LINE_END;
        used = end + 1;
      }
    if (used > 0) yield block.subarray(0, used);
    beside = [
      files.write(keys.index, once(index.bytes)),
      files.write(keys.origins, once(origins.length === 0 ? "" : `${origins.join("\n")}\n`)),
    ];
    for (const one of beside) one.catch(() => undefined);
  }
  const first = await Promise.allSettled([files.write(keys.lines, lines())]);
  const written = [...first, ...(await Promise.allSettled(beside))];
  for (const one of written) if (one.status === "rejected") throw one.reason;
  stages.rest("shard_files", performance.now() - start);
  summary.seconds = stages.seconds;
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
