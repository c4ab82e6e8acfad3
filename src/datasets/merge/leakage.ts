import { isTemplate, NearIndex, SIGNATURE_BYTES } from "../line/near.ts";
import { type Candidates, KEYS } from "../shards/candidates.ts";
import type { LineTexts } from "../shards/line-texts.ts";
import { KeyTable, MOST_KEYS, rangesOf } from "./key-table.ts";
import { type Merged, OUT, sideCode, sideOfCode } from "./merge.ts";
import type { ReservedKeys } from "./reserved.ts";
import { copySignature, MOST_SIGNATURES, pairLooker } from "./reworded.ts";

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

export interface NearOptions {
  readonly threshold: number;
  /** Without it rewordings are not looked for. */
  readonly texts?: LineTexts | undefined;
}

/** Training examples that say the same as one that is held out, or are one reworded. */
export async function nearOverlap(
  candidates: Candidates,
  decided: Decided & { readonly templates?: Uint8Array | undefined },
  { threshold, texts }: NearOptions,
  most = MOST_SIGNATURES,
): Promise<number> {
  const { sides, sideCounts, templates } = decided;
  const held = sideCounts.validation + sideCounts.test;
  if (threshold >= 1) return 0;
  const near = await sameAcross(candidates, decided, most);
  if (texts === undefined) return near.size;
  const looker = pairLooker(texts, threshold);
  for (let from = 0; from < held; from += most) {
    const size = Math.min(most, held - from);
    const signatures = new Uint8Array(size * SIGNATURE_BYTES);
    const members = new Int32Array(size);
    const index = new NearIndex(signatures, size);
    let seen = 0;
    for await (const page of candidates.pages())
      for (let k = 0; k < page.length; k++) {
        const side = sides[page.from + k] as number;
        if (side === OUT || side === TRAIN) continue;
        const place = seen++ - from;
        if (place < 0 || place >= size) continue;
        members[place] = page.from + k;
        copySignature(page, k, signatures, place);
        index.add(place);
      }
    for await (const page of candidates.pages())
      for (let k = 0; k < page.length; k++) {
        const candidate = page.from + k;
        if (sides[candidate] !== TRAIN || near.has(candidate)) continue;
        // The words that a template is filled with tell its examples apart.
        if (templates?.[candidate] === 1) continue;
        const alike = index.likeBytes(page.bytes, page.signatureAt(k));
        if (alike.length === 0 || isTemplate(alike.length)) continue;
        const others = alike.map((place) => members[place] as number);
        const single = others.filter((other) => templates?.[other] !== 1);
        if ((await looker.find(candidate, single)) >= 0) near.add(candidate);
      }
    index.free();
  }
  return near.size;
}

/** Training examples of which one that is held out says the same, under whatever prompt. */
async function sameAcross(
  candidates: Candidates,
  { sides, sideCounts }: Decided,
  most: number,
): Promise<Set<number>> {
  const near = new Set<number>();
  const held = sideCounts.validation + sideCounts.test;
  if (held === 0) return near;
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
          else if (table.get(page.words, at) !== -1) near.add(page.from + k);
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
