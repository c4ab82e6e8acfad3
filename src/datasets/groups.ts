import type { CandidateTable } from "./candidates.ts";
import { free } from "./free.ts";
import { isPauseDue, letOthersRun } from "./pause.ts";

/**
 * Joins examples that share a session or an input, and near-duplicates with the one they are near to: union-find over typed arrays, some 24 bytes an example. The root
 * of a group is its oldest member, so that a group keeps its name, and with it its side, as data grows. Its limit:
 * when a new example joins two groups that stood apart, the younger one takes the name of the older.
 */
export async function findGroups(
  table: CandidateTable,
  near: (example: number) => number = () => -1,
): Promise<Int32Array<ArrayBuffer>> {
  const parent = new Int32Array(table.length);
  for (let i = 0; i < parent.length; i++) parent[i] = i;
  const root = (of: number): number => {
    let at = of;
    for (;;) {
      const up = parent[at] ?? at;
      if (up === at) return at;
      const above = parent[up] ?? up;
      parent[at] = above;
      at = above;
    }
  };
  const union = (a: number, b: number): void => {
    const first = root(a);
    const second = root(b);
    parent[Math.max(first, second)] = Math.min(first, second);
  };

  const slots = new KeySlots(table);
  for (let i = 0; i < table.length; i++) {
    const sameInput = slots.firstWith(i, 1);
    if (sameInput !== i) union(sameInput, i);
    if (table.hasSession(i)) {
      const sameSession = slots.firstWith(i, 0);
      if (sameSession !== i) union(sameSession, i);
    }
    const alike = near(i);
    if (alike >= 0) union(alike, i);
    if (isPauseDue(i)) await letOthersRun();
  }
  slots.free();
  for (let i = 0; i < table.length; i++) parent[i] = root(i);
  return parent;
}

/** An open-addressing hash table from keys to the first example that has them; keys stay in the candidates' table. */
class KeySlots {
  readonly #table: CandidateTable;
  readonly #slots: Int32Array<ArrayBuffer>;
  readonly #mask: number;

  constructor(table: CandidateTable) {
    let size = 16;
    // Two keys an example, at most half full.
    while (size < table.length * 4) size *= 2;
    this.#table = table;
    this.#slots = new Int32Array(size);
    this.#mask = size - 1;
  }

  free(): void {
    free(this.#slots);
  }

  firstWith(example: number, which: 0 | 1): number {
    for (let at = this.#table.keyWord(example, which) & this.#mask; ; at = (at + 1) & this.#mask) {
      const held = this.#slots[at] ?? 0;
      if (held === 0) {
        this.#slots[at] = example * 2 + which + 1;
        return example;
      }
      const other = (held - 1) >> 1;
      const otherWhich = (held - 1) & 1;
      // A session's key and an input's key never mean the same, even if they were equal.
      if (otherWhich === which && this.#table.sameKey(other, otherWhich, example, which)) return other;
    }
  }
}

/** How many sessions and inputs of what stands on a side stand on another one too. */
export async function keysAcross(table: CandidateTable, sides: Uint8Array): Promise<number> {
  const slots = new KeySlots(table);
  let shared = 0;
  for (let i = 0; i < table.length; i++) {
    if (isPauseDue(i)) await letOthersRun();
    if (sides[i] === 0) continue;
    if (sides[slots.firstWith(i, 1)] !== sides[i]) shared++;
    if (table.hasSession(i) && sides[slots.firstWith(i, 0)] !== sides[i]) shared++;
  }
  slots.free();
  return shared;
}

/** For each example the first one that was asked the same. */
export async function firstAsked(table: CandidateTable): Promise<Int32Array> {
  const slots = new KeySlots(table);
  const first = new Int32Array(table.length);
  for (let i = 0; i < table.length; i++) {
    first[i] = slots.firstWith(i, 1);
    if (isPauseDue(i)) await letOthersRun();
  }
  slots.free();
  return first;
}
