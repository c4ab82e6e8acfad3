import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { NearIndex, SIGNATURE_BYTES, writeSignature } from "../../src/datasets/line/near.ts";
import { nearOverlap } from "../../src/datasets/merge/leakage.ts";
import { select } from "../../src/datasets/merge/select.ts";
import { sha256 } from "../../src/kernel/hashing.ts";
import { AGENT, episode, heldCandidates, makeWorld, rewarded } from "./world.ts";

const WORDS = Array.from({ length: 400 }, (_, n) => `w${n.toString(36)}x`);
const text = (seed: number, words: number): string[] =>
  Array.from(
    { length: words },
    (_, n) => WORDS[Number.parseInt(sha256(`${seed}/${n}`).slice(0, 6), 16) % 400] ?? "",
  );
const line = (asked: string, answered: string) => ({
  messages: [
    { role: "user" as const, content: asked },
    { role: "assistant" as const, content: answered },
  ],
});
function signaturesOf(lines: ReturnType<typeof line>[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(lines.length * SIGNATURE_BYTES);
  for (const [i, one] of lines.entries()) writeSignature(one, bytes, i * SIGNATURE_BYTES);
  return bytes;
}
/** Share of three-word pieces in common. */
function likeness(a: string, b: string): number {
  const pieces = (of: string) => {
    const words = of.split(" ");
    return new Set(words.slice(2).map((_, i) => words.slice(i, i + 3).join(" ")));
  };
  const [one, other] = [pieces(a), pieces(b)];
  const common = [...one].filter((piece) => other.has(piece)).length;
  return common / (one.size + other.size - common);
}

describe("near-duplicates", () => {
  test("are found when both the question and the answer are nearly the same", () => {
    const asked = text(1, 60);
    const answered = text(2, 120);
    const changed = [...asked.slice(0, 30), "changed", ...asked.slice(31)].join(" ");
    const lines = [line(asked.join(" "), answered.join(" ")), line(changed, `${answered.join(" ")} truly`)];
    expect(likeness(asked.join(" "), changed)).toBeGreaterThan(0.85);
    const index = new NearIndex(signaturesOf(lines), 2, 0.8);
    index.add(0);
    expect(index.find(1)).toBe(0);
  });

  test("are not found where one long result answers two questions, nor one question has two answers", () => {
    const long = text(3, 300).join(" ");
    const lines = [
      line("How many lines does the report have, and who wrote it in the end?", long),
      line("Summarise the third chapter of the report for the board by noon, please.", long),
      line("How many lines does the report have, and who wrote it in the end?", text(4, 300).join(" ")),
    ];
    const index = new NearIndex(signaturesOf(lines), 3, 0.85);
    index.add(0);
    expect(index.find(1)).toBe(-1);
    expect(index.find(2)).toBe(-1);
  });

  test("short texts are near only to themselves: one other number is another question", () => {
    const lines = [line("Add 3 and 4", "7"), line("Add 3 and 5", "8"), line("add 3 AND 4!", "7.")];
    const index = new NearIndex(signaturesOf(lines), 3, 0.85);
    index.add(0);
    expect(index.find(1)).toBe(-1);
    expect(index.find(2)).toBe(0);
  });

  test("of pairs as like as 0.97 nearly all are found, of pairs as like as 0.6 none", () => {
    let found = 0;
    let wrong = 0;
    const pairs = 150;
    for (let n = 0; n < pairs; n++) {
      const words = text(n + 10, 200);
      const near = words.map((word, i) => (i === 100 ? "other" : word));
      const far = words.map((word, i) => (i % 12 === 0 ? `other${i}` : word));
      const lines = [words, near, far].map((one) => line(one.join(" "), one.toReversed().join(" ")));
      const index = new NearIndex(signaturesOf(lines), 3, 0.85);
      index.add(0);
      if (index.find(1) === 0) found++;
      if (index.find(2) === 0) wrong++;
    }
    expect(found / pairs).toBeGreaterThan(0.96);
    expect(wrong).toBe(0);
  });

  test("any line has a signature, the same each time", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (asked, answered) => {
        const lines = [line(asked, answered), line(asked, answered)];
        const bytes = signaturesOf(lines);
        expect(bytes.slice(0, SIGNATURE_BYTES)).toEqual(bytes.slice(SIGNATURE_BYTES));
      }),
    );
  });

  test("what is kept has no near pair, so that no split of it leaks by likeness", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ base: fc.nat(5), edit: fc.nat(3), score: fc.constantFrom(0, 0.5, 1) }), {
          minLength: 2,
          maxLength: 40,
        }),
        fc.constantFrom(3, 1000),
        async (given, most) => {
          const lines = given.map(({ base, edit }) => {
            const words = text(base, 80).map((word, i) => (i === 40 && edit > 0 ? `edit${edit}` : word));
            return line(words.join(" "), words.toReversed().join(" "));
          });
          const candidates = heldCandidates(
            given.map(({ score }, i) => ({
              line: lines[i],
              inputKey: sha256(`${i}`).slice(0, 16),
              contentHash: sha256(JSON.stringify(lines[i])),
              score,
            })),
          );
          const selected = await select(candidates, { maxExamples: 1000, nearDuplicates: 0.85 }, most);
          // How many are held at once changes nothing.
          const atOnce = await select(candidates, { maxExamples: 1000, nearDuplicates: 0.85 });
          expect(atOnce.fates).toEqual(selected.fates);
          const kept = [...given.keys()].filter((i) => selected.fates[i] === 0);
          const index = new NearIndex(signaturesOf(lines), lines.length, 0.85);
          for (const a of kept) for (const b of kept) if (a !== b) expect(index.isNear(a, b)).toBe(false);
          // The best of a cluster stays.
          for (const [i, leader] of selected.leaders.entries())
            if (leader >= 0) expect(given[leader]?.score).toBeGreaterThanOrEqual(given[i]?.score ?? 2);
          const sides = selected.fates.map((fate, i) => (fate === 0 ? 1 + (i % 3) : 0));
          const on = (side: number) => sides.filter((one) => one === side).length;
          const sideCounts = { train: on(1), validation: on(2), test: on(3) };
          expect(await nearOverlap(candidates, { sides, sideCounts }, 0.85, most)).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("in a build the best rewarded stays, the cluster is one group, and both are counted", async () => {
    const world = await makeWorld();
    try {
      const words = text(99, 200);
      const said = (edit: string) => words.map((word, i) => (i === 30 ? edit : word)).join(" ");
      await world.store(
        ...["alpha", "beta", "gamma"].map((edit, n) =>
          episode(n, {
            user_input: said(edit),
            assistant_output: said(`${edit}z`),
            ...rewarded(n === 1 ? 1 : 0.5),
          }),
        ),
        episode(10),
        episode(11),
      );
      const dataset = await world.build();
      expect(dataset).toMatchObject({
        dropped: { near_duplicate: 2 },
        clusters: { found: 1, largest: 3 },
        leakage: { shared_groups: 0, shared_examples: 0, near_pairs: 0, near_duplicates_from: 0.85 },
      });
      const { found } = await world.service.traceEpisode(AGENT, "ep-000000");
      expect(found[0]?.edges).toMatchObject([{ fate: "near_duplicate", split: null }]);
      const every = await world.build({ name: "all", near_duplicates: 1 });
      expect(every.dropped).toEqual({});
    } finally {
      await world.close();
    }
  });
});
