import type { CustomRule } from "../redaction/policy.ts";

/**
 * How long a rule may take at most for a megabyte of a text that is made for it. The engine is linear in the text, but what it
 * takes for a letter reaches from 20 ns to microseconds, and no figure of the pattern tells: fifty names of projects compile to
 * more instructions than what tries ninety beginnings at each letter. So a rule is tried before it is set.
 */
const MOST_MS = 1_000;
const LETTERS = 16_384;
/** So often at least, and on until so much processor time is spent: a cold engine, and a busy machine, are slow at first. */
const FEWEST_TRIES = 3;
const MOST_SPENT_MS = 600;

/**
 * Letters of one kind without end, and the pattern's own: whatever it begins with, it begins everywhere. The pattern stands
 * behind each, because the engine does not look at a text that lacks a letter which has to be there.
 */
function textsFor(pattern: string): string[] {
  const written = pattern.replace(/\\[A-Za-z]/g, "").replace(/\\(.)/g, "$1");
  const own = written.replace(/\(\?[a-zA-Z]*:?|\{[\d,]*\}/g, "").replace(/[^\p{L}\p{N}_ @:/#-]/gu, "");
  const units = [
    "abcdefghij",
    "ABCDEFGHIJ",
    "0123456789",
    "aB3dE6gH9j",
    "word and word 12 ",
    "a",
    "a-",
    "a.b@c ",
  ];
  return [...units, ...(own === "" ? [] : [own, own.slice(0, -1) || own])].map(
    (unit) => `${unit.repeat(Math.ceil(LETTERS / unit.length)).slice(0, LETTERS)} ${written}`,
  );
}

/** Of this thread where Node tells it: others of the process work, too. */
const cpuUsage = (): NodeJS.CpuUsage =>
  (process as { threadCpuUsage?: () => NodeJS.CpuUsage }).threadCpuUsage?.() ?? process.cpuUsage();

/** Milliseconds of processor time a megabyte, of the quickest try: others use the machine, too. */
function perMegabyte(rule: CustomRule, text: string): number {
  let least = Number.POSITIVE_INFINITY;
  let spent = 0;
  for (let n = 0; least > MOST_MS && (n < FEWEST_TRIES || spent < MOST_SPENT_MS); n++) {
    const before = cpuUsage();
    rule.spans(text);
    const now = cpuUsage();
    const ms = (now.user + now.system - before.user - before.system) / 1_000;
    spent += ms;
    least = Math.min(least, ms * (1_000_000 / LETTERS));
  }
  return least;
}

/** Whether a rule is too slow for texts that somebody writes against it. */
export const isSlow = (rule: CustomRule, pattern: string): boolean =>
  textsFor(pattern).some((text) => perMegabyte(rule, text) > MOST_MS);
