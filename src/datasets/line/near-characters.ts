/** Classes of characters; 0: not looked at yet. */
export const [
  ,
  SPACE,
  LETTER,
  DIGIT,
  PUNCTUATION,
  SYMBOL,
  UNSPACED,
  PAIRED,
  APOSTROPHE,
  NEWLINE,
  FULL_STOP,
  HYPHEN,
  SHARP_S,
] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
/** By code unit its class and, in the lower 16 bits, its lower case; 0: not looked at yet. */
const units = new Int32Array(65_536);
/** Scripts that put no spaces between words. */
const NO_SPACES =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}|\p{Script=Lao}|\p{Script=Khmer}|\p{Script=Myanmar}|ー/u;

function classify(code: number): number {
  const char = String.fromCharCode(code);
  if (code === 0xdf) return SHARP_S;
  if (char === "\n" || char === "\r" || char === "\u2028" || char === "\u2029") return NEWLINE;
  if (/['’‘ʼ´]/.test(char)) return APOSTROPHE;
  if (/[.!?;:。।؟¿¡]/u.test(char)) return FULL_STOP;
  if (/[-\u2010\u2011]/.test(char)) return HYPHEN;
  if (code >= 0xd800 && code < 0xe000) return PAIRED;
  if (NO_SPACES.test(char)) return UNSPACED;
  if (/[\ufe00-\ufe0f\u00ad]/.test(char)) return SPACE;
  if (/[\p{L}\p{M}]/u.test(char)) return LETTER;
  if (/\p{N}/u.test(char)) return DIGIT;
  if (/[@#%&/\\_+]/.test(char)) return SYMBOL;
  if (/\p{P}/u.test(char)) return PUNCTUATION;
  if (/[`´¨¯¸]/u.test(char)) return PUNCTUATION;
  return /\p{S}/u.test(char) ? SYMBOL : SPACE;
}

function lookAt(code: number): number {
  const char = String.fromCharCode(code);
  const unit = (classify(code) << 16) | (char === "ς" ? "σ" : char.toLowerCase()).charCodeAt(0);
  units[code] = unit;
  return unit;
}
/** A code unit's class and, in the lower 16 bits, its lower case. */
export const unitOf = (code: number): number => (units[code] as number) || lookAt(code);
export const classOf = (code: number): number => unitOf(code) >>> 16;
