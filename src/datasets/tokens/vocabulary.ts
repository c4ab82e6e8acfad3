import { Buffer } from "node:buffer";
import { Worker } from "node:worker_threads";

const ENCODINGS = ["o200k_base", "cl100k_base"] as const;
export type Encoding = (typeof ENCODINGS)[number];

/**
 * A tokeniser's vocabulary in flat memory that all threads share: 5 MB once, where each thread's own copy as strings in
 * maps would take 80. Only the words and the rule that cuts texts are the library's; the merging below is the byte-pair
 * algorithm itself, and a test holds both to the same counts.
 */
export interface Vocabulary {
  readonly encoding: Encoding;
  /** The regular expression that cuts a text into pieces; no token goes over a cut. */
  readonly pieces: string;
  /** The bytes of all tokens in the order of their ranks. */
  readonly bytes: Uint8Array;
  /** Where each token ends in `bytes`; it begins where the one before ends. */
  readonly ends: Uint32Array;
  /** An open-addressing table from bytes to ranks, plus one; 0: nothing. */
  readonly slots: Int32Array;
}

const loaded = new Map<Encoding, Promise<Vocabulary>>();

/** The entry stands beside this file, in whatever form this file is loaded. */
const entry = new URL(
  `./vocabulary-thread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url,
);

/** Reads the vocabulary in a thread that ends at once, and the library's copy with it. */
export function loadVocabulary(encoding: Encoding): Promise<Vocabulary> {
  const known = loaded.get(encoding);
  if (known !== undefined) return known;
  const loading = new Promise<Vocabulary>((resolve, reject) => {
    const worker = new Worker(entry, { workerData: encoding });
    let read: Vocabulary | undefined;
    worker.once("message", (vocabulary: Vocabulary) => {
      read = vocabulary;
      void worker.terminate();
    });
    worker.once("error", reject);
    // Not before: the next thread that starts takes over the memory of one that has ended.
    worker.once("exit", () => {
      if (read === undefined) reject(new Error("The thread that reads the vocabulary ended."));
      else resolve(read);
    });
  });
  loaded.set(encoding, loading);
  loading.catch(() => loaded.delete(encoding));
  return loading;
}

/** Takes a vocabulary that another thread has read. */
export function adoptVocabulary(vocabulary: Vocabulary): void {
  if (!loaded.has(vocabulary.encoding)) loaded.set(vocabulary.encoding, Promise.resolve(vocabulary));
}

/** @param ranks the library's list: a token's text, or its bytes where they are none, at the place of its rank */
export function flatten(
  encoding: Encoding,
  pieces: string,
  ranks: readonly (string | readonly number[] | undefined)[],
): Vocabulary {
  const tokens = ranks.map((token) => Buffer.from((token ?? "") as string));
  const total = tokens.reduce((sum, token) => sum + token.length, 0);
  let size = 2;
  while (size < ranks.length * 2) size *= 2;
  const vocabulary = {
    encoding,
    pieces,
    bytes: new Uint8Array(new SharedArrayBuffer(total)),
    ends: new Uint32Array(new SharedArrayBuffer(ranks.length * 4)),
    slots: new Int32Array(new SharedArrayBuffer(size * 4)),
  };
  let end = 0;
  for (const [rank, token] of tokens.entries()) {
    vocabulary.bytes.set(token, end);
    end += token.length;
    vocabulary.ends[rank] = end;
    if (token.length === 0) continue;
    let at = hashOf(token, 0, token.length) & (size - 1);
    while (vocabulary.slots[at] !== 0) at = (at + 1) & (size - 1);
    vocabulary.slots[at] = rank + 1;
  }
  return vocabulary;
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 3;
}

const NO_RANK = 0x7fffffff;

/** Answers how many tokens a piece of at most `longest` UTF-16 units has. */
export function pieceCounter(vocabulary: Vocabulary, longest: number): (piece: string) => number {
  const { bytes, ends, slots } = vocabulary;
  const mask = slots.length - 1;
  const given = Buffer.alloc(longest * 3);
  /** Where the parts begin, and the rank of each part joined with the next. */
  const starts = new Int32Array(longest * 3 + 1);
  const joined = new Int32Array(longest * 3 + 1);

  function rankOf(from: number, to: number): number {
    for (let slot = hashOf(given, from, to) & mask; ; slot = (slot + 1) & mask) {
      const rank = (slots[slot] as number) - 1;
      if (rank < 0) return NO_RANK;
      const start = rank === 0 ? 0 : (ends[rank - 1] as number);
      if ((ends[rank] as number) - start !== to - from) continue;
      let at = from;
      while (at < to && bytes[start + at - from] === given[at]) at++;
      if (at === to) return rank;
    }
  }

  return (piece) => {
    const length = given.write(piece);
    if (rankOf(0, length) !== NO_RANK) return 1;
    let parts = length;
    for (let i = 0; i <= parts; i++) starts[i] = i;
    const join = (i: number) => {
      joined[i] = i + 2 <= parts ? rankOf(starts[i] as number, starts[i + 2] as number) : NO_RANK;
    };
    for (let i = 0; i < parts; i++) join(i);
    for (;;) {
      let lowest = NO_RANK;
      let place = -1;
      for (let i = 0; i < parts - 1; i++) {
        if ((joined[i] as number) >= lowest) continue;
        lowest = joined[i] as number;
        place = i;
      }
      if (place < 0) return parts;
      starts.copyWithin(place + 1, place + 2, parts + 1);
      joined.copyWithin(place, place + 1, parts);
      parts--;
      join(place);
      if (place > 0) join(place - 1);
    }
  };
}
