import { NearIndex, SIGNATURE_BYTES } from "../line/near.ts";
import { type Candidates, KEYS } from "../shards/candidates.ts";
import { KeyTable, MOST_KEYS, rangesOf } from "./key-table.ts";
import { type Merged, OUT, sideCode, sideOfCode } from "./merge.ts";
import type { ReservedKeys } from "./reserved.ts";
import { copySignature, MOST_SIGNATURES } from "./select.ts";

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

/** Training examples that are near to one that is held out. */
export async function nearOverlap(
  candidates: Candidates,
  { sides, sideCounts }: Decided,
  threshold: number,
  most = MOST_SIGNATURES,
): Promise<number> {
  const held = sideCounts.validation + sideCounts.test;
  if (threshold >= 1) return 0;
  // As few as something is wrong with.
  const found = new Set<number>();
  for (let from = 0; from < held; from += most) {
    const size = Math.min(most, held - from);
    const signatures = new Uint8Array(size * SIGNATURE_BYTES);
    const index = new NearIndex(signatures, size, threshold);
    let seen = 0;
    for await (const page of candidates.pages())
      for (let k = 0; k < page.length; k++) {
        const side = sides[page.from + k] as number;
        if (side === OUT || side === TRAIN) continue;
        const place = seen++ - from;
        if (place < 0 || place >= size) continue;
        copySignature(page, k, signatures, place);
        index.add(place);
      }
    for await (const page of candidates.pages())
      for (let k = 0; k < page.length; k++) {
        if (sides[page.from + k] !== TRAIN) continue;
        if (index.findLike(page.bytes, page.signatureAt(k)) >= 0) found.add(page.from + k);
      }
    index.free();
  }
  return found.size;
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
