/** Entries of the cache: an agent offers a handful of tool lists; past this many it is emptied. */
const MOST = 200;

/**
 * Memoises a function of a value's JSON. Thousands of lines of an agent offer the same tools;
 * checking and hashing them once instead of each time halves the cost of a line.
 */
export function memoiseJson<T>(compute: (value: unknown) => T): (value: unknown) => T {
  const known = new Map<string, T>();
  return (value) => {
    const text = textOf(value);
    const found = known.get(text);
    if (found !== undefined) return found;
    const answer = compute(value);
    if (known.size >= MOST) known.clear();
    known.set(text, answer);
    return answer;
  };
}

const texts = new WeakMap<object, string>();

/** A value's JSON; of the same object it is made once: a line's tools are looked at for three reasons. */
export function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = JSON.stringify(value);
  texts.set(value, text);
  return text;
}
