import type { DatasetLine } from "../contract.ts";
import { gistOf } from "./near.ts";

/**
 * Lines that others are looked up among: what a build's merge does over files, for as many as fit in memory (some 100
 * bytes each). System turns don't count here: the same request under another prompt is the same request.
 */
export class NearSet {
  readonly #byGist = new Map<string, number[]>();

  /** @param texts lines that were checked */
  constructor(texts: readonly string[]) {
    for (const [place, text] of texts.entries()) {
      const gist = gistOf(JSON.parse(text) as DatasetLine);
      const held = this.#byGist.get(gist);
      if (held === undefined) this.#byGist.set(gist, [place]);
      else held.push(place);
    }
  }

  /** Places of the lines that say the same. */
  find(line: DatasetLine): readonly number[] {
    return this.#byGist.get(gistOf(line)) ?? [];
  }
}

/** Lines held, of which those are counted that lines streaming by are near to. */
export function nearPairs(held: readonly string[]) {
  const near = new Set<number>();
  const set = new NearSet(held);
  return {
    add: (line: DatasetLine): void => {
      for (const place of set.find(line)) near.add(place);
    },
    places: (): ReadonlySet<number> => near,
    count: (): number => near.size,
  };
}
