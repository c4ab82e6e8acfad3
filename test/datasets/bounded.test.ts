import { Buffer } from "node:buffer";
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { sortedInRanges } from "../../src/datasets/common/sort-records.ts";
import { findGroups } from "../../src/datasets/merge/groups.ts";
import { eachRepeat, KeyTable } from "../../src/datasets/merge/key-table.ts";
import { keysAcross, nearOverlap, reservedAmong } from "../../src/datasets/merge/leakage.ts";
import { References } from "../../src/datasets/merge/references.ts";
import { ReservedKeys } from "../../src/datasets/merge/reserved.ts";
import { keysOfSide } from "../../src/datasets/merge/side-files.ts";
import { KEYS } from "../../src/datasets/shards/candidates.ts";
import { sha256 } from "../../src/kernel/hashing.ts";
import { chat, heldCandidates, must } from "./world.ts";

/** How much is held at once never changes what comes out. */
const anyMost = fc.constantFrom(1, 2, 5, 1000);
const keyOf = (what: string, n: number) => sha256(`${what}${n}`).slice(0, 16);
const anyExamples = fc.array(
  fc.record(
    { content: fc.nat(20), input: fc.nat(15), session: fc.nat(10), side: fc.integer({ min: 0, max: 3 }) },
    { requiredKeys: ["content", "input", "side"] },
  ),
  { minLength: 1, maxLength: 60 },
);
type Example = { content: number; input: number; session?: number; side: number };
const candidatesOf = (given: readonly Example[]) =>
  heldCandidates(
    given.map(({ content, input, session }) => ({
      contentHash: sha256(`content${content}`),
      inputKey: keyOf("input", input),
      sessionKey: session === undefined ? undefined : keyOf("session", session),
    })),
  );
function decided(given: readonly { side: number }[]) {
  const on = (code: number) => given.filter(({ side }) => side === code).length;
  const sides = Uint8Array.from(given, ({ side }) => side);
  return { sides, sideCounts: { train: on(1), validation: on(2), test: on(3) } };
}

describe("what is held in ranges", () => {
  test("is sorted as if all were held, also where many begin alike", async () => {
    const records = fc.array(fc.uint8Array({ minLength: 12, maxLength: 12 }), { maxLength: 80 });
    const alike = records.map((all) => all.map((one) => Uint8Array.of(7, 7, 7, 7, ...one.subarray(4))));
    await fc.assert(
      fc.asyncProperty(fc.oneof(records, alike), anyMost, async (given, most) => {
        const blocks: Buffer[] = [];
        const sorted = sortedInRanges(12, given.length, most, async (placeOf, to) => {
          for (const record of given) {
            const place = placeOf(Buffer.from(record), 0);
            if (place >= 0) to.set(record, place);
          }
        });
        for await (const block of sorted) blocks.push(Buffer.from(block));
        expect(Buffer.concat(blocks)).toEqual(Buffer.concat(given.toSorted(Buffer.compare)));
      }),
    );
  });

  test("a table of keys answers the first number of each, however much it grows", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { maxLength: 400 }), (given) => {
        const table = new KeyTable(2, 1);
        const known = new Map<number, number>();
        for (const [i, n] of given.entries()) {
          const words = Uint32Array.of(n % 7, n);
          expect(table.put(words, 0, i)).toBe(known.get(n) ?? i);
          known.set(n, known.get(n) ?? i);
        }
        expect(table.size).toBe(known.size);
        for (let n = 0; n < 310; n++) expect(table.get(Uint32Array.of(n % 7, n), 0)).toBe(known.get(n) ?? -1);
      }),
    );
  });

  test("each repeat is met once, beside the first of its kind", async () => {
    await fc.assert(
      fc.asyncProperty(anyExamples, anyMost, async (given, most) => {
        for (const name of ["content", "input", "session"] as const) {
          const met = new Map<number, number>();
          await eachRepeat(candidatesOf(given), KEYS[name], (i, first) => met.set(i, first), most);
          const expected = new Map<number, number>();
          for (const [i, one] of given.entries()) {
            const first = given.findIndex((other) => other[name] === one[name]);
            if (one[name] !== undefined && first !== i) expected.set(i, first);
          }
          expect(new Map([...met].toSorted(([a], [b]) => a - b))).toEqual(expected);
        }
      }),
    );
  });

  test("groups are the same, and so are a side's keys: sorted, each once", async () => {
    await fc.assert(
      fc.asyncProperty(anyExamples, anyMost, async (given, most) => {
        const candidates = candidatesOf(given);
        expect(await findGroups(candidates, undefined, most)).toEqual(await findGroups(candidates));
        let text = "";
        for await (const block of keysOfSide(candidates, decided(given), "train", most)) text += block;
        const keys = given
          .filter(({ side }) => side === 1)
          .flatMap(({ input, session }) => [
            keyOf("input", input),
            ...(session === undefined ? [] : [keyOf("session", session)]),
          ]);
        expect(text.split("\n").slice(0, -1)).toEqual([...new Set(keys)].toSorted());
      }),
    );
  });

  test("what others refer to is found for each, in whatever portions", async () => {
    await fc.assert(
      fc.asyncProperty(anyExamples, fc.infiniteStream(fc.nat(200)), anyMost, async (given, picks, most) => {
        const of = given.map(() => {
          const pick = must(picks.next().value as number | undefined);
          return pick < given.length ? pick : -1;
        });
        const found = new References(
          candidatesOf(given),
          (i) => must(of[i]),
          8,
          (page, entry, to, at) => {
            const start = page.keyAt(entry, KEYS.input);
            page.bytes.copy(to, at, start, start + 8);
          },
          most,
        );
        for (const [i, other] of of.entries())
          if (other >= 0) expect(await found.hexFor(i)).toBe(keyOf("input", must(given[other]).input));
      }),
    );
    expect.hasAssertions();
  });
});

