import { freeMemory } from "../common/free-memory.ts";
import type { DatasetLine } from "../contract.ts";
import { contentText, inputLength, turnsOf } from "./normalise.ts";

/**
 * Near-duplicates by MinHash and LSH. A signature holds two halves, what was asked and what was done, since the same
 * long tool result under two questions is two examples. Each half keeps 24 least hashes of its three-word pieces, one
 * byte each; the share of equal bytes estimates the share of common pieces (Jaccard). Every piece is hashed four times
 * and not 24: each hash also chooses one of six places (one-permutation hashing), and a place that no piece fell into
 * takes what a neighbour of its hash holds.
 */
const HALF = 24;
/** From which likeness an example is a near-duplicate; by 24 hashes a half, 0.85 is told within some 0.07. */
export const NEAR_DUPLICATES = 0.85;
const HASHES = 4;
const PLACES = HALF / HASHES;
export const SIGNATURE_BYTES = 2 * HALF;
/** Bands of two bytes from either half: examples of which both halves are 87 % alike meet in one with 99.9 %. */
const BANDS = 8;
/** Texts of fewer words are near only to themselves: one other word in seven may be another question. */
const FEWEST_WORDS = 8;
const SHINGLE = 3;
/** Words that a half is judged by; the rest of a very long text does not change the verdict on its beginning. */
const MOST_WORDS = 20_000;

const multipliers = new Int32Array(HASHES);
const offsets = new Int32Array(HASHES);
for (let k = 0, state = 0x9e3779b9; k < HASHES; k++) {
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  multipliers[k] = state | 1;
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  offsets[k] = state;
}

const words = new Int32Array(MOST_WORDS);
const least = new Uint32Array(HALF);

