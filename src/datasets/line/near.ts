import { freeMemory } from "../common/free-memory.ts";
import type { DatasetLine } from "../contract.ts";
import { GIST_WORDS, writeGist } from "./near-gist.ts";

/**
 * Near-duplicates, in two steps. Lines of one gist (near-gist.ts) are the same to a person, and found by a key. Lines
 * that are worded a little differently have other gists: candidates for these are found by MinHash and LSH, and each
 * pair is then looked at word by word (near-reworded.ts). So a signature holds the gist and two halves, what was asked
 * and what was done, since the same long tool result under two questions is two examples. Each half keeps 14 least
 * hashes of its words, one byte each; the share of equal bytes estimates the share of common words (Jaccard). Every
 * word is hashed twice and not 14 times: each hash also chooses one of seven places (one-permutation hashing), and a
 * place that no word fell into takes what a neighbour of its hash holds.
 */
const HALF = 14;
/** Share of the words of question and answer that a rewording keeps, from which it is a near-duplicate. */
export const NEAR_DUPLICATES = 0.85;
const HASHES = 2;
const PLACES = HALF / HASHES;
const GIST_BYTES = GIST_WORDS * 4;
/** Of these what a rewording has in common: what must be the same, and the system turns. */
const FIXED_BYTES = 8;
export const SIGNATURE_BYTES = GIST_BYTES + 2 * HALF;
/** Bands of two bytes from either half: examples of which both halves are 85 % alike meet in one with 99 %. */
const BANDS = 7;
/** Bytes of a half that may differ before a pair is looked at: an estimate by 14 is off by some 0.13. */
const MOST_DIFFERING = 7;

const multipliers = new Int32Array(HASHES);
const offsets = new Int32Array(HASHES);
for (let k = 0, state = 0x9e3779b9; k < HASHES; k++) {
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  multipliers[k] = state | 1;
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  offsets[k] = state;
}

const askedLeast = new Uint32Array(HALF);
const doneLeast = new Uint32Array(HALF);
const gist = new Uint32Array(GIST_WORDS);
const gistBytes = new Uint8Array(gist.buffer);

const NOTHING = 0xffffffff;

function take(piece: number, asked: boolean): void {
  const least = asked ? askedLeast : doneLeast;
  for (let k = 0; k < HASHES; k++) {
    let value = Math.imul(piece ^ (offsets[k] as number), multipliers[k] as number);
    value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
    value = (value ^ (value >>> 12)) >>> 0;
    // Mixed once more, so that the place says nothing about the value that is to be the least there.
    const place = k * PLACES + (((Math.imul(value, 0x297a2d39) >>> 16) * PLACES) >>> 16);
    if (value < (least[place] as number)) least[place] = value;
  }
}

/** The hash's next place that holds something, counted from a start that differs by place. */
function borrowed(least: Uint32Array, place: number): number {
  const first = place - (place % PLACES);
  for (let step = 1; step < PLACES; step++) {
    const held = least[
      first + ((place - first + step * (1 + (place % 2) * (PLACES - 2))) % PLACES)
    ] as number;
    if (held !== NOTHING) return held + step * 0x10001;
  }
  return 0;
}

function writeHalf(least: Uint32Array, out: Uint8Array, at: number): void {
  for (let k = 0; k < HALF; k++) {
    const held = least[k] as number;
    out[at + k] = Math.imul(held === NOTHING ? borrowed(least, k) : held, 0x9e3779b1) >>> 24;
  }
}

const sink = { take };

/** Writes the line's signature at an offset. @param system whether its system turns are part of it */
export function writeSignature(line: DatasetLine, out: Uint8Array, at: number, system = true): void {
  askedLeast.fill(NOTHING);
  doneLeast.fill(NOTHING);
  writeGist(line, gist, system, sink);
  for (let k = 0; k < GIST_BYTES; k++) out[at + k] = gistBytes[k] as number;
  writeHalf(askedLeast, out, at + GIST_BYTES);
  writeHalf(doneLeast, out, at + GIST_BYTES + HALF);
}

/**
 * Looks candidates for rewordings up: an open-addressing table from bands to the examples added. A place holds the
 * example and, in the bits above, a part of the band's hash: nearly all that only lie in the way are told by it alone.
 */
export class NearIndex {
  readonly #signatures: Uint8Array<ArrayBuffer>;
  readonly #slots: Int32Array<ArrayBuffer>;
  readonly #size: number;
  /** Of a place the bits that hold the example, plus one. */
  readonly #numbers: number;
  /** Looked at in one band at most: without the limit a text that half of all have would make the work quadratic. */
  static readonly MOST_LOOKS = 32;

