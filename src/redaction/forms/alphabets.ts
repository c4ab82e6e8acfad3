/** What characters are to the search for keys, for code that looks at one after the other. */

const table = (letters: RegExp): Uint8Array => {
  const known = new Uint8Array(0x1_00_00);
  for (let code = 0; code < 128; code++) if (letters.test(String.fromCharCode(code))) known[code] = 1;
  return known;
};
/** By code unit, 1 for letters and digits. */
export const ALNUM = table(/[A-Za-z0-9]/);
/** By code unit, 1 for what the words of keys are made of. */
export const IN_WORD = table(/[A-Za-z0-9_.-]/);

/**
 * Whether the letter at `at` begins a word although a letter stands before it: that one ends an escape, as in `\n`,
 * `\u003d`, `%3D`, or the colour of a terminal's text.
 */
export const isBehindEscape = (text: string, at: number): boolean =>
  /(?:\\[bfnrtv]|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|%[0-9a-fA-F]{2}|\[[\d;]{0,6}m)$/.test(
    text.slice(Math.max(0, at - 12), at),
  );
