import { isPauseDue, letOthersRun } from "../common/let-others-run.ts";
import { type Candidates, KEYS } from "../shards/candidates.ts";
import { eachRepeat } from "./key-table.ts";

/**
 * Joins examples that share a session or an input, or say the same, and near-duplicates with the one they are near to: union-find in
 * four bytes an example. The root of a group is its oldest member, so that a group keeps its name, and with it its
 * side, as data grows. Its limit: when a new example joins two groups that stood apart, the younger one takes the name
 * of the older.
 * @param most keys held at once
 */
export async function findGroups(
  candidates: Candidates,
  near: (example: number) => number = () => -1,
  most?: number,
): Promise<Int32Array<ArrayBuffer>> {
  const parent = new Int32Array(candidates.length);
  for (let i = 0; i < parent.length; i++) parent[i] = i;
  const root = (of: number): number => {
    let at = of;
    for (;;) {
      const up = parent[at] ?? at;
      if (up === at) return at;
      const above = parent[up] ?? up;
      parent[at] = above;
      at = above;
    }
  };
  const union = (a: number, b: number): void => {
    const first = root(a);
    const second = root(b);
    parent[Math.max(first, second)] = Math.min(first, second);
  };
  await eachRepeat(candidates, KEYS.input, union, most);
  await eachRepeat(candidates, KEYS.session, union, most);
  // Also where both are kept, since they stand under different prompts.
  await eachRepeat(candidates, KEYS.gist, union, most);
  for (let i = 0; i < parent.length; i++) {
    const alike = near(i);
    if (alike >= 0) union(alike, i);
    if (isPauseDue(i)) await letOthersRun();
  }
  for (let i = 0; i < parent.length; i++) parent[i] = root(i);
  return parent;
}
