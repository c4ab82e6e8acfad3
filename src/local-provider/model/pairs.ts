import { type Case, caseOf, situationOf, type ToolsetCache } from "./cases.ts";
import type { WireMessage, WireTool } from "./wire.ts";

/** Two answers in one situation, of which the first was preferred. */
export interface Pair {
  readonly preferred: Case;
  readonly rejected: Case;
}

/**
 * The first decision in which the two outputs of a preference line part; none where the model sees no difference.
 * What follows it happened in two different conversations and compares nothing.
 */
export function pairsOf(line: string, toolsets: ToolsetCache): Pair[] {
  const { input, preferred_output, non_preferred_output } = JSON.parse(line) as {
    input: { messages: WireMessage[]; tools?: WireTool[] };
    preferred_output: WireMessage[];
    non_preferred_output: WireMessage[];
  };
  const toolset = toolsets.read(input.tools ?? []);
  for (const [i, better] of preferred_output.entries()) {
    const worse = non_preferred_output[i];
    if (better.role !== "assistant" || worse?.role !== "assistant") continue;
    const situation = situationOf([...input.messages, ...preferred_output.slice(0, i)], toolset);
    const pair = { preferred: caseOf(situation, better), rejected: caseOf(situation, worse) };
    if (decision(pair.preferred) !== decision(pair.rejected)) return [pair];
  }
  return [];
}

/** An answer as far as the model tells it from others: its tool and where its arguments come from, or its words. */
export const decision = ({ target, text, leaves }: Pick<Case, "target" | "text" | "leaves">) =>
  JSON.stringify([target, text, leaves]);

/** Each pair once: one that stands twice says no more than it says once. */
export function uniquePairs(pairs: readonly Pair[]): Pair[] {
  const factsOf = ({ situation: { request, after }, raw, target, text, leaves }: Case) => [
    request,
    after,
    raw,
    target,
    text,
    leaves,
  ];
  return [
    ...new Map(
      pairs.map((pair) => [JSON.stringify([pair.preferred, pair.rejected].map(factsOf)), pair]),
    ).values(),
  ];
}
