import type { Message } from "../../episodes/contract.ts";
import { canonicalJson } from "../../kernel/hashing.ts";
import type { DatasetLine } from "../contract.ts";
import { scan, Tokens } from "./near-scan.ts";
import { BEFORE, ended, STOP } from "./near-words.ts";
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
  let one = textHash(fixed, 1);
  let other = textHash(fixed, 2);
  for (const [turn, { text, byAssistant }] of said.entries()) {
    scan(text, tokens);
    const { count, written, kinds, isAboutWords } = tokens;
    const isShort = tokens.content < FEW_WORDS;
    const allCount = isAboutWords || tokens.content === 0 || (byAssistant && isShort);
    const hashes = isAboutWords || isShort ? written : tokens.meant;
    const turnOne = Math.imul(turn + 1, 0x9e3779b1);
    const turnOther = Math.imul(turn + 1, 0xc2b2ae35);
    for (let at = 0; at < count; at++) {
      const kind = kinds[at] as number;
      if (kind === STOP && !allCount) continue;
      const hash = hashes[at * 2] as number;
      const second = hashes[at * 2 + 1] as number;
      one = (one + ended(hash ^ turnOne)) | 0;
      other = (other + ended(second ^ turnOther)) | 0;
      if (kind !== BEFORE) continue;
      // From here to there is not from there to here.
      const next = following(at) * 2;
      one = (one + ended(Math.imul(hash, 5) ^ (hashes[next] as number))) | 0;
      other = (other + ended(Math.imul(second, 5) ^ (hashes[next + 1] as number))) | 0;
    }
  }
  const prompt = system ? systemHash(parts.system) : 0;
  into[0] = ended(one);
  into[1] = ended(other);
  into[2] = ended((into[0] as number) ^ Math.imul(prompt, 0x27d4eb2f));
  into[3] = 0;
}

/** The sentence's next word that counts; after its last one the first, so that a sentence may be turned around. */
function following(at: number): number {
  const { count, kinds, segments } = tokens;
  const segment = segments[at];
  for (let next = at + 1; next < count && segments[next] === segment; next++)
    if (kinds[next] !== STOP) return next;
  let first = at;
  for (let before = at; before >= 0 && segments[before] === segment; before--)
    if (kinds[before] !== STOP) first = before;
  return first;
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
