import { Buffer } from "node:buffer";
import { free } from "./free.ts";

/**
 * One fixed-width record for each example of a shard, so that a million of them fit in 64 MB and no object is made for
 * any. Little-endian, like every platform Node runs on here; an index lives no longer than its build.
 *
 * bytes 0–15 content hash · 16–23 session key (zero: none) · 24–31 input key · 32–39 score · 40–43 bytes of the line ·
 * 44–47 tokens · 48–51 hash of the first tool called (zero: none) · 52–55 hash of the stratum that is capped (zero:
 * none) · 56–63 when it happened, in milliseconds (zero: unknown)
 */
export const RECORD_BYTES = 64;
const WORDS = RECORD_BYTES / 4;
const DOUBLES = RECORD_BYTES / 8;

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
export function nameHash(name: string | undefined): number {
  if (name === undefined || name === "") return 0;
  let state = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) state = Math.imul(state ^ name.charCodeAt(at), 0x01000193);
  return state >>> 0 || 1;
}

/** Writes a record of the index at an offset. */
export function writeRecord(candidate: Candidate, record: Buffer, at: number): void {
  record.fill(0, at, at + RECORD_BYTES);
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

/** All candidates of a build, oldest first, read from the shards' indexes. */
export class CandidateTable {
  readonly bytes: Buffer;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly doubles: Float64Array;
  readonly length: number;

  constructor(length: number) {
    this.length = length;
    // A buffer of its own: typed views need an aligned start.
    const own = new ArrayBuffer(length * RECORD_BYTES);
    this.bytes = Buffer.from(own);
    this.words = new Uint32Array(own);
    this.doubles = new Float64Array(own);
  }

  /** Gives its memory back; it is empty then. */
  free(): void {
    free(this.words);
  }

  score(index: number): number {
    return this.doubles[index * DOUBLES + 4] ?? 0;
  }

  lineBytes(index: number): number {
    return this.words[index * WORDS + 10] ?? 0;
  }

  tokens(index: number): number {
    return this.#word(index, 11);
  }

  tool(index: number): number {
    return this.#word(index, 12);
  }

  stratum(index: number): number {
    return this.#word(index, 13);
  }

  at(index: number): number {
    return this.doubles[index * DOUBLES + 7] ?? 0;
  }

  /** Puts the hash of the line in the place of the content's, once that is no longer needed. */
  setLineHash(index: number, from: Buffer, at: number): void {
    from.copy(this.bytes, index * RECORD_BYTES, at, at + 16);
  }

  lineHash(index: number): string {
    return this.bytes.toString("hex", index * RECORD_BYTES, index * RECORD_BYTES + 16);
  }

  hasSession(index: number): boolean {
    return this.#word(index, 4) !== 0 || this.#word(index, 5) !== 0;
  }

  /** The key that names the example's group while it stands alone: its session's, else its input's. */
  ownKey(index: number): string {
    return this.hasSession(index) ? this.keyText(index, "session") : this.keyText(index, "input");
  }

  keyText(index: number, which: "session" | "input"): string {
    const at = index * RECORD_BYTES + (which === "session" ? 16 : 24);
    return this.bytes.toString("hex", at, at + 8);
  }

  /** Copies the example's keys (8 bytes each: its input's and, if it has one, its session's); answers the bytes. */
  copyKeys(index: number, to: Buffer, at: number): number {
    const from = index * RECORD_BYTES;
    this.bytes.copy(to, at, from + 24, from + 32);
    if (!this.hasSession(index)) return 8;
    this.bytes.copy(to, at + 8, from + 16, from + 24);
    return 16;
  }

  /** Copies the first bytes of the content's hash. */
  copyContent(index: number, to: Buffer, at: number, bytes: number): void {
    const from = index * RECORD_BYTES;
    this.bytes.copy(to, at, from, from + bytes);
  }

  contentWord(index: number): number {
    return this.#word(index, 0);
  }

  sameContent(a: number, b: number): boolean {
    for (let word = 0; word < 4; word++) if (this.#word(a, word) !== this.#word(b, word)) return false;
    return true;
  }

  /** One of the two words of a key; `which` 0: session, 1: input. */
  keyWord(index: number, which: number, word = 0): number {
    return this.#word(index, 4 + which * 2 + word);
  }

  sameKey(a: number, whichA: number, b: number, whichB: number): boolean {
    return (
      this.#word(a, 4 + whichA * 2) === this.#word(b, 4 + whichB * 2) &&
      this.#word(a, 5 + whichA * 2) === this.#word(b, 5 + whichB * 2)
    );
  }

  #word(index: number, word: number): number {
    return this.words[index * WORDS + word] ?? 0;
  }
}
