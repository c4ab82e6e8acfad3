import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { lines } from "../../src/files/files.ts";

/** The bytes of a text, cut into pieces of the given sizes; what is left is the last piece. */
async function* cut(text: string | Uint8Array, sizes: number[] = []): AsyncGenerator<Uint8Array> {
  let rest = Buffer.from(text as string);
  for (const size of sizes) {
    yield rest.subarray(0, size);
    rest = rest.subarray(size);
  }
  yield rest;
}
async function linesOf(content: AsyncIterable<Uint8Array>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines(content)) all.push(line);
  return all;
}

describe("the lines of a JSONL file", () => {
  test("come without their ends, LF or CRLF, and the last needs none", async () => {
    expect(await linesOf(cut("a\nb\r\n\nc"))).toEqual(["a", "b", "", "c"]);
    expect(await linesOf(cut("a\n"))).toEqual(["a"]);
    expect(await linesOf(cut("a\r\n"))).toEqual(["a"]);
    expect(await linesOf(cut(""))).toEqual([]);
  });

  test("start after a byte-order mark, also one cut in two", async () => {
    const withMark = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"a":1}\n')]);
    for (const sizes of [[], [1], [2], [1, 1, 1]])
      expect(await linesOf(cut(withMark, sizes))).toEqual(['{"a":1}']);
  });

  test("keep a carriage return inside a line, and drop one cut off its line feed", async () => {
    expect(await linesOf(cut("a\rb\r\nc", [4]))).toEqual(["a\rb", "c"]);
  });

  test("are the same however the bytes are cut", async () => {
    const text = fc.string({ unit: fc.constantFrom("a", "ü", "👋", "\n", "\r\n", "€"), maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.integer({ min: 0, max: 5 })), async (whole, sizes) => {
        const expected = whole.split("\n").map((line) => line.replace(/\r$/, ""));
        if (expected.at(-1) === "") expected.pop();
        expect(await linesOf(cut(whole, sizes))).toEqual(expected);
      }),
    );
  });

  test("of tens of megabytes are read in linear time", async () => {
    const piece = Buffer.alloc(1024, "x");
    async function* huge() {
      for (let n = 0; n < 32 * 1024; n++) yield piece;
      yield Buffer.from("\nend");
    }
    const found = await linesOf(huge());
    expect(found.map((line) => line.length)).toEqual([32 * 1024 * 1024, 3]);
  }, 5_000); // joining at every piece would copy half a terabyte
});
