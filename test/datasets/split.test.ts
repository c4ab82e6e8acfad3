import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { SPLITS, type Split } from "../../src/datasets/contract.ts";
import { merge, sideCode } from "../../src/datasets/merge/merge.ts";
import { type SplitShares, Splitter, sideOf } from "../../src/datasets/merge/split.ts";
import { sha256 } from "../../src/kernel/hashing.ts";
import { heldCandidates, must } from "./world.ts";

const shares = (over: Partial<SplitShares> = {}): SplitShares => ({
  splitKey: "key",
  trainSplit: 0.8,
  testSplit: 0,
  ...over,
});
const keys = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => sha256(String(from + n)).slice(0, 16));
/** Sides of all groups, in the order given, as the merge places and then moves them. */
function assignSides(groupKeys: readonly string[], given: SplitShares): Split[] {
  const splitter = new Splitter(given);
  const sides = groupKeys.map((key, index) => splitter.place(key, index));
  for (const move of splitter.moves()) sides[move.group] = move.to;
  return sides;
}
const count = (sides: readonly Split[], of: Split) => sides.filter((side) => side === of).length;

const anyShares = fc.record({
  splitKey: fc.string({ minLength: 1, maxLength: 5 }),
  trainSplit: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
  testSplit: fc.double({ min: 0, max: 0.9, noNaN: true }),
});

