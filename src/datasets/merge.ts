import type { CandidateTable } from "./candidates.ts";
import { SPLITS, type Split } from "./contract.ts";
import { free } from "./free.ts";
import { findGroups } from "./groups.ts";
import { isPauseDue, letOthersRun } from "./pause.ts";
import { type ReservedKeys, reservedRoots } from "./reserved.ts";
import { type Candidates, fateCode, type Selected, type SelectOptions, select } from "./select.ts";
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
}

/**
 * Decides over all candidates at once: what stays; then the groups (over everything, so that a duplicate still ties
 * its sessions together); then the sides of the groups that are left.
 */
export async function merge(candidates: Candidates, options: MergeOptions): Promise<Merged> {
  const selected = await select(candidates, options);
  const table = await candidates.table();
  const { fates, leaders } = selected;
  // Equal ones share their input, and so their group, anyway.
  const near = fateCode("near_duplicate");
  const counts = { ...selected.counts };
  const group = await findGroups(table, (i) => (fates[i] === near ? (leaders[i] ?? -1) : -1));
  if (options.testAfter !== undefined)
    for (let i = 0; i < table.length; i++) {
      // A group keeps the side it began with; what it goes on with after the cut is neither trained on nor tested.
      const root = group[i] ?? i;
      if (fates[i] !== 0 || table.at(i) < options.testAfter || table.at(root) >= options.testAfter) continue;
      fates[i] = fateCode("straddles_cut");
      counts.straddles_cut++;
      counts.kept--;
    }
  const held = reservedRoots(table, group, options.reserved);
  if (held !== undefined && options.testSplit === 0)
    for (let i = 0; i < table.length; i++) {
      const root = group[i] ?? i;
      const late = options.testAfter !== undefined && table.at(root) >= options.testAfter;
      if (fates[i] !== 0 || held[root] === 0 || late) continue;
      fates[i] = fateCode("reserved_for_test");
      counts.reserved_for_test++;
      counts.kept--;
    }

  const sizes = new Int32Array(table.length);
  for (let i = 0; i < table.length; i++) {
    const root = group[i] ?? i;
    if (fates[i] === 0) sizes[root] = (sizes[root] ?? 0) + 1;
    if (isPauseDue(i)) await letOthersRun();
  }
  const placed = await placeGroups(table, sizes, options, held);

  const sides = new Uint8Array(table.length);
  const sideCounts: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  for (let i = 0; i < table.length; i++) {
    if (fates[i] === 0) {
      const code = placed.sideOfRoot[group[i] ?? i] ?? 0;
      sides[i] = code;
      const side = sideOfCode(code);
      if (side !== undefined) sideCounts[side]++;
    }
    if (isPauseDue(i)) await letOthersRun();
  }
  table.free();
  free(group);
  free(sizes);
  return { ...selected, counts, sides, sideCounts, groups: placed.groups, largestGroup: placed.largestGroup };
}

async function placeGroups(
  table: CandidateTable,
  sizes: Int32Array,
  options: MergeOptions,
  held: Uint8Array | undefined,
) {
  const { testAfter } = options;
  const splitter = new Splitter(options);
  const sideOfRoot = new Uint8Array(table.length);
  const groups: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  let largestGroup = 0;
  for (let root = 0; root < table.length; root++) {
    const size = sizes[root] ?? 0;
    if (size > 0) {
      const late = testAfter !== undefined && table.at(root) >= testAfter;
      const isHeld = held !== undefined && held[root] !== 0;
      if (isHeld) splitter.fix("test");
      const side = late || isHeld ? "test" : splitter.place(table.ownKey(root), root);
      sideOfRoot[root] = sideCode(side);
      groups[side]++;
      largestGroup = Math.max(largestGroup, size);
    }
    // Two keyed hashes a group: pause four times as often.
    if (isPauseDue(root * 4 + 3)) await letOthersRun();
  }
  for (const move of splitter.moves()) {
    const from = sideOfCode(sideOfRoot[move.group] ?? 1);
    if (from !== undefined) groups[from]--;
    groups[move.to]++;
    sideOfRoot[move.group] = sideCode(move.to);
  }
  return { sideOfRoot, groups, largestGroup };
}
