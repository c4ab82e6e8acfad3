import { type Candidates, KEYS } from "../shards/candidates.ts";
import { KeyTable, MOST_KEYS, rangesOf } from "./key-table.ts";
import { type Merged, OUT, sideCode, sideOfCode } from "./merge.ts";
import type { ReservedKeys } from "./reserved.ts";

/**
 * Independent looks at what the split promises, over what was decided: all of them find 0, unless something is wrong.
 * What is held out is held in memory, some at a time, and training examples are looked up as they are read.
 */
type Decided = Pick<Merged, "sides" | "sideCounts">;

const TRAIN = sideCode("train");

/** Sessions and inputs, and contents, of what stands on a side that stand on another one too. */
export async function keysAcross(
  candidates: Candidates,
  { sides, sideCounts }: Decided,
  most = MOST_KEYS / 2,
): Promise<{ groups: number; contents: number }> {
  const held = sideCounts.validation + sideCounts.test;
  const shared = { session: 0, input: 0, content: 0 };
  if (held === 0) return { groups: 0, contents: 0 };
  const { ranges, of } = rangesOf(held, most);
  for (let range = 0; range < ranges; range++) {
    const kinds = (["session", "input", "content"] as const).map((name) => {
      const key = KEYS[name];
      return { name, key, last: key.words - 1, table: new KeyTable(key.words, Math.ceil(held / ranges)) };
    });
    for (const isHeld of [true, false])
      for await (const page of candidates.pages())
        for (let k = 0; k < page.length; k++) {
          const side = sides[page.from + k] as number;
          if (side === OUT || (side !== TRAIN) !== isHeld) continue;
          for (const { name, key, last, table } of kinds) {
            const at = page.wordOf(k, key);
            if (ranges > 1 && of(page.words[at + last] as number) !== range) continue;
            if (name === "session" && !page.hasSession(k)) continue;
            const other = isHeld ? table.put(page.words, at, side) : table.get(page.words, at);
            if (other !== -1 && other !== side) shared[name]++;
          }
        }
    for (const { table } of kinds) table.free();
  }
  return { groups: shared.session + shared.input, contents: shared.content };
}

/** Training examples of which one that is held out says the same, under whatever prompt. */
export async function nearOverlap(
  candidates: Candidates,
  { sides, sideCounts }: Decided,
  threshold: number,
  most = MOST_KEYS / 2,
): Promise<number> {
  let near = 0;
  const held = sideCounts.validation + sideCounts.test;
  if (held === 0 || threshold >= 1) return 0;
  const { ranges, of } = rangesOf(held, most);
  const { words } = KEYS.gist;
  for (let range = 0; range < ranges; range++) {
    const table = new KeyTable(words, Math.ceil(held / ranges));
    for (const isHeld of [true, false])
      for await (const page of candidates.pages())
        for (let k = 0; k < page.length; k++) {
          const side = sides[page.from + k] as number;
          if (side === OUT || (side !== TRAIN) !== isHeld) continue;
          const at = page.wordOf(k, KEYS.gist);
          if (ranges > 1 && of(page.words[at + words - 1] as number) !== range) continue;
          if (isHeld) table.put(page.words, at, side);
          else if (table.get(page.words, at) !== -1) near++;
        }
    table.free();
  }
  return near;
}

/** Examples of earlier test sides that are trained on or validated with. */
export async function reservedAmong(
  candidates: Candidates,
  { sides }: Decided,
  reserved: ReservedKeys | undefined,
): Promise<number> {
  if (reserved === undefined) return 0;
  let found = 0;
  for await (const page of candidates.pages())
    for (let k = 0; k < page.length; k++) {
      const side = sideOfCode(sides[page.from + k] ?? OUT);
      if (side !== undefined && side !== "test" && reserved.holds(page, k)) found++;
    }
  return found;
}