describe("sides of groups", () => {
  test("training is never empty, validation has a group from two on, test (if asked for) from three on", () => {
    fc.assert(
      fc.property(anyShares, fc.integer({ min: 1, max: 60 }), fc.nat(1000), (given, n, from) => {
        const sides = assignSides(keys(n, from), given);
        expect(sides).toHaveLength(n);
        expect(count(sides, "train")).toBeGreaterThan(0);
        if (n >= 2) expect(count(sides, "validation")).toBeGreaterThan(0);
        if (n >= 3 && given.testSplit > 0) expect(count(sides, "test")).toBeGreaterThan(0);
        if (given.testSplit === 0 && n === 1) expect(sides).toEqual(["train"]);
      }),
    );
  });

  test("a share of 1 leaves nothing elsewhere", () => {
    expect(new Set(assignSides(keys(50), shares({ trainSplit: 1 })))).toEqual(new Set(["train"]));
    expect(new Set(assignSides(keys(50), shares({ testSplit: 1 })))).toEqual(new Set(["test"]));
  });

  test("the order of the groups changes nothing", () => {
    fc.assert(
      fc.property(
        anyShares,
        fc.uniqueArray(fc.nat(10_000), { minLength: 1, maxLength: 40 }),
        (given, seeds) => {
          const group = seeds.map((seed) => sha256(String(seed)).slice(0, 16));
          const forth = new Map(assignSides(group, given).map((side, i) => [group[i], side]));
          const back = new Map(
            assignSides(group.toReversed(), given).map((side, i) => [group.toReversed()[i], side]),
          );
          for (const key of group) expect(back.get(key)).toBe(forth.get(key));
        },
      ),
    );
  });

  test("no group changes side as others come, once every side has groups of its own", () => {
    fc.assert(
      fc.property(
        anyShares,
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 1, max: 80 }),
        (given, few, more) => {
          const group = keys(few + more);
          const own = group.slice(0, few).map((key) => sideOf(key, given).side);
          const before = assignSides(group.slice(0, few), given);
          const after = assignSides(group, given).slice(0, few);
          const filled = SPLITS.every(
            (side) => own.includes(side) || (side === "test" && given.testSplit === 0),
          );
          // What a small set still needs to be trained on, it takes from validation: the test below.
          if (few < 30 && count(own, "train") < 10) return;
          if (filled) expect(after).toEqual(before);
          // A guarantee moves two groups at most, ever.
          expect(after.filter((side, i) => side !== own[i]).length).toBeLessThanOrEqual(2);
        },
      ),
    );
  });

  test("a small set has the ten examples that a training needs, where it has eleven at all, whatever the hashes say", () => {
    const sized = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 29 });
    fc.assert(
      fc.property(anyShares, sized, fc.nat(1000), (given, sizes, from) => {
        const group = keys(sizes.length, from);
        const splitter = new Splitter(given);
        const own = group.map((key, i) => splitter.place(key, i, sizes[i]));
        const sides = [...own];
        for (const move of splitter.moves()) sides[move.group] = move.to;
        const examples = (of: Split) => sizes.reduce((sum, size, i) => sum + (sides[i] === of ? size : 0), 0);
        const [train, validation] = [examples("train"), examples("validation")];
        const held = sizes.filter((_, i) => sides[i] === "validation");
        // Fewer than ten: no group could go without validation being empty, or all of them would not do.
        if (train < 10) expect(train + validation - Math.min(...held)).toBeLessThan(10);
        if (sizes.length >= 3 || given.testSplit === 0) expect(validation).toBeGreaterThan(0);
        if (SPLITS.every((side) => own.includes(side))) expect(count(sides, "test")).toBe(count(own, "test"));
      }),
    );
    for (let from = 0; from < 300; from++)
      for (const n of [11, 13, 20]) {
        const sides = assignSides(keys(n, from), shares());
        expect(count(sides, "train")).toBeGreaterThanOrEqual(10);
        expect(count(sides, "validation")).toBeGreaterThan(0);
      }
  });

  test("as data grows, what a small set took goes back to validation, and nothing else moves", () => {
    const crossed: string[] = [];
    for (const testSplit of [0, 0.2])
      for (let from = 0; from < 100; from++) {
        const given = shares({ trainSplit: 0.5, testSplit });
        const group = keys(60, from);
        const own = group.slice(0, 20).map((key) => sideOf(key, given).side);
        if (!SPLITS.every((side) => own.includes(side) || (side === "test" && testSplit === 0))) continue;
        const [before, after] = [assignSides(group.slice(0, 20), given), assignSides(group, given)];
        for (const [i, side] of before.entries())
          if (side !== after[i]) crossed.push(`${side} to ${after[i]}`);
      }
    expect(new Set(crossed)).toEqual(new Set(["train to validation"]));
  });

  test("asking for a test side moves nothing between training and validation", () => {
    const group = keys(500);
    const without = assignSides(group, shares());
    const withTest = assignSides(group, shares({ testSplit: 0.2 }));
    expect(count(withTest, "test")).toBeGreaterThan(0);
    expect(withTest).toEqual(without.map((side, i) => (withTest[i] === "test" ? "test" : side)));
  });

  test("shares come out about right, and another key gives another split", () => {
    const group = keys(2000);
    const sides = assignSides(group, shares({ testSplit: 0.1 }));
    expect(count(sides, "test") / 2000).toBeCloseTo(0.1, 1);
    expect(count(sides, "train") / (2000 - count(sides, "test"))).toBeCloseTo(0.8, 1);
    expect(assignSides(group, shares({ splitKey: "other" }))).not.toEqual(assignSides(group, shares()));
  });
});

interface Given {
  readonly content: number;
  readonly input: number;
  readonly session?: number | undefined;
  readonly score: number;
}
const hex = (what: string, n: number) => sha256(`${what}${n}`).slice(0, 16);
const candidatesOf = (given: readonly Given[]) =>
  heldCandidates(
    given.map(({ content, input, session, score }) => ({
      contentHash: sha256(`content${content}`),
      inputKey: hex("input", input),
      sessionKey: session === undefined ? undefined : hex("session", session),
      score,
    })),
  );
const anyCandidates = fc.array(
  fc.record(
    {
      content: fc.nat(60),
      input: fc.nat(40),
      session: fc.nat(25),
      score: fc.constantFrom(-1, 0, 0.25, 0.5, 1, 2),
    },
    { requiredKeys: ["content", "input", "score"] },
  ),
  { minLength: 1, maxLength: 80 },
);

