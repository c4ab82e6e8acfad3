import { Buffer } from "node:buffer";

/**
 * The index of a shard: one fixed-width record for each example, so that a million of them fit in 48 MB and no object
 * is made for any. Little-endian, like every platform Node runs on here; an index lives no longer than its build.
 *
 * bytes 0–15 content hash · 16–23 session key (zero: none) · 24–31 input key · 32–39 score · 40–43 bytes of the line
 */
export const RECORD_BYTES = 48;
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
}

/** A record of the index as bytes. */
export function toRecord(candidate: Candidate): Buffer {
  const record = Buffer.alloc(RECORD_BYTES);
  record.write(candidate.contentHash.slice(0, 32), 0, "hex");
  if (candidate.sessionKey !== undefined) record.write(candidate.sessionKey, 16, "hex");
  record.write(candidate.inputKey, 24, "hex");
  record.writeDoubleLE(candidate.score, 32);
  record.writeUInt32LE(candidate.lineBytes, 40);
  return record;
}

/** All candidates of a build, oldest first, read from the shards' indexes. */
export class CandidateTable {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
  readonly length: number;

  /** How many records so many bytes hold. */
  static lengthOf(bytes: number): number {
    return Math.floor(bytes / RECORD_BYTES);
  }

  constructor(length: number) {
    this.length = length;
    // A buffer of its own: typed views need an aligned start.
    const own = new ArrayBuffer(length * RECORD_BYTES);
    this.bytes = Buffer.from(own);
    this.words = new Uint32Array(own);
    this.doubles = new Float64Array(own);
  }

  score(index: number): number {
    return this.doubles[index * DOUBLES + 4] ?? 0;
  }

  lineBytes(index: number): number {
    return this.words[index * WORDS + 10] ?? 0;
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

  contentWord(index: number): number {
    return this.#word(index, 0);
  }

  sameContent(a: number, b: number): boolean {
    for (let word = 0; word < 4; word++) if (this.#word(a, word) !== this.#word(b, word)) return false;
    return true;
  }

  /** Two words of a key; `which` 0: session, 1: input. */
  keyWord(index: number, which: number): number {
    return this.#word(index, 4 + which * 2);
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
