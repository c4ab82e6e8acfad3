import type { Message } from "../../../src/episodes/contract.ts";

/** What an agent and its users said, made fit to be read. All of it is hostile until shown as text. */

/** JSON indented; anything else as it is, and so is JSON with longer numbers than a double holds. */
export function pretty(text: string): string {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed) || LONG_NUMBER.test(trimmed)) return text;
  try {
    return JSON.stringify(JSON.parse(trimmed), null, 2);
  } catch {
    return text;
  }
}

const LONG_NUMBER = /[:[,\s]-?(?:\d[\d.]{15}|[\d.]+[eE])/;

export function textOf(content: Message["content"]): string {
  if (content === undefined || content === null) return "";
  if (typeof content === "string") return content;
  return content.map((part) => (typeof part.text === "string" ? part.text : `[${part.type}]`)).join("\n");
}

/** Anything as text: strings as they are, the rest as indented JSON. */
export const shown = (value: unknown): string =>
  value === undefined ? "" : typeof value === "string" ? pretty(value) : JSON.stringify(value, null, 2);

export interface Piece {
  readonly kind: "text" | "redacted" | "control";
  readonly text: string;
}

/**
 * Characters that change how other text looks or hide in it: marks of direction, zero width, control characters. They
 * are shown by name, so that what is read is what is there.
 */
const NAMES: Readonly<Record<string, string>> = {
  "\u200b": "ZWSP",
  "\u200c": "ZWNJ",
  "\u200d": "ZWJ",
  "\u200e": "LRM",
  "\u200f": "RLM",
  "\u202a": "LRE",
  "\u202b": "RLE",
  "\u202c": "PDF",
  "\u202d": "LRO",
  "\u202e": "RLO",
  "\u2060": "WJ",
  "\u2066": "LRI",
  "\u2067": "RLI",
  "\u2068": "FSI",
  "\u2069": "PDI",
  "\ufeff": "BOM",
};
// Joiners between letters make emoji and whole scripts work; alone they hide. ZWJ and ZWNJ stay as they are.
const MARKS =
  /\[REDACTED(?:[:_][\w:.# -]{1,60})?\]|[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]|(?![\n\t\r])\p{Cc}/gu;

/** A text in pieces: what was redacted and what would hide stand apart. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(MARKS)) {
    if (match.index > at) found.push({ kind: "text", text: text.slice(at, match.index) });
    const [mark] = match;
    if (mark.startsWith("[")) found.push({ kind: "redacted", text: mark.slice(1, -1) });
    else
      found.push({
        kind: "control",
        text: NAMES[mark] ?? `U+${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`,
      });
    at = match.index + mark.length;
  }
  if (at < text.length) found.push({ kind: "text", text: text.slice(at) });
  return found;
}

/** Longer texts begin folded. */
const FOLD_CHARACTERS = 1200;
const FOLD_LINES = 18;

/** The beginning of a long text, cut at a line's end where there is one; undefined when the text is short. */
export function beginning(text: string): string | undefined {
  const lines = text.split("\n", FOLD_LINES + 1);
  if (text.length <= FOLD_CHARACTERS && lines.length <= FOLD_LINES) return undefined;
  return lines.slice(0, FOLD_LINES).join("\n").slice(0, FOLD_CHARACTERS);
}

/** One line for a list. */
export const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim();
