import { freeMemory } from "../common/free-memory.ts";
import { isPauseDue, letOthersRun } from "../common/let-others-run.ts";
import { type Candidates, type Entries, KEYS, type Key } from "../shards/candidates.ts";
import { eachRepeat } from "./key-table.ts";

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
  /** 1: only exact ones are left out; less: those that say the same, too. */
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

/**
 * Walks the candidates from the best rewarded down, of equals the newest first, and keeps what is not yet there: of
 * equal and of nearly equal ones the best stays, caps and the limit take the rest. What is kept has no near pair, so
 * that no split of it can leak by likeness.
 */
export async function select(candidates: Candidates, options: SelectOptions): Promise<Selected> {
  const { length } = candidates;
  const fates = new Uint8Array(length);
  const counts: Record<Fate, number> = {
    kept: 0,
    duplicate: 0,
    near_duplicate: 0,
    over_cap: 0,
    over_limit: 0,
    straddles_cut: 0,
    reserved_for_test: 0,
  };
  const set = (index: number, fate: Fate) => {
    fates[index] = fateCode(fate);
    counts[fate]++;
  };
  const ranks = await ranksByScore(candidates);
  const leaders = await leadersOfEquals(candidates, ranks, KEYS.content);
  for (let i = 0; i < length; i++) if (leaders[i] !== -1) set(i, "duplicate");
  if (options.nearDuplicates < 1)
    await eachNear(candidates, ranks, leaders, (index, alike) => {
      leaders[index] = alike;
      set(index, "near_duplicate");
    });
  for (let i = 0; i < length; i++) leaders[i] = lastLeader(leaders, i);
  const order = inverted(ranks);
  const strata = await columnOf(candidates, options.cap !== undefined, (page, k) => page.stratum(k));
  const take = takingAtMost(options.cap ?? 0);
  for (let step = 0; step < length; step++) {
    if (isPauseDue(step)) await letOthersRun();
    const index = order[step] as number;
    if (leaders[index] === -1) set(index, take(strata?.[index] ?? 0) ? "kept" : "over_cap");
  }
  if (counts.kept > options.maxExamples) {
    const tools = await columnOf(candidates, (options.minPerTool ?? 0) > 0, (page, k) => page.tool(k));
    limit(tools, order, fates, counts, options);
  }
  freeMemory(order);
  return { fates, leaders, counts, ...(await clustersOf(leaders)) };
}

/** For each of several equal ones the best of them; for this one itself, and for all others, -1. */
async function leadersOfEquals(
  candidates: Candidates,
  ranks: Uint32Array,
  key: Key,
): Promise<Int32Array<ArrayBuffer>> {
  const leaders = new Int32Array(candidates.length).fill(-1);
  /** By the first of each content the best, plus one; 0: itself. */
  const best = new Int32Array(candidates.length);
  await eachRepeat(candidates, key, (index, first) => {
    leaders[index] = first;
    const held = (best[first] as number) === 0 ? first : (best[first] as number) - 1;
    if ((ranks[index] as number) < (ranks[held] as number)) best[first] = index + 1;
  });
  for (let i = 0; i < leaders.length; i++) {
    const first = leaders[i] === -1 ? i : (leaders[i] as number);
    const leader = (best[first] as number) === 0 ? first : (best[first] as number) - 1;
    leaders[i] = leader === i ? -1 : leader;
  }
  freeMemory(best);
  return leaders;
}

/** Calls back with each that says the same as a better one. */
async function eachNear(
  candidates: Candidates,
  ranks: Uint32Array,
  leaders: Int32Array,
  found: (index: number, alike: number) => void,
): Promise<void> {
  const same = await leadersOfEquals(candidates, ranks, KEYS.sameness);
  for (let i = 0; i < leaders.length; i++)
    if (leaders[i] === -1 && same[i] !== -1) found(i, same[i] as number);
  freeMemory(same);
}

/** The one that stays in the place of all that lead to it. */
function lastLeader(leaders: Int32Array, example: number): number {
  let leader = leaders[example] as number;
  while (leader >= 0 && (leaders[leader] as number) >= 0) leader = leaders[leader] as number;
  return leader;
}

