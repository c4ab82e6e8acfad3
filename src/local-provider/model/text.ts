/** English words that say nothing about what a text is of: no features are made of them. */
const STOP_WORDS = new Set(
  (
    "a an and any are as at be been but by can could did do does for from had has have he her his how i if in into is " +
    "it its just like may me might must my no not of on or our please shall she should so some than that the their " +
    "them then there these they this those to too us was we were what when where which who will with would you your"
  ).split(" "),
);

/** Cuts common English endings, deliberately crudely, so that `creates`, `created` and `creating` meet. */
function stem(word: string): string {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  let cut = word;
  if (cut.length > 5 && cut.endsWith("ing")) cut = cut.slice(0, -3);
  else if (cut.length > 4 && cut.endsWith("ed")) cut = cut.slice(0, -2);
  else if (cut.length > 3 && cut.endsWith("s") && !cut.endsWith("ss")) cut = cut.slice(0, -1);
  return cut.length > 3 && cut.endsWith("e") ? cut.slice(0, -1) : cut;
}

/** Stems of a text's words without stop words; `camelCase` and `snake_case` fall apart into words. */
export function words(text: string): string[] {
  const found = text
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu);
  return (found ?? []).filter((word) => !STOP_WORDS.has(word)).map(stem);
}

/** Sentences and list lines of a text, trimmed, none empty. */
export function sentences(text: string): string[] {
  return text
    .split(/\n+|(?<=[.!?])\s+/u)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** About four characters to a token, as OpenAI's rule of thumb has it; an estimate, and only used as one. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / TOKEN_LENGTH);
}

const TOKEN_LENGTH = 4;

/** So much of a text's beginning as the estimate takes for `most` tokens; no character is cut in two. */
export function firstTokens(text: string, most: number): string {
  const cut = text.slice(0, most * TOKEN_LENGTH);
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}

const VALUES: readonly [RegExp, string][] = [
  [/"[^"]*"|“[^”]*”|`[^`]*`|(?<!\w)'[^']*'(?!\w)/gu, " valquoted "],
  [/https?:\/\/\S+/gu, " valurl "],
  [/(?:[\w.~-]*\/)[\w./~-]*|\b[\w-]+\.[A-Za-z]\w{0,4}\b/gu, " valpath "],
  [/-?\b\d+(?:[.,]\d+)*\b/gu, " valnumber "],
];

/**
 * What a request looks like to the classifier: stems and pairs of neighbouring stems. Concrete values (quoted text,
 * paths, numbers) become marks, so that a request about another file is still the same kind of request.
 */
export function features(text: string): string[] {
  let plain = text;
  for (const [pattern, mark] of VALUES) plain = plain.replace(pattern, mark);
  const stems = words(plain);
  const out = [...stems];
  for (let i = 0; i + 1 < stems.length; i++) out.push(`${stems[i]} ${stems[i + 1]}`);
  const opening = plain.toLowerCase().match(/[\p{L}']+/u)?.[0];
  // The very first word carries the kind of request (what, how, list), also when it is a stop word.
  if (opening !== undefined) out.push(`^${opening}`);
  return out;
}
