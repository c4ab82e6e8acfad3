import { Buffer } from "node:buffer";
import { SIGNATURE_BYTES } from "../line/near.ts";

/**
 * What the merge knows of each example of a shard, in fixed width, so that no object is made for any: its record, its
 * near-duplicate signature (near.ts) and the SHA-256 of its line. Little-endian, like every platform Node runs on here;
 * an index lives no longer than its build. The record:
 *
 * bytes 0–15 content hash · 16–23 session key (zero: none) · 24–31 input key · 32–39 score · 40–43 bytes of the line ·
 * 44–47 tokens · 48–51 hash of the first tool called (zero: none) · 52–55 hash of the stratum that is capped (zero:
 * none) · 56–63 when it happened, in milliseconds (zero: unknown)
 */
const HASH_BYTES = 32;
/** Where in an entry the signature begins: after the record. */
export const SIGNATURE_AT = 64;
const LINE_HASH = SIGNATURE_AT + SIGNATURE_BYTES;
export const ENTRY_BYTES = LINE_HASH + HASH_BYTES;
const WORDS = ENTRY_BYTES / 4;
const DOUBLES = ENTRY_BYTES / 8;

/** What two examples may have in common: where it stands in an entry, in words of four bytes. */
export const KEYS = {
  content: { at: 0, words: 4 },
  session: { at: 4, words: 2 },
  input: { at: 6, words: 2 },
  /** Of the signature what all but the system turns say (near-gist.ts). */
  gist: { at: SIGNATURE_AT / 4, words: 2 },
  /** What all turns say. */
  sameness: { at: SIGNATURE_AT / 4 + 1, words: 2 },
} as const;
export type Key = (typeof KEYS)[keyof typeof KEYS];

export interface Candidate {
  /** SHA-256 of the normalised content, hex. */
  readonly contentHash: string;
  /** 16 hex digits. */
  readonly sessionKey?: string | undefined;
  readonly inputKey: string;
  readonly score: number;
  readonly lineBytes: number;
  readonly tokens: number;
  readonly tool?: string | undefined;
  readonly stratum?: string | undefined;
  readonly at?: number | undefined;
}

/** 32 bits of a name, never zero: two names that meet in one share a cap, which does no harm. */
function nameHash(name: string | undefined): number {
  if (name === undefined || name === "") return 0;
  let state = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) state = Math.imul(state ^ name.charCodeAt(at), 0x01000193);
  return state >>> 0 || 1;
}

/**
 * Writes an entry at an offset; its signature is still to come.
 * @param lineHash the SHA-256 of the line's bytes as a binary string
 */
export function writeEntry(candidate: Candidate, lineHash: string, record: Buffer, at: number): void {
  record.fill(0, at, at + ENTRY_BYTES);
  record.write(lineHash, at + LINE_HASH, "latin1");
  record.write(candidate.contentHash, at, 16, "hex");
  if (candidate.sessionKey !== undefined) record.write(candidate.sessionKey, at + 16, 8, "hex");
  record.write(candidate.inputKey, at + 24, 8, "hex");
  record.writeDoubleLE(candidate.score, at + 32);
  record.writeUInt32LE(candidate.lineBytes, at + 40);
  record.writeUInt32LE(candidate.tokens, at + 44);
  record.writeUInt32LE(nameHash(candidate.tool), at + 48);
  record.writeUInt32LE(nameHash(candidate.stratum), at + 52);
  record.writeDoubleLE(candidate.at ?? 0, at + 56);
}

/** Entries that lie side by side in memory. Numbers count them from 0; `from` is the number of the first in the build. */
export class Entries {
  readonly from: number;
  readonly length: number;
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly #doubles: Float64Array;

  /** @param bytes whole entries; their start is at a multiple of eight */
  constructor(from: number, bytes: Uint8Array) {
    this.from = from;
    this.length = bytes.length / ENTRY_BYTES;
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    this.#doubles = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  }

  score(entry: number): number {
    return this.#doubles[entry * DOUBLES + 4] ?? 0;
  }

  lineBytes(entry: number): number {
    return this.#word(entry, 10);
  }

  tokens(entry: number): number {
    return this.#word(entry, 11);
  }

  tool(entry: number): number {
    return this.#word(entry, 12);
  }

  stratum(entry: number): number {
    return this.#word(entry, 13);
  }

  /** When it happened, in milliseconds; 0: unknown. */
  at(entry: number): number {
    return this.#doubles[entry * DOUBLES + 7] ?? 0;
  }

  hasSession(entry: number): boolean {
    return this.#word(entry, 4) !== 0 || this.#word(entry, 5) !== 0;
  }

  /** The key that names the example's group while it stands alone: its session's, else its input's. */
  ownKey(entry: number): string {
    const at = this.ownKeyAt(entry);
    return this.bytes.toString("hex", at, at + KEY_BYTES);
  }

  /** Where in `bytes` that key is. */
  ownKeyAt(entry: number): number {
    return this.keyAt(entry, this.hasSession(entry) ? KEYS.session : KEYS.input);
  }

  keyAt(entry: number, key: Key): number {
    return entry * ENTRY_BYTES + key.at * 4;
  }

  /** Where in `words` a key begins. */
  wordOf(entry: number, key: Key): number {
    return entry * WORDS + key.at;
  }

  /** Where in `bytes` the SHA-256 of the line is. */
  lineHashAt(entry: number): number {
    return entry * ENTRY_BYTES + LINE_HASH;
  }

  #word(entry: number, word: number): number {
    return this.words[entry * WORDS + word] ?? 0;
  }
}

/** Bytes of a session's or an input's key. */
export const KEY_BYTES = 8;

/**
 * All candidates of a build, oldest first. They lie in the shards' indexes and are read as often as a step wants them:
 * no step holds them, so that a build of any size takes the same memory but for a few bytes an example.
 */
export interface Candidates {
  readonly length: number;
  /** Some at a time, in order, each only until the next are asked for. */
  pages(): AsyncIterable<Entries>;
}

/** Walks candidates one by one, beside another list of them. */
export class Walk {
  readonly #pages: AsyncIterator<Entries>;
  page = new Entries(0, new Uint8Array(0));
  /** Its number in the page. */
  entry = -1;

  constructor(candidates: Candidates) {
    this.#pages = candidates.pages()[Symbol.asyncIterator]();
  }

  async next(): Promise<void> {
    this.entry++;
    while (this.entry >= this.page.length) {
      const next = await this.#pages.next();
      if (next.done === true) throw new Error("An index of the build is not whole.");
      this.page = next.value;
      this.entry = 0;
    }
  }

  async end(): Promise<void> {
    await this.#pages.return?.();
  }
}
