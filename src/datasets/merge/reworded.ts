import { freeMemory } from "../common/free-memory.ts";
import { isPauseDue, letOthersRun } from "../common/let-others-run.ts";
import { isTemplate, NearIndex, SIGNATURE_BYTES } from "../line/near.ts";
import { isReworded } from "../line/near-reworded.ts";
import type { Candidates, Entries } from "../shards/candidates.ts";
import type { LineTexts } from "../shards/line-texts.ts";

/** Signatures held at once, with the table that finds them in some 87 bytes each. */
export const MOST_SIGNATURES = 250_000;
/** Pairs of a build that are read and compared word by word, at most: some 0.1 ms each. */
const MOST_PAIRS = 100_000;

export interface Rewordings {
  /** By the example that is another one reworded, that other one. */
  readonly of: ReadonlyMap<number, number>;
  /** Examples whose candidates were not looked at, since `MOST_PAIRS` had been. */
  readonly unlooked: number;
  /** 1: an example of a template. */
  readonly templates: Uint8Array;
}

/** Looks pairs up by their words, within a bound on how many. */
export function pairLooker(texts: LineTexts, share: number, most = MOST_PAIRS) {
  let looks = 0;
  let unlooked = 0;
  return {
    /** The first of the candidates that the example is a rewording of, or -1. */
    async find(example: number, among: readonly number[]): Promise<number> {
      if (among.length === 0) return -1;
      if (looks >= most) {
        unlooked++;
        return -1;
      }
      const own = await texts.words(example);
      for (const other of among) {
        looks++;
        if (isReworded(own, await texts.words(other), share)) return other;
      }
      return -1;
    },
    get unlooked() {
      return unlooked;
    },
  };
}

/**
 * Finds examples that are a better one reworded which is itself none, block by block of ranks: what the best hold is
 * looked up for all others before the next best are held. Each block reads the candidates twice. What is like many is
 * of a template, and the words that it is filled with tell its examples apart: none is another one reworded.
 * @param leaders -1: the example takes part
 */
export async function findRewordings(
  candidates: Candidates,
  ranks: Uint32Array,
  leaders: Int32Array,
  { share, texts, most }: { readonly share: number; readonly texts: LineTexts; readonly most: number },
): Promise<Rewordings> {
  const of = new Map<number, number>();
  const templates = new Uint8Array(candidates.length);
  const looker = pairLooker(texts, share);
  const isOut = (candidate: number) => leaders[candidate] !== -1 || of.has(candidate);
  for (let from = 0; from < candidates.length; from += most) {
    const size = Math.min(most, candidates.length - from);
    const signatures = new Uint8Array(size * SIGNATURE_BYTES);
    const members = new Int32Array(size).fill(-1);
    for await (const page of candidates.pages())
      for (let k = 0; k < page.length; k++) {
        const place = (ranks[page.from + k] as number) - from;
        if (place < 0 || place >= size || isOut(page.from + k)) continue;
        members[place] = page.from + k;
        copySignature(page, k, signatures, place);
      }
    const index = new NearIndex(signatures, size);
    for (let place = 0; place < size; place++) {
      if (isPauseDue(place)) await letOthersRun();
      if (members[place] !== -1) index.add(place);
    }
    const look = async (candidate: number, alike: readonly number[]) => {
      if (alike.length === 0) return;
      if (isTemplate(alike.length)) templates[candidate] = 1;
      if (templates[candidate] === 1) return;
      const better = alike
        .map((place) => members[place] as number)
        .filter((other) => (ranks[other] as number) < (ranks[candidate] as number) && !of.has(other));
      const found = await looker.find(candidate, better);
      if (found >= 0) of.set(candidate, found);
    };
    for (let place = 0; place < size; place++) {
      if (isPauseDue(place * 4 + 3)) await letOthersRun();
      const member = members[place] as number;
      if (member !== -1)
        await look(
          member,
          index.like(place).filter((other) => other !== place),
        );
    }
    if (from + size < candidates.length)
      for await (const page of candidates.pages())
        for (let k = 0; k < page.length; k++) {
          const candidate = page.from + k;
          if ((ranks[candidate] as number) < from + size || isOut(candidate)) continue;
          await look(candidate, index.likeBytes(page.bytes, page.signatureAt(k)));
        }
    index.free();
    freeMemory(members);
  }
  return { of, templates, unlooked: looker.unlooked };
}

export function copySignature(page: Entries, entry: number, to: Uint8Array, place: number): void {
  const { bytes } = page;
  const at = page.signatureAt(entry);
  for (let k = 0; k < SIGNATURE_BYTES; k++) to[place * SIGNATURE_BYTES + k] = bytes[at + k] as number;
}
