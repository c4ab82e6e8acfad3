import { freeMemory } from "../common/free-memory.ts";
import type { Candidates, Key } from "../shards/candidates.ts";

/**
 * Keys held at once, in some 12 to 36 bytes each. Where there may be more, the candidates are read again for each range
 * of keys; they are hashes, which fill the ranges evenly.
 */
export const MOST_KEYS = 400_000;

/** An open-addressing table from keys of some words to the number that was first put there with each. */
export class KeyTable {
  readonly #width: number;
  #keys: Uint32Array<ArrayBuffer>;
  /** The numbers, plus one; 0: nothing. */
  #held: Int32Array<ArrayBuffer>;
  #mask: number;
  #size = 0;

  /** @param width words of a key @param expected how many keys: it grows when there are more */
  constructor(width: number, expected: number) {
    let places = 64;
    while (places < expected * 1.3) places *= 2;
    this.#width = width;
    this.#keys = new Uint32Array(places * width);
    this.#held = new Int32Array(places);
    this.#mask = places - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** The number that the key at `at` was first put with; it is this one, if none was. */
  put(words: Uint32Array, at: number, value: number): number {
    const place = this.#place(words, at);
    const held = this.#held[place] as number;
    if (held !== 0) return held - 1;
    for (let k = 0; k < this.#width; k++) this.#keys[place * this.#width + k] = words[at + k] as number;
    this.#held[place] = value + 1;
    if (++this.#size * 1.2 > this.#mask) this.#grow();
    return value;
  }

  /** The number that the key was put with, or -1. */
  get(words: Uint32Array, at: number): number {
    return (this.#held[this.#place(words, at)] as number) - 1;
  }

  free(): void {
    freeMemory(this.#keys);
    freeMemory(this.#held);
  }

  /** Where the key is, or would be. */
  #place(words: Uint32Array, at: number): number {
    const first = words[at] as number;
    for (let place = first & this.#mask; ; place = (place + 1) & this.#mask) {
      if (this.#held[place] === 0) return place;
      let k = 0;
      while (k < this.#width && this.#keys[place * this.#width + k] === words[at + k]) k++;
      if (k === this.#width) return place;
    }
  }

  #grow(): void {
    const [keys, held] = [this.#keys, this.#held];
    this.#keys = new Uint32Array(keys.length * 2);
    this.#held = new Int32Array(held.length * 2);
    this.#mask = this.#held.length - 1;
    this.#size = 0;
    for (let place = 0; place < held.length; place++)
      if (held[place] !== 0) this.put(keys, place * this.#width, (held[place] as number) - 1);
    freeMemory(keys);
    freeMemory(held);
  }
}

/** Into how many ranges keys are cut so that one holds `most`, and in which of them a key's last word puts it. */
export function rangesOf(keys: number, most: number) {
  const ranges = Math.max(1, Math.ceil(keys / most));
  return { ranges, of: (word: number): number => Math.floor((word / 2 ** 32) * ranges) };
}

/**
 * Calls back with each candidate that has the same key as an earlier one, and the first that has it. A session's key
 * of zeros is none.
 */
export async function eachRepeat(
  candidates: Candidates,
  key: Key,
  visit: (candidate: number, first: number) => void,
  most = MOST_KEYS,
): Promise<void> {
  const { ranges, of } = rangesOf(candidates.length, most);
  const last = key.words - 1;
  for (let range = 0; range < ranges; range++) {
    const table = new KeyTable(key.words, Math.ceil(candidates.length / ranges));
    for await (const page of candidates.pages())
      for (let k = 0; k < page.length; k++) {
        const at = page.wordOf(k, key);
        if (ranges > 1 && of(page.words[at + last] as number) !== range) continue;
        if (isNone(page.words, at, key)) continue;
        const candidate = page.from + k;
        const first = table.put(page.words, at, candidate);
        if (first !== candidate) visit(candidate, first);
      }
    table.free();
  }
}

function isNone(words: Uint32Array, at: number, key: Key): boolean {
  for (let k = 0; k < key.words; k++) if (words[at + k] !== 0) return false;
  return true;
}
