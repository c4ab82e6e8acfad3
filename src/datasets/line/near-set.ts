import type { DatasetLine } from "../contract.ts";
import { isTemplate, NEAR_DUPLICATES, NearIndex, SIGNATURE_BYTES, writeSignature } from "./near.ts";
import { isReworded, type Worded, wordsOf } from "./near-reworded.ts";

/** What a line was found to be near to, by place. */
export interface NearFound {
  /** That say the same. */
  readonly same: readonly number[];
  /** Of each that says the same in other words the first; none where so many are alike that they share a template. */
  readonly reworded: readonly number[];
  /** What may be a rewording. */
  readonly alike: readonly number[];
  /** Equal for lines that say the same. */
  readonly gist: string;
}

/**
 * Lines that others are looked up among, all held: what a build's merge does over files, for as many as fit in memory
 * (their texts and some 100 bytes each). System turns don't count here: the same request under another prompt is the
 * same request.
 */
export class NearSet {
  readonly #texts: readonly string[];
  readonly #signatures: Uint8Array<ArrayBuffer>;
  readonly #index: NearIndex;
  readonly #words = new Map<number, Worded>();
  readonly #byGist = new Map<string, number[]>();
  readonly #probe = new Uint8Array(SIGNATURE_BYTES);

  /** @param texts lines that were checked */
  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.#signatures = new Uint8Array(texts.length * SIGNATURE_BYTES);
    this.#index = new NearIndex(this.#signatures, texts.length);
    for (let i = 0; i < texts.length; i++) {
      writeSignature(this.#line(i), this.#signatures, i * SIGNATURE_BYTES, false);
      const gist = gistAt(this.#signatures, i * SIGNATURE_BYTES);
      const held = this.#byGist.get(gist);
      if (held !== undefined) held.push(i);
      else {
        this.#byGist.set(gist, [i]);
        this.#index.add(i);
      }
    }
  }

  find(line: DatasetLine): NearFound {
    writeSignature(line, this.#probe, 0, false);
    const gist = gistAt(this.#probe, 0);
    const alike = this.#index
      .likeBytes(this.#probe, 0)
      .filter((one) => gistAt(this.#signatures, one * SIGNATURE_BYTES) !== gist);
    let own: Worded | undefined;
    const reworded = isTemplate(alike.length)
      ? []
      : alike.filter((one) => {
          own ??= wordsOf(line);
          return isReworded(own, this.#wordsOf(one), NEAR_DUPLICATES);
        });
    return { same: this.#byGist.get(gist) ?? [], reworded, alike, gist };
  }

  /** All that say the same as one of them, itself included. */
  sameAs(place: number): readonly number[] {
    return this.#byGist.get(gistAt(this.#signatures, place * SIGNATURE_BYTES)) ?? [];
  }

  #line(place: number): DatasetLine {
    return JSON.parse(this.#texts[place] as string) as DatasetLine;
  }

  #wordsOf(place: number): Worded {
    const held = this.#words.get(place) ?? wordsOf(this.#line(place));
    this.#words.set(place, held);
    const [oldest] = this.#words.keys();
    if (this.#words.size > KEPT && oldest !== undefined) this.#words.delete(oldest);
    return held;
  }
}

/** Lines held, of which those are counted that lines streaming by are near to. */
export function nearPairs(held: readonly string[]) {
  const near = new Set<number>();
  const reworded = new Set<number>();
  /** What differs and is alike, by gist: where it is much, all of it shares a template. */
  const alike = new Map<number, Set<string>>();
  const set = new NearSet(held);
  const places = (): Set<number> => {
    const all = new Set(near);
    for (const place of reworded)
      if (!isTemplate(alike.get(place)?.size ?? 0)) for (const one of set.sameAs(place)) all.add(one);
    return all;
  };
  return {
    add: (line: DatasetLine): void => {
      const found = set.find(line);
      for (const place of found.same) near.add(place);
      for (const place of found.reworded) reworded.add(place);
      for (const place of found.alike) {
        const known = alike.get(place) ?? new Set();
        if (!isTemplate(known.size)) known.add(found.gist);
        alike.set(place, known);
      }
    },
    places,
    count: (): number => places().size,
  };
}

/** Lines whose words are kept. */
const KEPT = 1000;

function gistAt(bytes: Uint8Array, at: number): string {
  let gist = "";
  for (let k = 8; k < 20; k += 2)
    gist += String.fromCharCode(((bytes[at + k] as number) << 8) | (bytes[at + k + 1] as number));
  return gist;
}
