import type { Dataset, Histogram, Split } from "../contract.ts";
import { GOLDEN_SCORE } from "../line/score.ts";
import type { Candidates } from "../shards/candidates.ts";
import { type Merged, OUT, sideOfCode } from "./merge.ts";

const REWARD_EDGES = Array.from({ length: 11 }, (_, i) => Math.round((i * 0.2 - 1) * 10) / 10);
/** Doubling from 16: token counts of conversations spread over four orders of magnitude. */
const TOKEN_EDGES = [0, ...Array.from({ length: 14 }, (_, i) => 16 * 2 ** i)];
/** From a short question to the longest line that is taken. */
const LENGTH_EDGES = [0, ...Array.from({ length: 16 }, (_, i) => 64 * 2 ** i)];

/** Distributions over what was kept; golden examples have no reward and are not among the rewards. */
export async function figuresOf(
  candidates: Candidates,
  merged: Pick<Merged, "sides">,
  tools: Readonly<Record<string, number>>,
  encoding: string,
): Promise<Pick<Dataset, "figures" | "token_counts">> {
  const rewards = counting(REWARD_EDGES);
  const tokens = counting(TOKEN_EDGES);
  const lengths = counting(LENGTH_EDGES);
  const sides: Partial<Record<Split, { examples: number; tokens: number; longest: number }>> = {};
  for await (const page of candidates.pages())
    for (let k = 0; k < page.length; k++) {
      const side = sideOfCode(merged.sides[page.from + k] ?? OUT);
      if (side === undefined) continue;
      const score = page.score(k);
      const used = page.tokens(k);
      if (score !== GOLDEN_SCORE) rewards.add(score);
      tokens.add(used);
      lengths.add(page.lineBytes(k) - 1);
      const of = sides[side] ?? { examples: 0, tokens: 0, longest: 0 };
      sides[side] = of;
      of.examples++;
      of.tokens += used;
      of.longest = Math.max(of.longest, used);
    }
  return {
    token_counts: { encoding, sides },
    figures: {
      rewards: rewards.histogram,
      tokens: tokens.histogram,
      lengths: lengths.histogram,
      tools: mostCalled(tools),
    },
  };
}

function counting(edges: readonly number[]) {
  const counts = edges.slice(1).map(() => 0);
  return {
    histogram: { edges: [...edges], counts } satisfies Histogram,
    add(value: number): void {
      let bin = 0;
      while (bin < counts.length - 1 && value >= (edges[bin + 1] ?? 0)) bin++;
      counts[bin] = (counts[bin] ?? 0) + 1;
    },
  };
}

/** A manifest stays small also when tools are many. */
const MOST_TOOLS = 100;

const mostCalled = (tools: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(tools)
      .toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
      .slice(0, MOST_TOOLS),
  );
