import { DEFAULT_SPLIT_KEY } from "../../config/loop-settings.ts";
import { keyedFraction, keyedHash } from "../../kernel/hashing.ts";
import { SPLITS, type Split } from "../contract.ts";

export interface SplitShares {
  readonly splitKey: string;
  /** Share of the groups that are not test groups that go to training. */
  readonly trainSplit: number;
  /** Share of all groups that are reserved for testing. */
  readonly testSplit: number;
}

/**
 * Tells one key from another in a dataset's recipe without saying it: 48 bits of a keyed hash. Undefined for the default
 * key, so that recipes without one are as they were.
 */
export const splitKeyMark = (splitKey: string): string | undefined =>
  splitKey === DEFAULT_SPLIT_KEY ? undefined : keyedHash(splitKey, "split key").slice(0, 12);

interface Place {
  readonly side: Split;
  /** Position of the group on the test axis and on the train axis, each in [0, 1). */
  readonly test: number;
  readonly train: number;
}

/**
 * The side of a group, from its key alone: whatever else is in the dataset, today or next year, this group stays.
 * Test groups are taken first, on an axis of their own, so that changing `testSplit` moves nothing between training
 * and validation.
 */
export function sideOf(groupKey: string, shares: SplitShares): Place {
  const test = shares.testSplit > 0 ? keyedFraction(shares.splitKey, `test:${groupKey}`) : 1;
  const train = shares.trainSplit < 1 ? keyedFraction(shares.splitKey, `train:${groupKey}`) : 0;
  const side = test < shares.testSplit ? "test" : train < shares.trainSplit ? "train" : "validation";
  return { side, test, train };
}

/** Which sides must not be empty. A share of 1 is an explicit wish for nothing elsewhere. */
function needed(groups: number, shares: SplitShares): Split[] {
  if (shares.testSplit >= 1) return [];
  const wanted: Split[] = ["train"];
  if (shares.trainSplit < 1 && groups >= 2) wanted.push("validation");
  if (shares.testSplit > 0 && groups > wanted.length && groups >= 3) wanted.push("test");
  return wanted;
}

interface Nearest {
  readonly group: number;
  readonly key: string;
  readonly distance: number;
}

/** How many groups per side can ever be moved away: two sides may be empty. */
const SPARE = 2;

/** No training job starts with fewer examples. */
const TRAINABLE = 10;
/** Of fewer groups than this, chance may well leave too few on the training side. */
const SMALL = 30;

interface SmallGroup {
  readonly key: string;
  readonly group: number;
  readonly size: number;
  readonly train: number;
  side: Split;
}

/**
 * Places groups one at a time, in constant memory, and says at the end which few must move. The training side is never
 * empty, validation has a group when there are two, and test (if asked for) when there are three: an empty side takes,
 * from the side that has most groups, the one that lies nearest its boundary. Of fewer than 30 groups the training side
 * also takes validation groups, nearest first, until it has the ten examples that a job needs, where validation keeps
 * one. Only in these two cases does a side depend on other groups; as data grows such a group goes back to the side that
 * its key says, from training to validation. Nothing ever leaves or joins the test side for it.
 */
export class Splitter {
  readonly #shares: SplitShares;
  readonly #counts: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  /** `${from}>${to}`: the groups of `from` that lie nearest to `to`. */
  readonly #nearest = new Map<string, Nearest[]>();
  /** All groups that may move, while they are few. */
  readonly #small: SmallGroup[] = [];

  constructor(shares: SplitShares) {
    this.#shares = shares;
  }

  /** A group whose side was decided elsewhere counts as there, and is never moved. */
  fix(side: Split): void {
    this.#counts[side]++;
  }

  /** @param size examples of the group */
  place(key: string, group: number, size = 1): Split {
    const place = sideOf(key, this.#shares);
    this.#counts[place.side]++;
    if (this.#small.length < SMALL)
      this.#small.push({ key, group, size, train: place.train, side: place.side });
    for (const to of SPLITS) if (to !== place.side) this.#remember(place, to, { group, key });
    return place.side;
  }

  moves(): { group: number; to: Split }[] {
    const counts = { ...this.#counts };
    const moved = new Set<number>();
    const moves: { group: number; to: Split }[] = [];
    const wanted = needed(counts.train + counts.validation + counts.test, this.#shares);
    for (const to of wanted) {
      if (counts[to] > 0) continue;
      const from = richest(counts, wanted);
      const choice = this.#nearest.get(`${from}>${to}`)?.find(({ group }) => !moved.has(group));
      if (choice === undefined) continue;
      moved.add(choice.group);
      moves.push({ group: choice.group, to });
      counts[from]--;
      counts[to]++;
    }
    return [...moves, ...this.#toTrainable(moves)];
  }

  /** What the training side of a small set still needs, from validation, which keeps a group. */
  #toTrainable(moves: readonly { group: number; to: Split }[]): { group: number; to: "train" }[] {
    if (this.#small.length >= SMALL) return [];
    const groups = this.#small.map((one) => ({
      ...one,
      side: moves.find(({ group }) => group === one.group)?.to ?? one.side,
    }));
    const examples = (all: readonly SmallGroup[]) => all.reduce((sum, { size }) => sum + size, 0);
    const held = examples(groups.filter(({ side }) => side === "train"));
    const spare = groups
      .filter(({ side }) => side === "validation")
      .toSorted((a, b) => a.train - b.train || (a.key < b.key ? -1 : 1));
    // The one that lies deepest in validation stays there, unless the rest without it would be too few.
    const stays = spare.findLast(({ size }) => held + examples(spare) - size >= TRAINABLE);
    if (held >= TRAINABLE || stays === undefined) return [];
    let count = held;
    const taken: { group: number; to: "train" }[] = [];
    for (const one of spare) {
      if (count >= TRAINABLE) break;
      if (one === stays) continue;
      taken.push({ group: one.group, to: "train" });
      count += one.size;
    }
    return taken;
  }

  #remember(place: Place, to: Split, group: { group: number; key: string }): void {
    const { testSplit, trainSplit } = this.#shares;
    const distance =
      place.side === "test" || to === "test"
        ? Math.abs(place.test - testSplit)
        : Math.abs(place.train - trainSplit);
    const name = `${place.side}>${to}`;
    const list = this.#nearest.get(name) ?? [];
    const last = list.at(-1);
    if (list.length >= SPARE && last !== undefined && distance > last.distance) return;
    list.push({ ...group, distance });
    list.sort((a, b) => a.distance - b.distance || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    if (list.length > SPARE) list.pop();
    this.#nearest.set(name, list);
  }
}

/** The side that can best spare a group: one that is needed itself keeps its last. */
function richest(counts: Record<Split, number>, wanted: readonly Split[]): Split {
  const spare = (side: Split) => counts[side] - (wanted.includes(side) ? 1 : 0);
  return SPLITS.reduce((best, side) => (spare(side) > spare(best) ? side : best));
}
