import type { RedactionPolicy } from "./policy.ts";

/** What one run over a value has replaced, by kind, and under which policy: `replaced` is the one place that makes placeholders. */
export interface Hits {
  readonly counts: Record<string, number>;
  readonly policy: RedactionPolicy;
  /** What the agent's own rules read, and since when. */
  spent?: { letters: number; unchecked: number; readonly since: NodeJS.CpuUsage };
  /** Whether a string is a later piece of a private key that began in one before it. */
  inPieces?: { take(text: string): boolean };
}

/**
 * `[REDACTED:email]`, `[REDACTED:email#k3f9a2c1x7qd]` where a pseudonym stands for the value; what older versions or other
 * writers left is recognised too. The one description of a placeholder, as the source of an expression.
 */
export const PLACEHOLDER = String.raw`\[REDACTED(?::[a-z][a-z0-9_]{0,39}(?:#[a-z2-7]{12})?)?\]`;
export const PLACEHOLDERS: RegExp = new RegExp(PLACEHOLDER, "g");
const ONLY_PLACEHOLDERS = new RegExp(`^(?:${PLACEHOLDER}\\s?)+$`);

/** True when nothing but placeholders is left, so that redacting twice changes and counts nothing. */
export function isPlaceholder(text: string): boolean {
  return text.startsWith("[REDACTED") && ONLY_PLACEHOLDERS.test(text);
}

/** The placeholder that stands for `secret`, counted; a placeholder stands for itself. */
export function replaced(hits: Hits, kind: string, secret: string): string {
  if (isPlaceholder(secret)) return secret;
  hits.counts[kind] = (hits.counts[kind] ?? 0) + 1;
  return hits.policy.token?.(kind, secret) ?? `[REDACTED:${kind}]`;
}

/** Bits per character of a text's own letter frequencies (Shannon). */
function entropy(text: string): number {
  const counts = new Uint16Array(128);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at) & 127;
    counts[code] = (counts[code] ?? 0) + 1;
  }
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / text.length) * Math.log2(count / text.length);
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

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const ADDRESS = /:\/\/|^[/.]|\.(?:[a-z]{2,5}|\d{1,3})$/;
const ONE_WORD = /^[\w+/=.~%:-]+$/;

/**
 * Whether a value looks as if dice had made it, which names and addresses of things do not: at least 16 letters and
 * digits that change between small, capital and digit all the time. A hash looks so, too.
 */
export function looksRandom(value: string): boolean {
  if (value.length < 16) return false;
  const sample = value.length > 120 ? value.slice(0, 120) : value;
  let length = 0;
  let digits = 0;
  let runs = 0;
  let turns = 0;
  let last = 0;
  for (let at = 0; at < sample.length; at++) {
    const code = sample.charCodeAt(at);
    const kind =
      code >= 97 && code <= 122 ? 1 : code >= 65 && code <= 90 ? 2 : code >= 48 && code <= 57 ? 3 : 0;
    if (kind === 0) continue;
    length++;
    if (kind === 3) digits++;
    if (kind === last) continue;
    runs++;
    // Digits scattered among letters: names have a number at most at their ends.
    if (last !== 0 && (kind === 3) !== (last === 3)) turns++;
    last = kind;
  }
  if (length < 16 || digits === length) return false;
  if (digits === 0 ? length < 20 || !isShuffled(sample) : runs * 2.2 < length && turns * 8 < length)
    return false;
  return ONE_WORD.test(sample) && !ADDRESS.test(sample) && !UUID.test(sample);
}

/** Letters without the turns of vowels and consonants that words have. */
function isShuffled(letters: string): boolean {
  if (!/^[A-Za-z]+$/.test(letters)) return false;
  const vowels = letters.match(/[aeiouy]/gi)?.length ?? 0;
  return vowels * 4 < letters.length && /[^aeiouy]{5}/i.test(letters);
}