  /** @param most how many examples will be added */
  constructor(signatures: Uint8Array<ArrayBuffer>, most: number) {
    // Not a power of two: doubling would cost a million examples 32 MB.
    const size = Math.max(64, Math.ceil(most * BANDS * 1.4));
    this.#signatures = signatures;
    this.#slots = new Int32Array(size);
    this.#size = size;
    this.#numbers = 2 ** Math.ceil(Math.log2(signatures.length / SIGNATURE_BYTES + 2)) - 1;
  }

  /** Examples added before that may be this one reworded, at most `most`. */
  like(example: number, most?: number): number[] {
    return this.likeBytes(this.#signatures, example * SIGNATURE_BYTES, most);
  }

  /** Examples added before that may be a rewording of the signature at an offset, at most `most`. */
  likeBytes(bytes: Uint8Array, at: number, most = MOST_CANDIDATES): number[] {
    const numbers = this.#numbers;
    let found: number[] = NONE;
    for (let band = 0; band < BANDS; band++) {
      const hash = bandHash(bytes, at, band);
      const part = partOf(hash, numbers);
      let looks = 0;
      for (let slot = this.#place(hash); looks < NearIndex.MOST_LOOKS; slot = this.#next(slot)) {
        const held = this.#slots[slot] as number;
        if (held === 0) break;
        if ((held & ~numbers) !== part) continue;
        looks++;
        const example = (held & numbers) - 1;
        if (found.includes(example) || !this.#isLike(example, bytes, at)) continue;
        if (found === NONE) found = [];
        if (found.push(example) === most) return found;
      }
    }
    return found;
  }

  add(example: number): void {
    const numbers = this.#numbers;
    for (let band = 0; band < BANDS; band++) {
      const hash = bandHash(this.#signatures, example * SIGNATURE_BYTES, band);
      const part = partOf(hash, numbers);
      let at = this.#place(hash);
      let looks = 0;
      for (; looks < NearIndex.MOST_LOOKS && this.#slots[at] !== 0; at = this.#next(at))
        if (((this.#slots[at] as number) & ~numbers) === part) looks++;
      if (looks < NearIndex.MOST_LOOKS) this.#slots[at] = part | (example + 1);
    }
  }

  /** Ends it, and gives back its memory and that of the signatures. */
  free(): void {
    freeMemory(this.#slots);
    freeMemory(this.#signatures);
  }

  /** What must be the same is; of the words most are in common. */
  #isLike(example: number, bytes: Uint8Array, at: number): boolean {
    const own = example * SIGNATURE_BYTES;
    const signatures = this.#signatures;
    for (let k = 0; k < FIXED_BYTES; k++) if (signatures[own + k] !== bytes[at + k]) return false;
    return (
      this.#isHalfLike(own + GIST_BYTES, bytes, at + GIST_BYTES) &&
      this.#isHalfLike(own + GIST_BYTES + HALF, bytes, at + GIST_BYTES + HALF)
    );
  }

  #isHalfLike(own: number, bytes: Uint8Array, at: number): boolean {
    const signatures = this.#signatures;
    let differing = 0;
    for (let k = 0; k < HALF; k++)
      if (signatures[own + k] !== bytes[at + k] && ++differing > MOST_DIFFERING) return false;
    return true;
  }

  #next(at: number): number {
    return at + 1 === this.#size ? 0 : at + 1;
  }

  #place(hash: number): number {
    return Math.floor((hash / 2 ** 32) * this.#size);
  }
}

const NONE: number[] = [];
/** More than this that are alike are no rewordings of one example, but share a template. */
const MOST_REWORDINGS = 4;
export const isTemplate = (alike: number): boolean => alike > MOST_REWORDINGS;
/** Candidates of one example that are looked for: itself, and enough to tell a template. */
const MOST_CANDIDATES = MOST_REWORDINGS + 2;

/** 32 bits, unsigned: two bytes of either half, and what must be the same. */
function bandHash(s: Uint8Array, signature: number, band: number): number {
  const at = signature + GIST_BYTES + band * 2;
  let key =
    ((s[at] ?? 0) << 24) | ((s[at + 1] ?? 0) << 16) | ((s[at + HALF] ?? 0) << 8) | (s[at + HALF + 1] ?? 0);
  key = Math.imul(key ^ (band * 0x9e3779b1), 0x85ebca6b);
  key = Math.imul(key ^ (key >>> 15) ^ word(s, signature) ^ word(s, signature + 4), 0xc2b2ae35);
  return (key ^ (key >>> 13)) >>> 0;
}

const word = (s: Uint8Array, at: number): number =>
  (s[at] ?? 0) | ((s[at + 1] ?? 0) << 8) | ((s[at + 2] ?? 0) << 16) | ((s[at + 3] ?? 0) << 24);

/** Other bits of a hash than those that choose its place, above those that hold numbers. */
const partOf = (hash: number, numbers: number): number => Math.imul(hash, 0x9e3779b1) & ~numbers;