/** Caps the examples of each stratum; those of no stratum (0) are not capped. */
function takingAtMost(cap: number): (stratum: number) => boolean {
  const held = new Map<number, number>();
  return (stratum) => {
    if (stratum === 0) return true;
    const taken = held.get(stratum) ?? 0;
    if (taken >= cap) return false;
    held.set(stratum, taken + 1);
    return true;
  };
}

/** One number of each candidate, where it is wanted. */
async function columnOf(
  candidates: Candidates,
  isWanted: boolean,
  read: (page: Entries, entry: number) => number,
): Promise<Uint32Array | undefined> {
  if (!isWanted) return undefined;
  const column = new Uint32Array(candidates.length);
  for await (const page of candidates.pages())
    for (let k = 0; k < page.length; k++) column[page.from + k] = read(page, k);
  return column;
}

/** Clusters of equal and nearly equal ones, and the members of the largest, its leader included. */
async function clustersOf(leaders: Int32Array): Promise<Pick<Selected, "clusters" | "largestCluster">> {
  const sizes = new Uint32Array(leaders.length);
  let clusters = 0;
  let largest = 0;
  for (let i = 0; i < leaders.length; i++) {
    if (isPauseDue(i)) await letOthersRun();
    const leader = leaders[i] as number;
    if (leader < 0) continue;
    const size = (sizes[leader] as number) + 1;
    sizes[leader] = size;
    if (size === 1) clusters++;
    largest = Math.max(largest, size);
  }
  freeMemory(sizes);
  return { clusters, largestCluster: clusters === 0 ? 0 : largest + 1 };
}

/** Leaves the best, but first as many of each tool as were promised. */
function limit(
  tools: Uint32Array | undefined,
  order: Uint32Array,
  fates: Uint8Array,
  counts: Record<Fate, number>,
  { maxExamples, minPerTool = 0 }: SelectOptions,
): void {
  const promised = new Uint8Array(tools === undefined ? 0 : order.length);
  const held = new Map<number, number>();
  let room = maxExamples;
  if (tools !== undefined)
    for (const index of order) {
      const tool = tools[index] as number;
      const of = held.get(tool) ?? 0;
      if (fates[index] !== 0 || tool === 0 || of >= minPerTool || room === 0) continue;
      held.set(tool, of + 1);
      promised[index] = 1;
      room--;
    }
  for (const index of order) {
    if (fates[index] !== 0 || promised[index] === 1) continue;
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

/**
 * For each candidate its place by score, from the best down, of equals the newest first: counted into buckets, then
 * each bucket sorted.
 */
async function ranksByScore(candidates: Candidates): Promise<Uint32Array<ArrayBuffer>> {
  const { length } = candidates;
  const scores = new Float64Array(length);
  const starts = new Uint32Array(BUCKETS + 1);
  for await (const page of candidates.pages())
    for (let k = 0; k < page.length; k++) {
      const score = page.score(k);
      scores[page.from + k] = score;
      const bucket = bucketOf(score) + 1;
      starts[bucket] = (starts[bucket] as number) + 1;
    }
  for (let bucket = 1; bucket <= BUCKETS; bucket++)
    starts[bucket] = (starts[bucket] as number) + (starts[bucket - 1] as number);
  const next = starts.slice();
  const order = new Uint32Array(length);
  for (let i = length - 1; i >= 0; i--) {
    const bucket = bucketOf(scores[i] as number);
    const place = next[bucket] as number;
    order[place] = i;
    next[bucket] = place + 1;
    if (isPauseDue(i)) await letOthersRun();
  }
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    if ((starts[bucket + 1] as number) - (starts[bucket] as number) < 2) continue;
    const members = order.subarray(starts[bucket], starts[bucket + 1]);
    const first = scores[members[0] ?? 0];
    // Nearly always all of a bucket have one score, and stand in order already.
    if (members.every((index) => scores[index] === first)) continue;
    members.sort((a, b) => (scores[b] as number) - (scores[a] as number) || b - a);
    await letOthersRun();
  }
  freeMemory(scores);
  return inverted(order);
}

/** From numbers in some order to the place of each, or back; what was given is freed. */
function inverted(order: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const places = new Uint32Array(order.length);
  for (let place = 0; place < order.length; place++) places[order[place] as number] = place;
  freeMemory(order);
  return places;
}
