/**
 * What moves a terminal's cursor, colours or reorders its text, or is no character: controls but tab and line end, marks
 * of direction, separators of lines and paragraphs, lone surrogates.
 */
const UNPRINTABLE = /(?![\n\t])[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** `\u202e`, which in JSON is the character itself. */
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Text made safe for a terminal: what is no text stands there as its escape; JSON stays the same JSON. */
export const printable = (text: string): string => text.replaceAll(UNPRINTABLE, escaped);

/** The same on one line, so that a text of somebody's cannot pass for a line of ours. */
export const printableLine = (text: string): string =>
  printable(text.replaceAll(/\r\n|[\r\n]/g, "⏎").replaceAll("\t", " "));
