/** Letters that are not seen, wide forms of ASCII's, and letters that JSON wrote as numbers. */
const GATE = /[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\uff01-\uff5e]|\\u00[2-7]/;
const UNSEEN = /[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]/g;
const WIDE = /[\uff01-\uff5e]/g;
/** `\u0061`, but for quotes and the backslash, which would end what they stand in. */
const ESCAPED = /(?<!\\)\\u00([2-7][0-9a-fA-F])/g;

export const mayHoldOddLetters = (text: string): boolean => GATE.test(text);

/** The text with plain letters in place of these: what a reader takes it for. */
export function foldLetters(text: string): string {
  if (!GATE.test(text)) return text;
  return text
    .replace(UNSEEN, "")
    .replace(WIDE, (letter) => String.fromCharCode(letter.charCodeAt(0) - 0xfee0))
    .replace(ESCAPED, (whole, hex: string) => {
      const letter = String.fromCharCode(Number.parseInt(hex, 16));
      return letter === '"' || letter === "\\" || letter === "\u007f" ? whole : letter;
    });
}
