import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import type { DatasetLine } from "../../src/datasets/contract.ts";
import { SIGNATURE_BYTES, writeSignature } from "../../src/datasets/line/near.ts";
import { NearSet } from "../../src/datasets/line/near-set.ts";
import { nearOverlap } from "../../src/datasets/merge/leakage.ts";
import { select } from "../../src/datasets/merge/select.ts";
import { sha256 } from "../../src/kernel/hashing.ts";
import { AGENT, episode, heldCandidates, makeWorld, must, rewarded } from "./world.ts";

const letters = (n: number) =>
  Array.from(String(n))
    .map((digit) => "abcdefghij"[Number(digit)])
    .join("");
const WORDS = Array.from({ length: 400 }, (_, n) => `w${letters(n)}x`);
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
/** Whether one line is found to be near to the other. */
function areNear(one: DatasetLine, other: DatasetLine): boolean {
  return new NearSet([JSON.stringify(one)]).find(other).length > 0;
}

describe("near-duplicates", () => {
  test("are found when both the question and the answer are nearly the same", () => {
    const asked = text(1, 60);
    const answered = text(2, 120);
    const with30 = (word: string) => [...asked.slice(0, 30), word, ...asked.slice(31)].join(" ");
    const one = line(with30("broken"), answered.join(" "));
    expect(areNear(one, line(with30("damaged"), `${answered.join(" ")} truly`))).toBe(true);
    expect(areNear(one, line(with30("painted"), answered.join(" ")))).toBe(false);
  });

  test("are not found where one long result answers two questions, nor one question has two answers", () => {
    const long = text(3, 300).join(" ");
    const one = line("How many lines does the report have, and who wrote it in the end?", long);
    expect(
      areNear(one, line("Summarise the third chapter of the report for the board by noon, please.", long)),
    ).toBe(false);
    const again = "How many lines does the report have, and who wrote it in the end?";
    expect(areNear(one, line(again, text(4, 300).join(" ")))).toBe(false);
  });

  test("short texts are near only to themselves: one other number is another question", () => {
    expect(areNear(line("Add 3 and 4", "7"), line("Add 3 and 5", "8"))).toBe(false);
    expect(areNear(line("Add 3 and 4", "7"), line("add 3 AND 4!", "7."))).toBe(true);
  });

  test("however long a text, one word that means something else makes it another", () => {
    for (let n = 0; n < 150; n++) {
      const words = text(n + 10, 200);
      const with100 = (word: string) => words.map((one, i) => (i === 100 ? word : one)).join(" ");
      const one = line(with100("small"), with100("parcel"));
      expect(areNear(one, line(with100("little"), with100("package")))).toBe(true);
      expect(areNear(one, line(with100("small"), with100("envelope")))).toBe(false);
    }
  });

  test("any line has a signature, the same each time", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (asked, answered) => {
        const bytes = new Uint8Array(2 * SIGNATURE_BYTES);
        for (const at of [0, SIGNATURE_BYTES]) writeSignature(line(asked, answered), bytes, at);
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
        async (given) => {
          const lines = given.map(({ base, edit }) => {
            const words = text(base, 80).map((word, i) =>
              i === 40 && edit > 0 ? must(["small", "little", "SMALL"][edit - 1]) : word,
            );
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
          const selected = await select(candidates, { maxExamples: 1000, nearDuplicates: 0.85 });
          const kept = [...given.keys()].filter((i) => selected.fates[i] === 0);
          for (const a of kept)
            for (const b of kept) if (a !== b) expect(areNear(must(lines[a]), must(lines[b]))).toBe(false);
          // The best of a cluster stays.
          for (const [i, leader] of selected.leaders.entries())
            if (leader >= 0) expect(given[leader]?.score).toBeGreaterThanOrEqual(given[i]?.score ?? 2);
          const sides = selected.fates.map((fate, i) => (fate === 0 ? 1 + (i % 3) : 0));
          const on = (side: number) => sides.filter((one) => one === side).length;
          const sideCounts = { train: on(1), validation: on(2), test: on(3) };
          expect(await nearOverlap(candidates, { sides, sideCounts }, 0.85)).toBe(0);
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
        ...["parcel", "package", "Parcel"].map((edit, n) =>
          episode(n, {
            user_input: said(edit),
            assistant_output: said(edit),
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
