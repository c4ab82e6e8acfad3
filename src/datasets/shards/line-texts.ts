import { Buffer } from "node:buffer";
import type { Files } from "../../files/files.ts";
import type { DatasetLine } from "../contract.ts";
import { type Worded, wordsOf } from "../line/near-reworded.ts";
import type { Candidates } from "./candidates.ts";

/** The words of candidates, read from their shards' lines as they are asked for. */
export interface LineTexts {
  words(candidate: number): Promise<Worded>;
}

export interface ShardLines {
  readonly key: string;
  /** How many candidates its index tells of. */
  readonly length: number;
}

/** Lines whose words are kept: those that many are like are asked for again and again. */
const KEPT = 500;

/** Nothing is read before the first line is asked for; from then on it holds four bytes a candidate. */
export function lineTexts(files: Files, candidates: Candidates, shards: readonly ShardLines[]): LineTexts {
  const known = new Map<number, Worded>();
  let places: Promise<{ readonly starts: Uint32Array; readonly bytes: readonly number[] }> | undefined;
  const located = async () => ({
    starts: await startsOf(candidates, shards),
    bytes: await Promise.all(shards.map(async ({ key }) => (await files.stat(key))?.bytes ?? 0)),
  });

  async function read(candidate: number): Promise<Worded> {
    places ??= located();
    const { starts, bytes } = await places;
    let first = 0;
    let shard = 0;
    while (candidate >= first + (shards[shard]?.length ?? Number.POSITIVE_INFINITY))
      first += shards[shard++]?.length ?? 0;
    const of = shards[shard];
    if (of === undefined) throw new Error("An index of the build is not whole.");
    const from = starts[candidate] as number;
    const isLast = candidate + 1 === first + of.length;
    const end = isLast ? (bytes[shard] as number) : (starts[candidate + 1] as number);
    const text = Buffer.from(await files.readRange(of.key, from, end - from)).toString("utf8");
    return wordsOf(JSON.parse(text) as DatasetLine);
  }

  return {
    async words(candidate) {
      const held = known.get(candidate) ?? (await read(candidate));
      known.delete(candidate);
      known.set(candidate, held);
      const [oldest] = known.keys();
      if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
      return held;
    },
  };
}

/** Where in its shard's file each line begins. */
async function startsOf(candidates: Candidates, shards: readonly ShardLines[]): Promise<Uint32Array> {
  const starts = new Uint32Array(candidates.length);
  let shard = 0;
  let left = shards[0]?.length ?? 0;
  let at = 0;
  for await (const page of candidates.pages())
    for (let k = 0; k < page.length; k++) {
      while (left === 0 && shard + 1 < shards.length) {
        left = shards[++shard]?.length ?? 0;
        at = 0;
      }
      starts[page.from + k] = at;
      at += page.lineBytes(k);
      left--;
    }
  return starts;
}
