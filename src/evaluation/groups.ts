import { exampleSchema } from "../datasets/contract.ts";
import { NearSet } from "../datasets/line/near-set.ts";
import { inputText } from "../datasets/line/normalise.ts";

/** A held-out line with the number of the group that its dataset's build put it in, where that is known. */
export interface GroupedLine {
  readonly example: string;
  readonly line: string;
  readonly built?: string | undefined;
}

/**
 * The unit of evidence: examples of one session, of one question, or near-duplicates are one group, since a model that
 * is right on one of them is mostly right on the others. What builds found (sessions among it, which a line does not
 * show) is taken over; questions and likeness are looked at here by the functions that builds use, so that data sets of
 * earlier versions, which keep no groups, are counted by these. @returns each example's group, named by its first member
 */
export function groupsOf(lines: readonly GroupedLine[]): Map<string, string> {
  const parent = lines.map((_, i) => i);
  const root = (of: number): number => {
    let at = of;
    while (parent[at] !== at) at = parent[at] ?? at;
    return at;
  };
  const union = (a: number, b: number): void => {
    const [first, second] = [root(a), root(b)];
    parent[Math.max(first, second)] = Math.min(first, second);
  };
  const firstWith = new Map<string, number>();
  const near = new NearSet(lines.map(({ line }) => line));
  for (const [i, { line, built }] of lines.entries()) {
    const example = exampleSchema.parse(JSON.parse(line));
    for (const one of near.find(example)) union(one, i);
    const keys = [`asked ${inputText(example.messages)}`, ...(built === undefined ? [] : [`built ${built}`])];
    for (const key of keys) {
      const first = firstWith.get(key);
      if (first === undefined) firstWith.set(key, i);
      else union(first, i);
    }
  }
  return new Map(lines.map(({ example }, i) => [example, lines[root(i)]?.example ?? example]));
}
