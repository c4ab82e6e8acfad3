import { type Files, lines } from "../files/files.ts";
import { sha256 } from "../kernel/hashing.ts";
import { letOthersRun } from "./common/let-others-run.ts";
import type { DatasetLine } from "./contract.ts";
import { NEAR_DUPLICATES, NearIndex, SIGNATURE_BYTES, writeSignature } from "./line/near.ts";

/** Training lines looked through at a time: bounds the memory to some 10 MB whatever the file's size. */
const CHUNK = 65_536;
const LINES_PER_PAUSE = 64;

/**
 * Which lines of a file are nearly the same as a line of others, by the likeness that a build removes duplicates by;
 * each as the first 16 digits of its SHA-256. What is compared is the text, so datasets of different split keys can be.
 */
export async function nearLines(
  files: Files,
  file: string,
  others: readonly string[],
): Promise<ReadonlySet<string>> {
  const near = new Set<string>();
  const names: string[] = [];
  let own = new Uint8Array(SIGNATURE_BYTES * 256);
  for await (const { text, line } of linesOf(files, file)) {
    if ((names.length + 1) * SIGNATURE_BYTES > own.length) {
      const larger = new Uint8Array(own.length * 2);
      larger.set(own);
      own = larger;
    }
    writeSignature(line, own, names.length * SIGNATURE_BYTES);
    names.push(sha256(text).slice(0, 16));
  }
  let chunk = new Uint8Array(SIGNATURE_BYTES * CHUNK);
  let held = 0;
  const compare = () => {
    const index = new NearIndex(chunk, held, NEAR_DUPLICATES);
    for (let i = 0; i < held; i++) index.add(i);
    for (const [i, name] of names.entries())
      if (!near.has(name) && index.findLike(own, i * SIGNATURE_BYTES) >= 0) near.add(name);
    chunk = new Uint8Array(SIGNATURE_BYTES * CHUNK);
    held = 0;
  };
  for (const other of others)
    for await (const { line } of linesOf(files, other)) {
      writeSignature(line, chunk, held * SIGNATURE_BYTES);
      if (++held === CHUNK) compare();
    }
  if (held > 0) compare();
  return near;
}

async function* linesOf(files: Files, key: string): AsyncGenerator<{ text: string; line: DatasetLine }> {
  let number = 0;
  for await (const text of lines(files.read(key))) {
    if (++number % LINES_PER_PAUSE === 0) await letOthersRun();
    if (text.trim() !== "") yield { text, line: JSON.parse(text.replace(/^\uFEFF/, "")) as DatasetLine };
  }
}