/** Words of the texts as hashes: letters and digits, ASCII case apart. */
function readWords(texts: readonly string[]): number {
  let count = 0;
  for (const text of texts) {
    let hash = 0;
    for (let at = 0; at <= text.length; at++) {
      let code = at < text.length ? text.charCodeAt(at) : 32;
      if (code >= 65 && code <= 90) code += 32;
      if ((code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code >= 128) {
        hash = Math.imul((hash === 0 ? 0x811c9dc5 : hash) ^ code, 0x01000193);
        continue;
      }
      if (hash === 0) continue;
      if (count === MOST_WORDS) return count;
      words[count++] = hash;
      hash = 0;
    }
  }
  return count;
}

const NOTHING = 0xffffffff;

function take(piece: number): void {
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
function borrowed(place: number): number {
  const first = place - (place % PLACES);
  for (let step = 1; step < PLACES; step++) {
    const held = least[
      first + ((place - first + step * (1 + (place % 2) * (PLACES - 2))) % PLACES)
    ] as number;
    if (held !== NOTHING) return held + step * 0x10001;
  }
  return 0;
}

function half(texts: readonly string[], out: Uint8Array, at: number): void {
  const count = readWords(texts);
  least.fill(NOTHING);
  if (count < FEWEST_WORDS) {
    let whole = count;
    for (let i = 0; i < count; i++) whole = Math.imul(whole, 0x01000193) ^ (words[i] as number);
    take(whole);
  } else
    for (let i = 0; i + SHINGLE <= count; i++) {
      let piece = 0;
      for (let j = i; j < i + SHINGLE; j++)
        piece = Math.imul(piece ^ (words[j] as number), 0x5bd1e995) ^ (piece >>> 13);
      take(piece);
    }
  for (let k = 0; k < HALF; k++) {
    const held = least[k] as number;
    out[at + k] = Math.imul(held === NOTHING ? borrowed(k) : held, 0x9e3779b1) >>> 24;
  }
}

/** Writes the line's signature at an offset. */
export function writeSignature(line: DatasetLine, out: Uint8Array, at: number): void {
  const { messages, outputs } = turnsOf(line);
  const asked: string[] = [];
  const done: string[] = [];
  const cut = inputLength(messages);
  for (const [index, turn] of [...messages, ...outputs].entries()) {
    if (turn.role === "system" || turn.role === "developer") continue;
    const into = index < cut ? asked : done;
    const text = contentText(turn.content);
    if (text !== "") into.push(text);
    for (const call of turn.tool_calls ?? []) into.push(call.function.name, call.function.arguments);
  }
  if ("reference_answer" in line) done.push(String(line.reference_answer));
  half(asked, out, at);
  half(done, out, at + HALF);
}

/**
 * Looks examples up by likeness: an open-addressing table from bands to the examples added. A place holds the example
 * and, in the bits above, a part of the band's hash: nearly all that only lie in the way are told by it alone.
 */
export class NearIndex {
  readonly #signatures: Uint8Array<ArrayBuffer>;
  readonly #slots: Int32Array<ArrayBuffer>;
  readonly #size: number;
  readonly #mostDiffering: number;
  /** Of a place the bits that hold the example, plus one. */
  readonly #numbers: number;
  /** Looked at in one band at most: without the limit a text that half of all have would make the work quadratic. */
  static readonly MOST_LOOKS = 32;

  /** @param most how many examples will be added @param threshold share of common pieces in each half, 0 to 1 */
  constructor(signatures: Uint8Array<ArrayBuffer>, most: number, threshold: number) {
    // Not a power of two: doubling would cost a million examples 32 MB.
    const size = Math.max(64, Math.ceil(most * BANDS * 1.4));
    this.#signatures = signatures;
    this.#slots = new Int32Array(size);
    this.#size = size;
    this.#mostDiffering = HALF - Math.ceil(threshold * HALF);
    this.#numbers = 2 ** Math.ceil(Math.log2(signatures.length / SIGNATURE_BYTES + 2)) - 1;
  }

  /** An example added before that is near to this one, or -1. */
  find(example: number): number {
    return this.findLike(this.#signatures, example * SIGNATURE_BYTES);
  }

  /** An example added before that is near to the signature at an offset, or -1. */
  findLike(bytes: Uint8Array, at: number): number {
    const numbers = this.#numbers;
    for (let band = 0; band < BANDS; band++) {
      const hash = bandHash(bytes, at, band);
      const part = partOf(hash, numbers);
      let looks = 0;
      for (let slot = this.#place(hash); looks < NearIndex.MOST_LOOKS; slot = this.#next(slot)) {
        const held = this.#slots[slot] as number;
        if (held === 0) break;
        if ((held & ~numbers) !== part) continue;
        looks++;
        if (this.#isLike((held & numbers) - 1, bytes, at)) return (held & numbers) - 1;
      }
    }
    return -1;
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

  isNear(a: number, b: number): boolean {
    return this.#isLike(a, this.#signatures, b * SIGNATURE_BYTES);
  }

  #isLike(example: number, bytes: Uint8Array, at: number): boolean {
    const own = example * SIGNATURE_BYTES;
    return this.#isHalfLike(own, bytes, at) && this.#isHalfLike(own + HALF, bytes, at + HALF);
  }

  /** Most that meet in a band have little else in common: a few bytes tell. */
  #isHalfLike(own: number, bytes: Uint8Array, at: number): boolean {
    const signatures = this.#signatures;
    let differing = 0;
    for (let k = 0; k < HALF; k++)
      if (signatures[own + k] !== bytes[at + k] && ++differing > this.#mostDiffering) return false;
    return true;
  }

  #next(at: number): number {
    return at + 1 === this.#size ? 0 : at + 1;
  }

  #place(hash: number): number {
    return Math.floor((hash / 2 ** 32) * this.#size);
  }
}

/** 32 bits, unsigned. */
function bandHash(s: Uint8Array, signature: number, band: number): number {
  const at = signature + band * 2;
  let key =
    ((s[at] ?? 0) << 24) | ((s[at + 1] ?? 0) << 16) | ((s[at + HALF] ?? 0) << 8) | (s[at + HALF + 1] ?? 0);
  key = Math.imul(key ^ (band * 0x9e3779b1), 0x85ebca6b);
  key = Math.imul(key ^ (key >>> 15), 0xc2b2ae35);
  return (key ^ (key >>> 13)) >>> 0;
}

/** Other bits of a hash than those that choose its place, above those that hold numbers. */
const partOf = (hash: number, numbers: number): number => Math.imul(hash, 0x9e3779b1) & ~numbers;
