import { type Files, lines } from "../files/files.ts";
import { sha256 } from "../kernel/hashing.ts";
import { letOthersRun } from "./common/let-others-run.ts";
import type { DatasetLine } from "./contract.ts";
import { nearPairs } from "./line/near-set.ts";

/** Held-out lines held at once, in lines and in characters; for more of them the training files are read again. */
const MOST_LINES = 32_768;
const MOST_CHARACTERS = 32 * 1024 * 1024;
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
  let held: string[] = [];
  let characters = 0;
  const compare = async () => {
    for (const place of await nearAmong(files, held, others))
      near.add(sha256(held[place] as string).slice(0, 16));
    held = [];
    characters = 0;
  };
  for await (const text of linesOf(files, file)) {
    held.push(text);
    characters += text.length;
    if (held.length === MOST_LINES || characters > MOST_CHARACTERS) await compare();
  }
  if (held.length > 0) await compare();
  return near;
}

/** Places of the lines that others are near to. */
async function nearAmong(
  files: Files,
  held: readonly string[],
  others: readonly string[],
): Promise<ReadonlySet<number>> {
  const pairs = nearPairs(held.map(unmarked));
  for (const other of others)
    for await (const text of linesOf(files, other)) pairs.add(JSON.parse(unmarked(text)) as DatasetLine);
  return pairs.places();
}

const unmarked = (text: string): string => text.replace(/^\uFEFF/, "");

async function* linesOf(files: Files, key: string): AsyncGenerator<string> {
  let number = 0;
  for await (const text of lines(files.read(key))) {
    if (++number % LINES_PER_PAUSE === 0) await letOthersRun();
    if (text.trim() !== "") yield text;
  }
}
