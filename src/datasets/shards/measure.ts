import type { Stopwatch } from "../common/stopwatch.ts";
import type { DatasetLine } from "../contract.ts";
import { contentHash } from "../line/normalise.ts";
import { type Encoding, lineCounter, loadCounter } from "../tokens/tokens.ts";
import type { TokenCache } from "./token-cache.ts";

/** Longest example when the recipe says nothing: the training context of the gpt-4o and gpt-4.1 families. */
export const LONGEST_EXAMPLE = 65_536;

export interface Measured {
  readonly contentHash: string;
  readonly tokens: number;
}

/** Contents counted before, so that a repeat costs a look: some 100 bytes each. */
const KEPT = 20_000;

/**
 * Hashes lines and counts their tokens, once for each distinct example that this thread has seen lately and that no
 * earlier build counted.
 * @param counted called for each example whose tokens were counted now
 */
export async function createMeasure(
  encoding: Encoding,
  stages: Stopwatch,
  earlier: Pick<TokenCache, "of"> = { of: () => undefined },
  counted: () => void = () => {},
): Promise<(line: DatasetLine) => Measured> {
  const count = lineCounter(await loadCounter(encoding));
  const known = new Map<string, number>();
  const tokensOf = (hash: string, line: DatasetLine): number => {
    const tokens = known.get(hash) ?? earlier.of(hash);
    if (tokens !== undefined) return tokens;
    const fresh = count(line);
    counted();
    if (known.size >= KEPT) known.clear();
    known.set(hash, fresh);
    return fresh;
  };
  return (line) => {
    const hash = stages.time("exact_duplicates", () => contentHash(line));
    return { contentHash: hash, tokens: stages.time("tokens", () => tokensOf(hash, line)) };
  };
}