describe("the report on leaks looks for itself", () => {
  test("and counts each example whose session, input or content stands on another side, too", async () => {
    await fc.assert(
      fc.asyncProperty(anyExamples, anyMost, async (given, most) => {
        const found = await keysAcross(candidatesOf(given), decided(given), most);
        const isSplit = (name: "content" | "input" | "session") =>
          given.some(
            (a) =>
              a.side !== 0 &&
              a[name] !== undefined &&
              given.some((b) => b.side !== 0 && b.side !== a.side && b[name] === a[name]),
          );
        expect(found.contents > 0).toBe(isSplit("content"));
        expect(found.groups > 0).toBe(isSplit("input") || isSplit("session"));
        expect(await keysAcross(candidatesOf(given), decided(given))).toEqual(found);
      }),
    );
  });

  test("and finds near pairs over sides, and examples that an earlier test side reserved", async () => {
    const letters = (n: number) =>
      Array.from(String(n))
        .map((digit) => "abcdefghij"[Number(digit)])
        .join("");
    const words = Array.from({ length: 60 }, (_, n) => `word${letters(n * n)}`);
    const lines = [0, 1, 2, 3].map((n) => {
      const asked = n === 3 ? words.toReversed().map((word) => `${word}x`) : words;
      return JSON.parse(chat(`${"please ".repeat(n)}${asked.join(" ")}`, asked.toReversed().join(" ")));
    });
    const candidates = heldCandidates(lines.map((line) => ({ line })));
    const sides = (...codes: number[]) => decided(codes.map((side) => ({ side })));
    for (const most of [1, 100]) {
      expect(await nearOverlap(candidates, sides(1, 2, 0, 1), 0.8, most)).toBe(1);
      expect(await nearOverlap(candidates, sides(1, 2, 3, 1), 0.8, most)).toBe(1);
      expect(await nearOverlap(candidates, sides(1, 1, 2, 1), 0.8, most)).toBe(2);
      expect(await nearOverlap(candidates, sides(1, 1, 1, 2), 0.8, most)).toBe(0);
    }
    const given = [0, 1, 2].map((n): Example => ({ content: n, input: n, side: n + 1 }));
    const reserved = new ReservedKeys(1);
    for (const n of [0, 2]) reserved.add(keyOf("input", n));
    expect(await reservedAmong(candidatesOf(given), decided(given), reserved)).toBe(1);
  });
});