describe("the merge", () => {
  const options = { ...shares(), maxExamples: 1000, nearDuplicates: 1 };

  test("nothing leaks: no session, no input and no content stands on two sides", async () => {
    await fc.assert(
      fc.asyncProperty(anyCandidates, anyShares, async (given, split) => {
        const merged = await merge(candidatesOf(given), {
          ...split,
          maxExamples: 1000,
          nearDuplicates: 1,
        });
        const seen = new Map<string, number>();
        for (const [i, { content, input, session }] of given.entries()) {
          const side = must(merged.sides[i]);
          if (side === 0) continue;
          for (const key of [`c${content}`, `i${input}`, ...(session === undefined ? [] : [`s${session}`])]) {
            expect(seen.get(key) ?? side).toBe(side);
            seen.set(key, side);
          }
        }
        expect(merged.sideCounts.train).toBeGreaterThan(0);
        const groups = merged.groups.train + merged.groups.validation + merged.groups.test;
        if (groups >= 2) expect(merged.sideCounts.validation).toBeGreaterThan(0);
      }),
    );
  });

  test("of each content the best rewarded stays, of equals the newest, as a plain model says", async () => {
    await fc.assert(
      fc.asyncProperty(anyCandidates, fc.integer({ min: 1, max: 80 }), async (given, maxExamples) => {
        const best = new Map<number, number>();
        for (const [i, { content, score }] of given.entries()) {
          const held = best.get(content);
          if (held === undefined || score >= must(given[held]).score) best.set(content, i);
        }
        const ranked = [...best.values()].toSorted(
          (a, b) => must(given[b]).score - must(given[a]).score || b - a,
        );
        const expected = new Set(ranked.slice(0, maxExamples));
        const merged = await merge(candidatesOf(given), { ...options, maxExamples });
        expect(new Set([...given.keys()].filter((i) => merged.sides[i] !== 0))).toEqual(expected);
        expect(merged.counts.duplicate).toBe(given.length - best.size);
        expect(merged.counts.over_limit).toBe(best.size - expected.size);
      }),
    );
  });

  test("merging again gives the same", async () => {
    await fc.assert(
      fc.asyncProperty(anyCandidates, async (given) => {
        expect(await merge(candidatesOf(given), options)).toEqual(await merge(candidatesOf(given), options));
      }),
    );
  });

  test("a side depends on the name of the group alone, which is its oldest member's, and so stays as data grows", async () => {
    await fc.assert(
      fc.asyncProperty(anyCandidates, anyCandidates, async (old, added) => {
        for (const given of [old, [...old, ...added]]) {
          const merged = await merge(candidatesOf(given), options);
          const names = groupNames(given);
          const natural = names.map((name, i) =>
            merged.sides[i] === 0 ? 0 : sideCode(sideOf(name, options).side),
          );
          const trained = natural.filter((side) => side === sideCode("train")).length;
          const placed = new Set(names.filter((_, i) => natural[i] !== 0)).size;
          // All groups on one side by themselves: then a guarantee moves one. Few examples to train on: some more.
          const isOwn = placed >= 30 || trained >= 10;
          if (isOwn && new Set(natural.filter((side) => side !== 0)).size === 2)
            expect([...merged.sides]).toEqual(natural);
        }
        const [before, after] = [groupNames(old), groupNames([...old, ...added])];
        // A group's name changes only by joining an older group's.
        const renamed = before.filter(
          (name, i) => after[i] !== name && !before.slice(0, i).includes(after[i] ?? ""),
        );
        expect(renamed).toEqual([]);
      }),
    );
    expect.hasAssertions();
  });
});

/** The key of the oldest member of each example's group, by a plain fixpoint. */
function groupNames(given: readonly Given[]): string[] {
  const group = given.map((_, i) => i);
  for (let changed = true; changed; ) {
    changed = false;
    for (let a = 0; a < given.length; a++)
      for (let b = 0; b < a; b++) {
        const linked =
          must(given[a]).input === must(given[b]).input ||
          (must(given[a]).session !== undefined && must(given[a]).session === must(given[b]).session);
        const least = Math.min(must(group[a]), must(group[b]));
        if (!linked || (group[a] === least && group[b] === least)) continue;
        group[a] = least;
        group[b] = least;
        changed = true;
      }
  }
  return group.map((root) => {
    const { session, input } = must(given[root]);
    return session === undefined ? hex("input", input) : hex("session", session);
  });
}
