import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { bytesOf as partOf } from "../../src/files/bytes-of.ts";
import type { Files } from "../../src/files/files.ts";
import { sha256 } from "../../src/kernel/hashing.ts";

export interface FilesUnderTest {
  readonly files: Files;
  readonly close: () => Promise<void>;
}

export async function* pieces(...parts: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* parts;
}

export async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
}

/** Keys that no file may have: they would leave the folder, hide, or mean different things on different stores. */
const BAD_KEYS = [
  "",
  "a b",
  "a\u0000",
  "a\n",
  "ä",
  "x".repeat(201),
  Array.from({ length: 11 }, () => "a").join("/"),
].concat(
  ". .. / a/ /a a//b ../a a/../b a/./b ./a a/.. .hidden a/.hidden".split(" "),
  "a\\b ..\\a C:\\a C:a a?b a#b a* %2e%2e/a ~/a".split(" "),
);

const folder = () => `dataset-${randomUUID()}`;
async function* failing() {
  yield "half";
  throw new Error("the source broke off");
}

/** Every promise of the port for dataset files. */
export function describeFiles(name: string, make: () => Promise<FilesUnderTest>): void {
  describe(`the files port on ${name}`, () => {
    let at: FilesUnderTest;
    beforeAll(async () => {
      at = await make();
    });
    afterAll(() => at.close());
    const read = async (key: string) => (await bytesOf(at.files.read(key))).toString();

    test("gives back what was written, and its size and hash", async () => {
      const key = `${folder()}/train.jsonl`;
      const text = '{"a":"Grüße 👋"}\n{"b":1}\n';
      const stored = await at.files.write(key, pieces('{"a":"Grüße 👋"}\n', Buffer.from('{"b":1}\n')));
      expect(stored).toEqual({ key, bytes: Buffer.byteLength(text), sha256: sha256(text) });
      expect(await read(key)).toBe(text);
      expect(await at.files.stat(key)).toMatchObject({ bytes: stored.bytes });
    });

    test("gives back any bytes in any pieces", async () => {
      const key = `${folder()}/bytes`;
      const bytes = fc.array(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: "grapheme" })));
      await fc.assert(
        fc.asyncProperty(bytes, async (parts) => {
          const whole = Buffer.concat(
            parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)),
          );
          const stored = await at.files.write(key, pieces(...parts));
          expect(stored).toEqual({ key, bytes: whole.length, sha256: sha256(whole) });
          expect((await bytesOf(at.files.read(key))).equals(whole)).toBe(true);
        }),
        { numRuns: 30 },
      );
    });

    test("reads a large file in pieces", async () => {
      const key = `${folder()}/large`;
      const megabyte = Buffer.alloc(1024 * 1024, "x");
      await at.files.write(key, pieces(...Array.from({ length: 5 }, () => megabyte)));
      let largest = 0;
      let total = 0;
      for await (const part of at.files.read(key)) {
        largest = Math.max(largest, part.byteLength);
        total += part.byteLength;
      }
      expect(total).toBe(5 * 1024 * 1024);
      expect(largest).toBeLessThan(total);
    });

    test("replaces a file whole, and may write the same content again", async () => {
      const key = `${folder()}/a`;
      const first = await at.files.write(key, pieces("a longer first version"));
      expect(await at.files.write(key, pieces("a longer first version"))).toEqual(first);
      await at.files.write(key, pieces("short"));
      expect(await read(key)).toBe("short");
    });

    test("shows the old content until the new is whole", async () => {
      const key = `${folder()}/a`;
      await at.files.write(key, pieces("old"));
      async function* slow() {
        yield "new ";
        expect(await read(key)).toBe("old");
        yield "content";
      }
      await at.files.write(key, slow());
      expect(await read(key)).toBe("new content");
    });

    test("keeps the old content, and no remains, when the source fails", async () => {
      const here = folder();
      const key = `${here}/a`;
      await at.files.write(key, pieces("old"));
      await expect(at.files.write(key, failing())).rejects.toThrow("the source broke off");
      await expect(at.files.write(`${here}/never`, failing())).rejects.toThrow("the source broke off");
      expect(await read(key)).toBe("old");
      expect(await at.files.list(`${here}/`)).toEqual([key]);
    });

    test("leaves one whole version when many write one key at once", async () => {
      const here = folder();
      const key = `${here}/a`;
      const versions = Array.from({ length: 6 }, (_, n) => `${n}`.repeat(5_000));
      await Promise.all(
        versions.map((text) => at.files.write(key, pieces(text.slice(0, 10), text.slice(10)))),
      );
      expect(versions).toContain(await read(key));
      expect(await at.files.list(`${here}/`)).toEqual([key]);
    });

    test("holds an empty file", async () => {
      const key = `${folder()}/empty`;
      expect(await at.files.write(key, pieces())).toEqual({ key, bytes: 0, sha256: sha256("") });
      expect(await read(key)).toBe("");
      expect(await at.files.stat(key)).toMatchObject({ bytes: 0 });
    });

    test("tells a file that is missing", async () => {
      const key = `${folder()}/a`;
      await expect(read(key)).rejects.toMatchObject({ kind: "not_found", code: "file_missing" });
      expect(await at.files.stat(key)).toBeUndefined();
      expect(await at.files.list(`${folder()}/`)).toEqual([]);
      await expect(at.files.delete(key)).resolves.toBeUndefined();
    });

    test("tells the states of a file apart, and not one state from itself", async () => {
      const key = `${folder()}/a`;
      const versions: (string | undefined)[] = [];
      for (const text of ["one", "two", "six"]) {
        await at.files.write(key, pieces(text));
        const version = (await at.files.stat(key))?.version;
        expect((await at.files.stat(key))?.version).toBe(version);
        versions.push(version);
      }
      expect(new Set(versions).size).toBe(3);
    });

    test("gives a part of what its record says alone", async () => {
      const key = `${folder()}/a`;
      const text = "0123456789";
      const file = await at.files.write(key, pieces(text));
      const part = async (from: number, bytes: number) =>
        (await bytesOf(partOf(at.files, file, from, bytes))).toString();
      expect([await part(0, 3), await part(4, 2), await part(0, 10)]).toEqual(["012", "45", text]);
      // Of the same length: its bytes 0 to 2 are what they were.
      await at.files.write(key, pieces("0123456!89"));
      for (let n = 0; n < 2; n++)
        await expect(part(0, 3)).rejects.toMatchObject({ kind: "fatal", code: "file_damaged" });
      await at.files.write(key, pieces("01234"));
      await expect(part(0, 3)).rejects.toMatchObject({ code: "file_damaged" });
      await at.files.write(key, pieces(text));
      expect(await part(0, 3)).toBe("012");
      await at.files.delete(key);
      await expect(part(0, 3)).rejects.toMatchObject({ code: "file_missing" });
    });

    test("reads a file whole once for all parts that are taken of one state", async () => {
      const file = await at.files.write(`${folder()}/a`, pieces("0123456789"));
      let reads = 0;
      const files: Files = {
        ...at.files,
        read(key) {
          reads++;
          return at.files.read(key);
        },
      };
      for (let from = 1; from < 9; from++)
        expect((await bytesOf(partOf(files, file, from, 1))).toString()).toBe(String(from));
      expect(reads).toBe(1);
    });

    test("breaks a part off when the file is changed meanwhile", async () => {
      const key = `${folder()}/a`;
      const file = await at.files.write(key, pieces("0123456789"));
      const files: Files = {
        ...at.files,
        async readRange(...asked) {
          const piece = await at.files.readRange(...asked);
          await at.files.write(key, pieces("9876543210"));
          return piece;
        },
      };
      await expect(bytesOf(partOf(files, file, 2, 3))).rejects.toMatchObject({ code: "file_damaged" });
    });

    test("takes a folder for no file", async () => {
      const here = folder();
      await at.files.write(`${here}/deep/a`, pieces("x"));
      expect(await at.files.stat(`${here}/deep`)).toBeUndefined();
      await expect(read(`${here}/deep`)).rejects.toMatchObject({ code: "file_missing" });
    });

    test("lists the files under a prefix, sorted, and forgets what is deleted", async () => {
      const here = folder();
      const keys = [`${here}/a-b`, `${here}/a/b`, `${here}/a/c/d.jsonl`, `${here}/b`, `${here}/B`].toSorted();
      for (const key of keys.toReversed()) await at.files.write(key, pieces(key));
      await at.files.write(`${here}-other/a`, pieces("x"));
      expect(await at.files.list(`${here}/`)).toEqual(keys);
      expect(await at.files.list(`${here}/a/`)).toEqual([`${here}/a/b`, `${here}/a/c/d.jsonl`]);
      await at.files.delete(`${here}/b`);
      expect(await at.files.list(`${here}/`)).toEqual(keys.filter((key) => key !== `${here}/b`));
      await expect(at.files.list(here)).rejects.toMatchObject({ code: "bad_file_key" });
    });

    test("refuses every key that could lead elsewhere, in every operation", async () => {
      const refused = { kind: "invalid", code: "bad_file_key" };
      for (const key of BAD_KEYS) {
        await expect(at.files.write(key, pieces("x"))).rejects.toMatchObject(refused);
        await expect(read(key)).rejects.toMatchObject(refused);
        await expect(at.files.stat(key)).rejects.toMatchObject(refused);
        await expect(at.files.delete(key)).rejects.toMatchObject(refused);
        await expect(at.files.list(`${key}/`)).rejects.toMatchObject(refused);
        expect(() => at.files.locate(key)).toThrow(expect.objectContaining(refused));
      }
    });

    test("says where a file is", () => {
      expect(at.files.locate("dataset-1/train.jsonl")).toMatch(/dataset-1.train\.jsonl$/);
    });
  });
}
