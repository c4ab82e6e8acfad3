import type { CandidateTable } from "./candidates.ts";
import { free } from "./free.ts";
import { NearIndex, SIGNATURE_BYTES } from "./near.ts";
import { isPauseDue, letOthersRun } from "./pause.ts";

/** What became of a candidate before the split. */
export const FATES = [
  "kept",
  "duplicate",
  "near_duplicate",
  "over_cap",
  "over_limit",
  "straddles_cut",
  "reserved_for_test",
] as const;
export type Fate = (typeof FATES)[number];
export const fateCode = (fate: Fate): number => FATES.indexOf(fate);

export interface SelectOptions {
  readonly maxExamples: number;
  /** Share of common pieces from which two examples are near-duplicates; 1 and above: only exact ones are. */
  readonly nearDuplicates: number;
  /** Most examples of one stratum. */
  readonly cap?: number | undefined;
  /** Examples of each tool that the limit does not touch. */
  readonly minPerTool?: number | undefined;
}

export interface Selected {
  /** One fate's code for each candidate. */
  readonly fates: Uint8Array;
  /** For duplicates and near-duplicates the one that stays in their place; else -1. */
  readonly leaders: Int32Array;
  readonly counts: Readonly<Record<Fate, number>>;
  /** Members of the largest cluster of (near-)duplicates, the one that stays included. */
  readonly largestCluster: number;
  readonly clusters: number;
}

type VisitSignature = (candidate: number, bytes: Uint8Array, at: number) => void;

/**
 * The candidates of a build, read when a step wants them and given back after it: no step wants all of them at once,
 * and together they would take twice the memory.
 */
export interface Candidates {
  readonly length: number;
  /** A table of the caller's own. */
  table(): Promise<CandidateTable>;
  /** Calls back with the near-duplicate signature of each, in order; it lies in the buffer during the call alone. */
  eachSignature(visit: VisitSignature): Promise<void>;
}

/**
 * Walks the candidates from the best rewarded down, of equals the newest first, and keeps what is not yet there: of
 * equal and of nearly equal ones the best stays, caps and the limit take the rest. What is kept has no near pair, so
 * that no split of it can leak by likeness.
 */
export async function select(candidates: Candidates, options: SelectOptions): Promise<Selected> {
  const { length } = candidates;
  const fates = new Uint8Array(length);
  const leaders = new Int32Array(length).fill(-1);
  const counts: Record<Fate, number> = {
    kept: 0,
    duplicate: 0,
    near_duplicate: 0,
    over_cap: 0,
    over_limit: 0,
    straddles_cut: 0,
    reserved_for_test: 0,
  };
  const sizes = new Map<number, number>();
  let largestCluster = 0;
  const set = (index: number, fate: Fate, leader = -1) => {
    fates[index] = fateCode(fate);
    leaders[index] = leader;
    counts[fate]++;
    if (leader < 0) return;
    const size = (sizes.get(leader) ?? 1) + 1;
    sizes.set(leader, size);
    largestCluster = Math.max(largestCluster, size);
  };

  const table = await candidates.table();
  const order = await orderByScore(table);
  const known = new ContentSlots(table);
  for (let step = 0; step < order.length; step++) {
    if (isPauseDue(step)) await letOthersRun();
    const index = order[step] ?? 0;
    const equal = known.firstWith(index);
    if (equal !== index) set(index, "duplicate", equal);
  }
  known.free();
  const strata = new Strata(table, options.cap);
  table.free();

  const near = await nearIndexOf(candidates, length - counts.duplicate, options.nearDuplicates);
  for (let step = 0; step < order.length; step++) {
    if (isPauseDue(step * 4 + 3)) await letOthersRun();
    const index = order[step] ?? 0;
    if (leaders[index] !== -1) continue;
    const alike = near?.find(index) ?? -1;
    if (alike >= 0) {
      set(index, "near_duplicate", alike);
      continue;
    }
    near?.add(index);
    set(index, strata.take(index) ? "kept" : "over_cap");
  }
  near?.free();
  if (counts.kept > options.maxExamples) {
    const tools = await candidates.table();
    limit(tools, order, fates, counts, options);
    tools.free();
  }
  free(order);
  return { fates, leaders, counts, largestCluster, clusters: sizes.size };
}

/** Takes so many examples of each stratum, and of none as many as there are. */
class Strata {
  readonly #of: Uint32Array | undefined;
  readonly #cap: number;
  readonly #held = new Map<number, number>();

  constructor(table: CandidateTable, cap: number | undefined) {
    this.#cap = cap ?? 0;
    if (cap === undefined) return;
    this.#of = new Uint32Array(table.length);
    for (let i = 0; i < table.length; i++) this.#of[i] = table.stratum(i);
  }

