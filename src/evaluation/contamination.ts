import type { Dataset, Split } from "../datasets/contract.ts";
import { type Files, lines } from "../files/files.ts";

/**
 * How many sessions and inputs two datasets share on the given sides: 0 means that nothing asked of one was seen in
 * the other. Both sides' group files are sorted, so they are walked together in constant memory. Comparable only for
 * datasets built under the same LIGHTNING_SPLIT_KEY.
 */
export async function sharedGroups(
  files: Files,
  a: Pick<Dataset, "groups">,
  splitsA: readonly Split[],
  b: Pick<Dataset, "groups">,
  splitsB: readonly Split[],
): Promise<number> {
  const right = merged(keysOf(files, b, splitsB));
  let shared = 0;
  try {
    let other = await right.next();
    for await (const key of merged(keysOf(files, a, splitsA))) {
      while (!other.done && other.value < key) other = await right.next();
      if (other.done) break;
      if (other.value === key) shared++;
    }
  } finally {
    await right.return(undefined);
  }
  return shared;
}

function keysOf(
  files: Files,
  dataset: Pick<Dataset, "groups">,
  splits: readonly Split[],
): AsyncGenerator<string>[] {
  return [...new Set(splits)].flatMap((split) => {
    const key = dataset.groups?.[split];
    return key === undefined ? [] : [lines(files.read(key))];
  });
}

/** Several sorted sequences as one, each value once. */
async function* merged(sources: readonly AsyncGenerator<string>[]): AsyncGenerator<string, void, undefined> {
  try {
    const heads = await Promise.all(sources.map((source) => source.next()));
    for (;;) {
      let least: string | undefined;
      for (const head of heads)
        if (head?.done !== true && head !== undefined && (least === undefined || head.value < least))
          least = head.value;
      if (least === undefined) return;
      yield least;
      for (const [index, head] of heads.entries()) {
        const source = sources[index];
        if (source !== undefined && head.done !== true && head.value === least)
          heads[index] = await source.next();
      }
    }
  } finally {
    for (const source of sources) await source.return(undefined);
  }
}
