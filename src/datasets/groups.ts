import type { CandidateTable } from "./candidates.ts";
import { isPauseDue, letOthersRun } from "./pause.ts";

/**
 * Joins examples that share a session or an input: union-find over typed arrays, some 24 bytes an example. The root
 * of a group is its oldest member, so that a group keeps its name, and with it its side, as data grows. Its limit:
 * when a new example joins two groups that stood apart, the younger one takes the name of the older.
 */
export async function findGroups(table: CandidateTable): Promise<Int32Array> {
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
    if (isPauseDue(i)) await letOthersRun();
  }
  for (let i = 0; i < table.length; i++) parent[i] = root(i);
  return parent;
}

/** An open-addressing hash table from keys to the first example that has them; keys stay in the candidates' table. */
class KeySlots {
  readonly #table: CandidateTable;
  readonly #slots: Int32Array;
  readonly #mask: number;

  constructor(table: CandidateTable) {
    let size = 16;
    // Two keys an example, at most half full.
    while (size < table.length * 4) size *= 2;
    this.#table = table;
    this.#slots = new Int32Array(size);
    this.#mask = size - 1;
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

/** Marks all but one of each set of examples with equal content: the best rewarded stays, of equals the newest. */
export async function markDuplicates(table: CandidateTable, out: Uint8Array): Promise<number> {
  let size = 16;
  while (size < table.length * 2) size *= 2;
  const slots = new Int32Array(size);
  let dropped = 0;
  for (let i = 0; i < table.length; i++) {
    for (let at = table.contentWord(i) & (size - 1); ; at = (at + 1) & (size - 1)) {
      const held = slots[at] ?? 0;
      if (held === 0) {
        slots[at] = i + 1;
        break;
      }
      const other = held - 1;
      if (!table.sameContent(other, i)) continue;
      const better = table.score(i) >= table.score(other);
      out[better ? other : i] = 1;
      if (better) slots[at] = i + 1;
      dropped++;
      break;
    }
    if (isPauseDue(i)) await letOthersRun();
  }
  return dropped;
}

/** Scores lie in [-1, 1], and 2 stands for golden examples. */
const BUCKETS = 65_536;
const bucketOf = (score: number): number =>
  Math.min(BUCKETS - 1, Math.max(0, Math.floor(((2 - score) / 3) * (BUCKETS - 1))));

/**
 * Marks what is beyond the best `most`: by score, of equals the newest stay. Counting by score first leaves only one
 * bucket to be sorted.
 */
export async function markBeyondLimit(table: CandidateTable, out: Uint8Array, most: number): Promise<number> {
  const counts = new Uint32Array(BUCKETS);
  let alive = 0;
  for (let i = 0; i < table.length; i++) {
    if (out[i] === 0) {
      alive++;
      const bucket = bucketOf(table.score(i));
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    if (isPauseDue(i)) await letOthersRun();
  }
  if (alive <= most) return 0;
  let boundary = 0;
  let room = most;
  while (room >= (counts[boundary] ?? 0)) room -= counts[boundary++] ?? 0;
  const contested: number[] = [];
  for (let i = table.length - 1; i >= 0; i--) {
    if (out[i] === 0) {
      const bucket = bucketOf(table.score(i));
      if (bucket > boundary) out[i] = 1;
      else if (bucket === boundary) contested.push(i);
    }
    if (isPauseDue(i)) await letOthersRun();
  }
  // Newest first already; the sort is stable and leaves equal scores so.
  contested.sort((a, b) => table.score(b) - table.score(a));
  for (const index of contested.slice(room)) out[index] = 1;
  return alive - most;
}