  take(example: number): boolean {
    const stratum = this.#of?.[example] ?? 0;
    if (stratum === 0) return true;
    const held = this.#held.get(stratum) ?? 0;
    if (held >= this.#cap) return false;
    this.#held.set(stratum, held + 1);
    return true;
  }
}

/** @param most how many will be added */
async function nearIndexOf(
  candidates: Candidates,
  most: number,
  threshold: number,
): Promise<NearIndex | undefined> {
  if (threshold >= 1) return undefined;
  const signatures = new Uint8Array(candidates.length * SIGNATURE_BYTES);
  await candidates.eachSignature((example, bytes, at) =>
    copySignature(bytes, at, signatures, example * SIGNATURE_BYTES),
  );
  return new NearIndex(signatures, most, threshold);
}

function copySignature(from: Uint8Array, at: number, to: Uint8Array, place: number): void {
  for (let k = 0; k < SIGNATURE_BYTES; k++) to[place + k] = from[at + k] as number;
}

/** Leaves the best, but first as many of each tool as were promised. */
function limit(
  table: CandidateTable,
  order: Uint32Array,
  fates: Uint8Array,
  counts: Record<Fate, number>,
  { maxExamples, minPerTool = 0 }: SelectOptions,
): void {
  const promised = new Set<number>();
  const tools = new Map<number, number>();
  if (minPerTool > 0)
    for (const index of order) {
      const tool = table.tool(index);
      const held = tools.get(tool) ?? 0;
      if (fates[index] !== 0 || tool === 0 || held >= minPerTool || promised.size >= maxExamples) continue;
      tools.set(tool, held + 1);
      promised.add(index);
    }
  let room = maxExamples - promised.size;
  for (const index of order) {
    if (fates[index] !== 0 || promised.has(index)) continue;
    if (room-- > 0) continue;
    fates[index] = fateCode("over_limit");
    counts.over_limit++;
    counts.kept--;
  }
}

/** Scores lie in [-1, 1], and 2 stands for golden examples. */
const BUCKETS = 65_536;
const bucketOf = (score: number): number =>
  Math.min(BUCKETS - 1, Math.max(0, Math.floor(((2 - score) / 3) * (BUCKETS - 1))));

/** All candidates by score, of equals the newest first: counted into buckets, then each bucket sorted. */
export async function orderByScore(table: CandidateTable): Promise<Uint32Array<ArrayBuffer>> {
  const starts = new Uint32Array(BUCKETS + 1);
  for (let i = 0; i < table.length; i++) {
    const bucket = bucketOf(table.score(i)) + 1;
    starts[bucket] = (starts[bucket] ?? 0) + 1;
    if (isPauseDue(i)) await letOthersRun();
  }
  for (let bucket = 1; bucket <= BUCKETS; bucket++)
    starts[bucket] = (starts[bucket] ?? 0) + (starts[bucket - 1] ?? 0);
  const next = starts.slice();
  const order = new Uint32Array(table.length);
  for (let i = table.length - 1; i >= 0; i--) {
    const bucket = bucketOf(table.score(i));
    order[next[bucket] ?? 0] = i;
    next[bucket] = (next[bucket] ?? 0) + 1;
    if (isPauseDue(i)) await letOthersRun();
  }
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const from = starts[bucket] ?? 0;
    const to = starts[bucket + 1] ?? 0;
    const members = order.subarray(from, to);
    const first = table.score(members[0] ?? 0);
    // Nearly always all of a bucket have one score, and stand in order already.
    if (members.every((index) => table.score(index) === first)) continue;
    members.sort((a, b) => table.score(b) - table.score(a) || b - a);
    await letOthersRun();
  }
  return order;
}

/** An open-addressing table from contents to the first example that has them. */
class ContentSlots {
  readonly #table: CandidateTable;
  readonly #slots: Int32Array<ArrayBuffer>;

  constructor(table: CandidateTable) {
    let size = 16;
    while (size < table.length * 1.5) size *= 2;
    this.#table = table;
    this.#slots = new Int32Array(size);
  }

  free(): void {
    free(this.#slots);
  }

  firstWith(index: number): number {
    const mask = this.#slots.length - 1;
    for (let at = this.#table.contentWord(index) & mask; ; at = (at + 1) & mask) {
      const held = this.#slots[at] ?? 0;
      if (held === 0) {
        this.#slots[at] = index + 1;
        return index;
      }
      if (this.#table.sameContent(held - 1, index)) return held - 1;
    }
  }
}

/**
 * Near pairs that stand on different sides: 0, unless something above is wrong. What is held out is held in memory, and
 * training examples are looked up as they are read.
 */
export async function nearOverlap(
  { eachSignature }: Pick<Candidates, "eachSignature">,
  sides: Uint8Array,
  train: number,
  threshold: number,
): Promise<number> {
  if (threshold >= 1) return 0;
  let held = 0;
  for (const side of sides) if (side !== 0 && side !== train) held++;
  if (held === 0) return 0;
  const signatures = new Uint8Array(held * SIGNATURE_BYTES);
  const index = new NearIndex(signatures, held, threshold);
  let used = 0;
  await eachSignature((example, bytes, at) => {
    if (sides[example] === 0 || sides[example] === train) return;
    copySignature(bytes, at, signatures, used * SIGNATURE_BYTES);
    index.add(used++);
  });
  let pairs = 0;
  await eachSignature((example, bytes, at) => {
    if (sides[example] === train && index.findLike(bytes, at) >= 0) pairs++;
  });
  index.free();
  return pairs;
}
