import type { CandidateTable } from "./candidates.ts";
import { SPLITS, type Split } from "./contract.ts";
import { findGroups, markBeyondLimit, markDuplicates } from "./groups.ts";
import { isPauseDue, letOthersRun } from "./pause.ts";
import { type SplitShares, Splitter } from "./split.ts";

/** What became of each candidate: out, or on which side. */
export const OUT = 0;
export const sideCode = (split: Split): number => SPLITS.indexOf(split) + 1;

export interface Merged {
  /** One code for each candidate: `OUT` or a side's. */
  readonly sides: Uint8Array;
  readonly counts: Readonly<Record<Split, number>>;
  readonly groups: Readonly<Record<Split, number>>;
  readonly largestGroup: number;
  readonly duplicates: number;
  readonly overLimit: number;
}

/**
 * Decides over all candidates at once: groups first (over everything, so that a duplicate still ties its sessions
 * together), then duplicates, then the limit, then the sides of the groups that are left.
 */
export async function merge(
  table: CandidateTable,
  options: SplitShares & { readonly maxExamples: number },
): Promise<Merged> {
  const group = await findGroups(table);
  const out = new Uint8Array(table.length);
  const duplicates = await markDuplicates(table, out);
  const overLimit = await markBeyondLimit(table, out, options.maxExamples);

  const sizes = new Int32Array(table.length);
  for (let i = 0; i < table.length; i++) {
    const root = group[i] ?? i;
    if (out[i] === 0) sizes[root] = (sizes[root] ?? 0) + 1;
    if (isPauseDue(i)) await letOthersRun();
  }
  const splitter = new Splitter(options);
  const sideOfRoot = new Uint8Array(table.length);
  const groups: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  let largestGroup = 0;
  for (let root = 0; root < table.length; root++) {
    const size = sizes[root] ?? 0;
    if (size > 0) {
      const side = splitter.place(table.ownKey(root), root);
      sideOfRoot[root] = sideCode(side);
      groups[side]++;
      largestGroup = Math.max(largestGroup, size);
    }
    // Two keyed hashes a group: pause four times as often.
    if (isPauseDue(root * 4 + 3)) await letOthersRun();
  }
  for (const move of splitter.moves()) {
    const from = SPLITS[(sideOfRoot[move.group] ?? 1) - 1];
    if (from !== undefined) groups[from]--;
    groups[move.to]++;
    sideOfRoot[move.group] = sideCode(move.to);
  }

  const sides = new Uint8Array(table.length);
  const counts: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  for (let i = 0; i < table.length; i++) {
    if (out[i] === 0) {
      const code = sideOfRoot[group[i] ?? i] ?? 0;
      sides[i] = code;
      const side = SPLITS[code - 1];
      if (side !== undefined) counts[side]++;
    }
    if (isPauseDue(i)) await letOthersRun();
  }
  return { sides, counts, groups, largestGroup, duplicates, overLimit };
}
