import type { Message } from "../../episodes/contract.ts";
import { canonicalJson, sha256 } from "../../kernel/hashing.ts";
import type { DatasetLine } from "../contract.ts";
import { scan } from "./near-scan.ts";
import { Tokens } from "./near-tokens.ts";
import { BEFORE, ended, FIRST, hashesOf, SAME, STOP, TAKEN_FOR } from "./near-words.ts";
import { fieldsOf, isPreference, restOf, turnsOf } from "./normalise.ts";

interface Said {
  readonly text: string;
  readonly byAssistant: boolean;
}

/** What a line says, and everything else that it holds, as text that must be equal. */
interface Parts {
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
function partsOf(line: DatasetLine): Parts {
  const { messages, outputs } = turnsOf(line);
  const said: Said[] = [];
  const places: string[] = [];
  let system = "";
  let fixed = isPreference(line) ? `p${line.preferred_output.length}` : "";
  for (const turn of outputs.length === 0 ? messages : [...messages, ...outputs]) {
    const { texts, others } = contentOf(turn.content);
    const text = texts.length === 1 ? (texts[0] as string) : texts.join("\n");
    if (turn.role === "system" || turn.role === "developer") system += `${turn.role}:${text}${others}\n`;
    else {
      said.push({ text, byAssistant: turn.role === "assistant" });
      fixed += `;${turn.role}${others}${restOf(turn, places)}`;
    }
  }
  return { said, system, fixed: `${fixed}${fieldsOf(line)}` };
}

/** A part that is long, as a picture's bytes are, by its hash: what is equal is equal still, and is read fast. */
const LONG = 1000;
const named = (part: string): string => (part.length <= LONG ? part : sha256(part));

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
    if (typeof text !== "string" || part.type !== "text")
      others += `[${texts.length}${named(canonicalJson(rest))}`;
  }
  return { texts, others };
}

const tokens = new Tokens();
/** Of fewer words each counts as it is written: it may be a label, or a word that is asked about. */
const FEW_WORDS = 5;

/** Words of a gist: two of all but the system turns, the second of which with a third says all. */
export const GIST_WORDS = 4;

/**
 * Reads a line into a gist. Lines of equal ones are the same to a person: they differ in case, punctuation, white space,
 * politeness, words for the same thing, or the order of sentences and words. The first two words tell of all but the
 * system turns, the second and the third of all. @param system whether system turns count
 */
export function writeGist(line: DatasetLine, into: Uint32Array, system: boolean): void {
  const parts = partsOf(line);
  const { fixed, said } = parts;
  let [one, other] = hashesOf(fixed);
  for (let turn = 0; turn < said.length; turn++) {
    const { text, byAssistant } = said[turn] as Said;
    // What a tool answered an agent may well say again.
    if (turn === 0 || text !== said[turn - 1]?.text || tokens.content < FEW_WORDS) sumText(text, byAssistant);
    one = ended(Math.imul(one, 31) ^ sums[0]);
    other = ended(Math.imul(other, 37) ^ sums[1]);
  }
  const prompt = system ? systemHash(parts.system) : 0;
  into[0] = ended(one);
  into[1] = ended(other);
  into[2] = ended(into[0] ^ Math.imul(prompt, 0x27d4eb2f));
  into[3] = 0;
}

const sums: [number, number] = [0, 0];
/** Sums over a text's tokens, which no order changes. */
function sumText(text: string, byAssistant: boolean): void {
  scan(text, tokens);
  const { count, content, isAboutWords, flags } = tokens;
  const isShort = content < FEW_WORDS;
  const left = isAboutWords || content === 0 || (byAssistant && isShort) ? 0 : STOP;
  const same = isAboutWords || isShort ? 0 : SAME;
  let one = 0;
  let other = 0;
  for (let at = 0; at < count; at++) {
    const flag = flags[at] as number;
    if ((flag & left) !== 0) continue;
    const hash = hashAt(at, 0, same);
    const second = hashAt(at, 1, same);
    one = (one + ended(hash)) | 0;
    other = (other + ended(second)) | 0;
    if ((flag & BEFORE) === 0) continue;
    // From here to there is not from there to here.
    const next = following(at);
    one = (one + ended(Math.imul(hash, 5) ^ hashAt(next, 0, same))) | 0;
    other = (other + ended(Math.imul(second, 5) ^ hashAt(next, 1, same))) | 0;
  }
  sums[0] = one;
  sums[1] = other;
}

/** One of a token's two hashes, or of what it is taken for. */
function hashAt(at: number, which: number, same: number): number {
  const place = ((tokens.flags[at] as number) & same) === 0 ? 0 : (tokens.places[at] as number);
  return (place === 0 ? tokens.hashes[at * 2 + which] : TAKEN_FOR[place * 2 + which]) as number;
}

/** The sentence's next word that counts; after its last one the first, so that a sentence may be turned around. */
function following(at: number): number {
  const { count, flags } = tokens;
  for (let next = at + 1; next < count && ((flags[next] as number) & FIRST) === 0; next++)
    if (((flags[next] as number) & STOP) === 0) return next;
  let first = at;
  for (let before = at; before >= 0; before--) {
    if (((flags[before] as number) & STOP) === 0) first = before;
    if (((flags[before] as number) & FIRST) !== 0) break;
  }
  return first;
}

/** Prompts are few: the last one's hash is kept. */
let lastSystem = { text: "", hash: 0 };
function systemHash(system: string): number {
  if (lastSystem.text === system) return lastSystem.hash;
  const text = system.normalize("NFKC").toLowerCase().replace(/\s+/gu, " ").trim();
  lastSystem = { text: system, hash: ended(hashesOf(text)[0]) };
  return lastSystem.hash;
}
