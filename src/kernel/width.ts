/**
 * Values that one thing from outside may hold: an episode, a line of a file, a body that is no list of such. Everything
 * that looks at a value does so for each of them, some microseconds in all, and nothing else runs meanwhile. The largest
 * episode that its other limits allow, two thousand messages, half of them with tool calls, and 128 tools, has 30,000.
 */
export const MOST_VALUES = 50_000;

/** The same of all things that come in one body together: so many are read from JSON in some tenths of a second. */
export const MOST_VALUES_TOGETHER = 500_000;

/** Whether a JSON value holds more than `most` values, itself and every member and item at any depth. Ends in cycles too. */
export function hasMoreValues(value: unknown, most: number): boolean {
  if (typeof value !== "object" || value === null) return most < 1;
  let found = 1;
  const open: object[] = [value];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const members: readonly unknown[] = Array.isArray(one) ? one : Object.values(one);
    found += members.length;
    if (found > most) return true;
    for (const member of members) if (typeof member === "object" && member !== null) open.push(member);
  }
  return false;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/**
 * What is looked at before anything is made of a JSON text: whether its commas alone, outside of texts, part more values
 * than `most`. A value of fewer commas may hold more, and be deep; what is no JSON may be told either way.
 */
export const partsMoreValues = (text: string, most: number): boolean =>
  // Each value has a character at least, and one between it and the next.
  text.length >= 2 * most && commasIn(text, most) >= most;

/** Commas of a JSON text outside of its texts; nothing is counted beyond `most`. */
export function commasIn(text: string, most: number): number {
  let found = 0;
  for (let at = 0; at < text.length && found < most; at++) {
    const char = text.charCodeAt(at);
    if (char === COMMA) found++;
    else if (char === QUOTE) at = endOfText(text, at);
  }
  return found;
}

/** Where the text ends that begins at a quote. */
function endOfText(text: string, begin: number): number {
  let at = begin + 1;
  for (; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) break;
    if (char === BACKSLASH) at++;
  }
  return at;
}
