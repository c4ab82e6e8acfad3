/** What a key does in the review queue. Single letters, so that fifty episodes need no mouse. */

export type ReviewAction =
  | { readonly do: "label"; readonly value: number }
  | { readonly do: "tag"; readonly index: number }
  | { readonly do: "focus"; readonly what: "tags" | "correction" | "note" }
  | { readonly do: "skip" | "undo" | "help" | "fold" };

/** Tags at hand under Shift and a digit; others can be typed. */
export const TAGS = [
  "wrong tool",
  "wrong arguments",
  "made up",
  "incomplete",
  "wrong tone",
  "unsafe",
] as const;

/** Scores under the digits 1 to 5. */
export const SCORES = [-1, -0.5, 0, 0.5, 1] as const;

export interface KeyHelp {
  readonly keys: readonly string[];
  readonly does: string;
}
export const KEY_HELP: readonly KeyHelp[] = [
  { keys: ["Y"], does: "Good" },
  { keys: ["N"], does: "Bad" },
  { keys: ["1", "–", "5"], does: "Score, −1 to +1" },
  { keys: ["Shift", "1", "–", "6"], does: "Tag" },
  { keys: ["E"], does: "Correct the answer or the chosen turn" },
  { keys: ["C"], does: "Comment" },
  { keys: ["T"], does: "Another tag" },
  { keys: ["S"], does: "Skip" },
  { keys: ["Z"], does: "Undo" },
  { keys: ["F"], does: "Unfold long texts" },
  { keys: ["Ctrl", "Enter"], does: "Send as bad, with the correction" },
  { keys: ["Esc"], does: "Leave a field" },
];

export interface KeyPress {
  readonly key: string;
  /** The place of the key, whatever Shift makes of it: `Digit3`. */
  readonly code: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly repeat: boolean;
}

/** @param typing the focus is in a field: only Ctrl+Enter counts there */
export function reviewAction(press: KeyPress, typing: boolean): ReviewAction | undefined {
  const commands = press.ctrlKey || press.metaKey;
  if (commands && press.key === "Enter") return { do: "label", value: -1 };
  if (typing || commands || press.altKey || press.repeat) return undefined;
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(press.code)?.[1];
  if (digit !== undefined) {
    const index = Number(digit) - 1;
    if (press.shiftKey) return index < TAGS.length ? { do: "tag", index } : undefined;
    const value = SCORES[index];
    return value === undefined ? undefined : { do: "label", value };
  }
  switch (press.key.toLowerCase()) {
    case "y":
      return { do: "label", value: 1 };
    case "n":
      return { do: "label", value: -1 };
    case "e":
      return { do: "focus", what: "correction" };
    case "c":
      return { do: "focus", what: "note" };
    case "t":
      return { do: "focus", what: "tags" };
    case "s":
      return { do: "skip" };
    case "z":
      return { do: "undo" };
    case "f":
      return { do: "fold" };
    case "?":
      return { do: "help" };
    default:
      return undefined;
  }
}
