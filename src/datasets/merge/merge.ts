import { freeMemory } from "../common/free-memory.ts";
import { isPauseDue, letOthersRun } from "../common/let-others-run.ts";
import { Stopwatch } from "../common/stopwatch.ts";
import { SPLITS, type Split } from "../contract.ts";
import type { Candidates } from "../shards/candidates.ts";
import { findGroups } from "./groups.ts";
import { type ReservedKeys, reservedRoots } from "./reserved.ts";
import { type Fate, fateCode, type Selected, type SelectOptions, select } from "./select.ts";
import { type SplitShares, Splitter } from "./split.ts";

/** What became of each candidate: out, or on which side. */
export const OUT = 0;
export const sideCode = (split: Split): number => SPLITS.indexOf(split) + 1;
export const sideOfCode = (code: number): Split | undefined => SPLITS[code - 1];

export interface MergeOptions extends SplitShares, SelectOptions {
  /** Milliseconds: groups that begin at or after it are test groups, and nothing after it is trained on. */
  readonly testAfter?: number | undefined;
  /** Sessions and inputs of earlier test sides: they are tested with here, too, or left out. */
  readonly reserved?: ReservedKeys | undefined;
}

export interface Merged extends Selected {
  /** One code for each candidate: `OUT` or a side's. */
  readonly sides: Uint8Array;
  readonly sideCounts: Readonly<Record<Split, number>>;
  readonly groups: Readonly<Record<Split, number>>;
  readonly largestGroup: number;
  /** Each candidate's group, by its oldest member. */
  readonly group: Int32Array<ArrayBuffer>;
}

/**
 * Decides over all candidates at once: what stays; then the groups (over everything, so that a duplicate still ties
 * its sessions together); then the sides of the groups that are left.
 */
export async function merge(
  candidates: Candidates,
  options: MergeOptions,
  stages = new Stopwatch(),
): Promise<Merged> {
  const selected = await stages.wait("select", () => select(candidates, options));
  return await stages.wait("sides", () => placed(candidates, selected, options));
}

async function placed(candidates: Candidates, selected: Selected, options: MergeOptions): Promise<Merged> {
  const { fates, leaders } = selected;
  const counts = { ...selected.counts };
  // Equal ones share their input, and so their group, anyway.
  const near = fateCode("near_duplicate");
  const group = await findGroups(candidates, (i) => (fates[i] === near ? (leaders[i] as number) : -1));
  const late = await lateRoots(candidates, group, options.testAfter, (i) => {
    // A group keeps the side it began with; what it goes on with after the cut is neither trained on nor tested.
    if (fates[i] === 0) leave(fates, counts, i, "straddles_cut");
  });
  const held = await reservedRoots(candidates, group, options.reserved);
  if (held !== undefined && options.testSplit === 0)
    for (let i = 0; i < group.length; i++) {
      const root = group[i] as number;
      if (fates[i] === 0 && held[root] !== 0 && late?.[root] !== 1)
        leave(fates, counts, i, "reserved_for_test");
    }

  const sizes = new Int32Array(candidates.length);
  for (let i = 0; i < sizes.length; i++) {
    const root = group[i] as number;
    if (fates[i] === 0) sizes[root] = (sizes[root] as number) + 1;
    if (isPauseDue(i)) await letOthersRun();
  }
  const { sideOfRoot, ...groups } = await placeGroups(candidates, sizes, options, held, late);
  freeMemory(sizes);

  const sides = new Uint8Array(candidates.length);
  const sideCounts: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  for (let i = 0; i < sides.length; i++) {
    if (fates[i] === 0) {
      const code = sideOfRoot[group[i] as number] as number;
      sides[i] = code;
      const side = sideOfCode(code);
      if (side !== undefined) sideCounts[side]++;
    }
    if (isPauseDue(i)) await letOthersRun();
  }
  return { ...selected, ...groups, counts, sides, sideCounts, group };
}

function leave(fates: Uint8Array, counts: Record<Fate, number>, example: number, fate: Fate): void {
  fates[example] = fateCode(fate);
  counts[fate]++;
  counts.kept--;
}

/**
 * Marks the groups that begin at or after the cut, by their roots, and calls back with each example after it of a group
 * that began before.
 */
async function lateRoots(
  candidates: Candidates,
  group: Int32Array,
  cut: number | undefined,
  straddles: (example: number) => void,
): Promise<Uint8Array | undefined> {
  if (cut === undefined) return undefined;
  const late = new Uint8Array(candidates.length);
  for await (const page of candidates.pages())
    for (let k = 0; k < page.length; k++) {
      if (page.at(k) < cut) continue;
      const example = page.from + k;
      // The root is the oldest, and was met before.
      const root = group[example] as number;
      if (root === example) late[root] = 1;
      if (late[root] !== 1) straddles(example);
    }
  return late;
}

async function placeGroups(
  candidates: Candidates,
  sizes: Int32Array,
  options: MergeOptions,
  held: Uint8Array | undefined,
  late: Uint8Array | undefined,
) {
  const splitter = new Splitter(options);
  const sideOfRoot = new Uint8Array(candidates.length);
  const groups: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  let largestGroup = 0;
  for await (const page of candidates.pages())
    for (let k = 0; k < page.length; k++) {
      const root = page.from + k;
      const size = sizes[root] as number;
      if (size === 0) continue;
      const isHeld = held !== undefined && held[root] !== 0;
      if (isHeld) splitter.fix("test");
      const side = late?.[root] === 1 || isHeld ? "test" : splitter.place(page.ownKey(k), root, size);
      sideOfRoot[root] = sideCode(side);
      groups[side]++;
      largestGroup = Math.max(largestGroup, size);
    }
  for (const move of splitter.moves()) {
    const from = sideOfCode(sideOfRoot[move.group] ?? 1);
    if (from !== undefined) groups[from]--;
    groups[move.to]++;
    sideOfRoot[move.group] = sideCode(move.to);
  }
  return { sideOfRoot, groups, largestGroup };
}
