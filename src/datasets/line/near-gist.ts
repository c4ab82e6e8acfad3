import type { Message } from "../../episodes/contract.ts";
import { canonicalJson } from "../../kernel/hashing.ts";
import type { DatasetLine } from "../contract.ts";
import { scan, Tokens } from "./near-scan.ts";
import { EXACT, ended, hashOfText, mixed, STOP, WORD } from "./near-words.ts";
import { fieldsOf, inputLength, isPreference, restOf, turnsOf } from "./normalise.ts";

/** A turn's text, and whether it is of what was asked or of what was done. */
interface Said {
  readonly text: string;
  readonly asked: boolean;
  readonly byAssistant: boolean;
}

/** What a line says, and everything else that it holds, as text that must be equal. */
export interface Parts {
  readonly said: readonly Said[];
  /** System and developer turns. */
  readonly system: string;
  readonly fixed: string;
}

/**
 * Parts a line: texts are compared by likeness, system turns by themselves, since the same request under another
 * prompt is the same request, and all else (roles, pictures, refusals, tool calls, tools, what a grader reads) by
 * equality. What a format may have beyond is in `fixed` by being no text.
 */
export function partsOf(line: DatasetLine): Parts {
  const { messages, outputs } = turnsOf(line);
  const cut = inputLength(messages);
  const said: Said[] = [];
  const places: string[] = [];
  let system = "";
  let fixed = isPreference(line) ? `p${line.preferred_output.length}` : "";
  let index = -1;
  for (const turn of outputs.length === 0 ? messages : [...messages, ...outputs]) {
    index++;
    const { texts, others } = contentOf(turn.content);
    const text = texts.length === 1 ? (texts[0] as string) : texts.join("\n");
    if (turn.role === "system" || turn.role === "developer") system += `${turn.role}:${text}${others}\n`;
    else {
      said.push({ text, asked: index < cut, byAssistant: turn.role === "assistant" });
      fixed += `;${turn.role}${others}${restOf(turn, places)}`;
    }
  }
  return { said, system, fixed: `${fixed}${fieldsOf(line)}` };
}

const NO_PARTS = { texts: [] as string[], others: "" };
function contentOf(content: Message["content"]): {
  readonly texts: readonly string[];
  readonly others: string;
} {
  if (content === undefined || content === null) return NO_PARTS;
  if (typeof content === "string") return { texts: [content], others: "" };
  const texts: string[] = [];
  let others = "";
  for (const part of content) {
    const { text, ...rest } = part;
    if (typeof text === "string") texts.push(text);
    // Where among the texts a picture stands.
    if (typeof text !== "string" || part.type !== "text") others += `[${texts.length}${canonicalJson(rest)}`;
  }
  return { texts, others };
}

/**
 * A gist's numbers in a signature: 0 what must be the same (for a rewording, too), 1 the system turns, 2 and 3 all but
 * the system turns, 3 and 4 all.
 */
export const GIST_WORDS = 5;

const tokens = new Tokens();
const FROM = hashOfText("from");
const TO = hashOfText("to");
/** The word after one of these is what it is about: to change places changes the meaning. */
const DIRECTED = new Set(["from", "than", "versus", "vs", "von"].map(hashOfText));
/** Answers of fewer words are labels: every word counts. */
const LABEL_WORDS = 4;

export interface WordSink {
  /** A word of a turn, as what it is taken for. */
  take(hash: number, asked: boolean): void;
}

/** Sums over a line's tokens, which no order changes: of what must be the same, and of the words. */
export interface Sums {
  readonly exact: readonly [number, number];
  readonly words: readonly [number, number];
}

/**
 * Reads a line into a gist. Lines of equal ones are the same to a person: they differ in case, punctuation, white space,
 * politeness, or the order of sentences and words. @param system whether system turns count
 */
export function writeGist(line: DatasetLine, into: Uint32Array, system: boolean, sink?: WordSink): void {
  const parts = partsOf(line);
  const { exact, words } = sumsOf(parts, sink);
  const prompt = system ? systemHash(parts.system) : 0;
  const one = ended(exact[0] ^ Math.imul(ended(words[0]), 0x9e3779b1));
  const other = ended(exact[1] ^ Math.imul(ended(words[1]), 0x85ebca6b));
  into[0] = exact[0];
  into[1] = prompt;
  into[2] = one;
  into[3] = other;
  into[4] = ended(one ^ Math.imul(other, 0xc2b2ae35) ^ Math.imul(prompt, 0x27d4eb2f));
}

export function sumsOf({ said, fixed }: Parts, sink?: WordSink): Sums {
  let exact = textHash(fixed, 1);
  let exact2 = textHash(fixed, 2);
  let words = 0;
  let words2 = 0;
  for (const [turn, { text, asked, byAssistant }] of said.entries()) {
    tokens.clear();
    scan(text, tokens);
    const { count, hashes, written, kinds } = tokens;
    const allCount = (byAssistant && count < LABEL_WORDS) || !hasContent();
    const hasFrom = written.subarray(0, count).includes(FROM);
    for (let at = 0; at < count; at++) {
      const kind = kinds[at] as number;
      const hash = written[at] as number;
      if (kind === STOP && !allCount) continue;
      // Negations deny alike, however they are written.
      const meant = kind === EXACT ? (hashes[at] as number) : hash;
      const own = ended(mixed(meant, turn * 2 + (kind === EXACT ? 1 : 0)));
      if (kind === EXACT) {
        exact = (exact + own) | 0;
        exact2 = (exact2 + ended(own ^ SECOND)) | 0;
      } else {
        words = (words + own) | 0;
        words2 = (words2 + ended(own ^ SECOND)) | 0;
        if (kind === WORD) sink?.take(hashes[at] as number, asked);
      }
      if (DIRECTED.has(hash) || (hasFrom && hash === TO)) {
        const pair = ended(mixed(hash, nextWord(at)));
        exact = (exact + pair) | 0;
        exact2 = (exact2 + ended(pair ^ SECOND)) | 0;
      }
    }
  }
  return { exact: [exact, exact2], words: [words, words2] };
}

const SECOND = 0x5bd1e995;

function hasContent(): boolean {
  for (let at = 0; at < tokens.count; at++) if (tokens.kinds[at] !== STOP) return true;
  return false;
}

function nextWord(at: number): number {
  for (let next = at + 1; next < tokens.count; next++)
    if (tokens.kinds[next] !== STOP) return tokens.written[next] as number;
  return 0;
}

function textHash(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return ended(hash);
}

/** Prompts are few: the last one's hash is kept. */
let lastSystem = { text: "", hash: 0 };
function systemHash(system: string): number {
  if (lastSystem.text === system) return lastSystem.hash;
  const text = system.normalize("NFKC").toLowerCase().replace(/\s+/gu, " ").trim();
  lastSystem = { text: system, hash: textHash(text, 3) };
  return lastSystem.hash;
}
