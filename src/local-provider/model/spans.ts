/** Pieces of a request that can be the value of an argument. */
export type SpanKind = "quoted" | "url" | "email" | "path" | "number" | "name" | "word" | "tail";

export interface Span {
  readonly kind: SpanKind;
  readonly value: string;
  /** Which one of its kind, from 0. */
  readonly index: number;
  /** The word before it, in lower case; "^" at the start. */
  readonly left: string;
  /** Where it begins in the request. */
  readonly at: number;
}

/** In order of trust: what an earlier pattern took, a later one leaves alone. */
const PATTERNS: readonly [SpanKind, RegExp][] = [
  ["quoted", /"([^"]*)"|“([^”]*)”|`([^`]*)`|(?<!\w)'([^']*)'(?!\w)/gu],
  ["url", /(https?:\/\/[^\s,;]*[^\s,;.?!)])/gu],
  ["email", /([\w.+-]+@[\w-]+(?:\.[\w-]+)+)/gu],
  [
    "path",
    /((?:~|\.{1,2})?\/(?:[\w.~-]+\/)*(?:[\w.-]*[\w-])?|(?:[\w.-]+\/)+(?:[\w.-]*[\w-])?|\b[\w-]+\.[A-Za-z]\w{0,4}\b)/gu,
  ],
  ["number", /(?<![\w.])(-?\d+(?:\.\d+)?)(?!\w)/gu],
  ["name", /(?<=\S\s+)(\p{Lu}[\p{L}\p{N}_]*(?:[ _]\p{Lu}[\p{L}\p{N}_]*)*)/gu],
];
/** A word is a value only after the others are gone; a tail is all that follows one of these words. */
const TAIL =
  /\b(?:about|for|that|with|saying|says|text|message|called|named|matching|containing|of|to)\s+(.+?)[.?!]?$/giu;
const WORD = /[\p{L}\p{N}_-]{2,}/gu;

function wordBefore(text: string, at: number): string {
  return (
    text
      .slice(0, at)
      .match(/([\p{L}\p{N}_]+)[^\p{L}\p{N}_]*$/u)?.[1]
      ?.toLowerCase() ?? "^"
  );
}

/** Every candidate in a request, the most trusted kinds first. */
export function findSpans(request: string): Span[] {
  const text = request.slice(0, 8000);
  const spans: Span[] = [];
  const counts = new Map<SpanKind, number>();
  const push = (kind: SpanKind, value: string, at: number) => {
    const index = counts.get(kind) ?? 0;
    counts.set(kind, index + 1);
    spans.push({ kind, value, index, left: wordBefore(text, at), at });
  };
  let rest = text;
  for (const [kind, pattern] of PATTERNS)
    rest = rest.replace(pattern, (whole: string, ...groups: unknown[]) => {
      const at = groups.find((group) => typeof group === "number") as number;
      const value = groups.slice(0, groups.indexOf(at)).find((group) => typeof group === "string");
      push(kind, value ?? whole, at);
      return "\u0000".repeat(whole.length);
    });
  for (const match of rest.matchAll(WORD)) push("word", match[0], match.index);
  for (const match of text.matchAll(TAIL)) {
    const value = match[1] ?? "";
    push("tail", value.trim(), match.index + match[0].indexOf(value));
  }
  return spans;
}
