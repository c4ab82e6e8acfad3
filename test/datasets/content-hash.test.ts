import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { hashOfContent } from "../../src/datasets/merge/side-files.ts";
import { candidatesOf, IndexWriter, indexLengths } from "../../src/datasets/shards/shard-index.ts";
import { makeWorld } from "./world.ts";

const sha256 = (text: string) => createHash("sha256").update(text);

describe("a dataset's content hash", () => {
  test("is that of all its lines' hashes in order, in however many ranges they are sorted and read", async () => {
    const { files } = await makeWorld();
    let run = 0;
    const shards = fc.array(
      fc.array(fc.record({ text: fc.string(), side: fc.integer({ min: 0, max: 3 }) }), { maxLength: 20 }),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(shards, fc.integer({ min: 1, max: 30 }), async (parts, most) => {
        const keys: string[] = [];
        for (const [part, lines] of parts.entries()) {
          const index = new IndexWriter();
          for (const { text } of lines)
            index.add(
              {
                contentHash: sha256(text).digest("hex"),
                inputKey: "0".repeat(16),
                score: 1,
                lineBytes: 1,
                tokens: 1,
              },
              sha256(text).digest("binary"),
            );
          const key = `run-${run}/build_${part}.index`;
          keys.push(key);
          await files.write(
            key,
            (async function* () {
              yield index.bytes;
            })(),
          );
        }
        run++;
        const lines = parts.flat();
        const of = (code: number) => lines.filter(({ side }) => side === code).length;
        const total = (await indexLengths(files, keys)).reduce((sum, length) => sum + length, 0);
        expect(total).toBe(lines.length);
        const candidates = candidatesOf(files, keys, total);
        const merged = {
          sides: Uint8Array.from(lines, ({ side }) => side),
          sideCounts: { train: of(1), validation: of(2), test: of(3) },
        };

        const kept = lines.filter(({ side }) => side !== 0);
        const records = kept.map(({ text, side }) => Buffer.concat([sha256(text).digest(), Buffer.of(side)]));
        const expected = createHash("sha256");
        for (const record of records.toSorted(Buffer.compare)) expected.update(record);
        expect(await hashOfContent(candidates, merged, most)).toBe(expected.digest("hex"));
      }),
      { numRuns: 60 },
    );
  });
});
