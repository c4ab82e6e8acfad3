/** Counts of replaced secrets by kind, and the one place that makes placeholders. */
export type Hits = Record<string, number>;

/** `[REDACTED:email]`; what older versions or other writers left is recognised too. */
const ONLY_PLACEHOLDERS = /^(?:\[REDACTED(?::[a-z_]{1,40})?\]\s?)+$/;

/** True when nothing but placeholders is left, so that redacting twice changes and counts nothing. */
export function isPlaceholder(text: string): boolean {
  return text.startsWith("[REDACTED") && ONLY_PLACEHOLDERS.test(text);
}

/** The placeholder that stands for `secret`, counted; a placeholder stands for itself. */
export function replaced(hits: Hits, kind: string, secret: string): string {
  if (isPlaceholder(secret)) return secret;
  hits[kind] = (hits[kind] ?? 0) + 1;
  return `[REDACTED:${kind}]`;
}

/** Bits per character of a text's own letter frequencies (Shannon). */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/**
 * Whether a value that a label announced as a token is one, rather than a word of prose: letters with digits, many
 * digits, unusual case, or a long run without the regularity of words.
 */
export function looksSecret(value: string): boolean {
  if (value.length < 6) return false;
  const sample = value.length > 200 ? value.slice(0, 200) : value;
  if (/\d/.test(sample)) return /[A-Za-z]/.test(sample) || /^\d{6,}$/.test(sample);
  if (/[!#$%^&*+/=~]/.test(sample)) return true;
  if (/[a-z][A-Z]/.test(sample) && sample.length >= 12) return entropy(sample) >= 3;
  return sample.length >= 20 && !/[-_ ]/.test(sample) && entropy(sample) >= 3.3;
}
