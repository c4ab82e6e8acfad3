import type { Case } from "./cases.ts";
import type { Sparse } from "./classifier.ts";
import type { Memory } from "./model.ts";

/** Examples that a tuned model keeps at most. */
export const MEMORY_MOST = 4_000;

/** What a tuned model keeps of the examples, the newest last, after what it kept before. */
export function remember(
  cases: readonly Case[],
  vector: (one: Case) => Sparse,
  start: readonly Memory[] = [],
): Memory[] {
  const constants = new Map<string, number>();
  for (const one of cases)
    for (const leaf of one.leaves ?? [])
      if ("value" in leaf) {
        const key = constantKey(one, leaf.path, leaf.value);
        constants.set(key, (constants.get(key) ?? 0) + 1);
      }
  const own = cases.slice(-MEMORY_MOST).map(
    (one): Memory => ({
      label: one.target,
      x: vector(one),
      ...(one.text === undefined || one.situation.after !== undefined ? {} : { text: one.text }),
      ...(one.leaves === undefined
        ? {}
        : {
            // A text that stands in one example only and not in its request was its own: nothing to imitate.
            leaves: one.leaves.filter(
              (leaf) =>
                !("value" in leaf) ||
                typeof leaf.value !== "string" ||
                (constants.get(constantKey(one, leaf.path, leaf.value)) ?? 0) > 1,
            ),
          }),
    }),
  );
  return [...start, ...own].slice(-MEMORY_MOST);
}

const constantKey = (one: Case, path: string, value: unknown) => JSON.stringify([one.target, path, value]);

/** How alike two situations are: the cosine of their words. */
function cosine(asked: ReadonlyMap<number, number>, { at, value }: Sparse): number {
  let dot = 0;
  for (let k = 0; k < at.length; k++) dot += (asked.get(at[k] as number) ?? 0) * (value[k] as number);
  return dot;
}
const byWord = ({ at, value }: Sparse) =>
  new Map(Array.from(at, (word, k) => [word, value[k] as number] as const));

/** How well liked remembered answers are, near to a situation. */
export function likingNear(memory: readonly Memory[], x: Sparse): number {
  const asked = byWord(x);
  return memory.reduce((sum, one) => sum + cosine(asked, one.x) * (one.liking ?? 0), 0);
}

/**
 * The most similar stored example that qualifies (nearest neighbour), by cosine and by how well its answer was liked;
 * of equal ones the newest.
 */
export function nearest(
  memory: readonly Memory[],
  x: Sparse,
  qualifies: (one: Memory) => boolean,
  least: number,
): Memory | undefined {
  const asked = byWord(x);
  let best: Memory | undefined;
  let score = Number.NEGATIVE_INFINITY;
  for (const one of memory) {
    if (!qualifies(one)) continue;
    const dot = cosine(asked, one.x);
    const liked = dot + (one.liking ?? 0);
    if (dot >= least && liked >= least && liked >= score) {
      best = one;
      score = liked;
    }
  }
  return best;
}
