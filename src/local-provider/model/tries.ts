import { type Answer, toolAnswer } from "./answer.ts";
import { learnLeaves, setAt } from "./slots.ts";
import { findSpans } from "./spans.ts";

/**
 * The same call with one argument taken from elsewhere in the request, where the request has anything else of that kind;
 * where two arguments have each other's value they change places. Undefined when there is nothing else to try.
 */
export function varied(
  call: Extract<Answer, { kind: "tool" }>,
  request: string,
  place: number,
  random: () => number,
): Answer | undefined {
  const args = JSON.parse(call.arguments) as Record<string, unknown>;
  const leaves = learnLeaves(args, request);
  const spans = findSpans(request);
  const options = leaves.flatMap((leaf) => {
    if (!("kind" in leaf)) return [];
    const now = spans.find((span) => span.kind === leaf.kind && span.index === leaf.index);
    return spans
      .filter((span) => span.value !== now?.value && (span.kind === "number") === (leaf.kind === "number"))
      .map((span) => ({ leaf, now, span }));
  });
  const chosen = options[Math.floor(random() * options.length)];
  if (chosen === undefined) return undefined;
  const { leaf, now, span } = chosen;
  const typed = (text: string) => (span.kind === "number" ? Number(text) : text);
  const other = leaves.find((one) => "kind" in one && one.kind === span.kind && one.index === span.index);
  if (other !== undefined && now !== undefined) setAt(args, other.path, typed(now.value));
  setAt(args, leaf.path, typed(span.value));
  return toolAnswer(call.name, args, place);
}

const LONGEST_PHRASE = 60;
const MOST_PHRASES = 50;

/** Phrases that the instructions of several lines hold, in quotes or in a list: what a model may be told to answer with. */
export function phrases(instructions: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of instructions) {
    const quoted = [...text.matchAll(/"([^"\n]+)"|`([^`\n]+)`/g)].map((match) => match[1] ?? match[2] ?? "");
    const listed = text.split(/[\n:;.]/).flatMap((part) => {
      const items = part.split(/,|\bor\b|\band\b/);
      return items.length > 1 ? items : [];
    });
    const all = [...quoted, ...listed].map((one) => one.trim().replace(/^["'`-]+\s*|["'`]+$/g, ""));
    for (const phrase of new Set(all))
      if (phrase !== "" && phrase.length <= LONGEST_PHRASE) counts.set(phrase, (counts.get(phrase) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > 1)
    .slice(0, MOST_PHRASES)
    .map(([phrase]) => phrase);
}
