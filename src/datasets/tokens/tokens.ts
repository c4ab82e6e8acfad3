import type { Message } from "../../doors/chat.ts";
import { memoiseJson } from "../common/memoise-json.ts";
import type { DatasetLine } from "../contract.ts";
import { type Encoding, loadVocabulary, pieceCounter, type Vocabulary } from "./vocabulary.ts";

export type { Encoding } from "./vocabulary.ts";

/** Tokens of dataset lines, by the model's own vocabulary. */
type CountText = (text: string) => number;

/** Models before gpt-4o have the older vocabulary; those of other makers are taken by the newer, which is near. */
export function encodingOf(model: string): { readonly encoding: Encoding; readonly exact: boolean } {
  const name = model.toLowerCase();
  if (/^(ft:)?(gpt-35|gpt-3\.5|gpt-4(?![o.\d]))/.test(name)) return { encoding: "cl100k_base", exact: true };
  return { encoding: "o200k_base", exact: /^(ft:)?(gpt-|o[1-9]|chatgpt)/.test(name) && !/oss/.test(name) };
}

/** Longest run without a space that is looked up whole: the time of merging grows with its square. */
const LONGEST_RUN = 256;
/** Longest run of characters whose count is cached: texts of one agent are made of few words. */
const SHORT_RUN = 24;
const SHORT_RUNS = 16_384;
const LONG_RUNS = 2000;

const loaded = new Map<Encoding, Promise<CountText>>();

/** The counter of a vocabulary. What is special in the vocabulary is plain text in a user's. */
export function loadCounter(encoding: Encoding): Promise<CountText> {
  const known = loaded.get(encoding);
  if (known !== undefined) return known;
  const loading = loadVocabulary(encoding).then(createCounter);
  loaded.set(encoding, loading);
  loading.catch(() => loaded.delete(encoding));
  return loading;
}

function createCounter(vocabulary: Vocabulary): CountText {
  const pieces = new RegExp(vocabulary.pieces, "gu");
  const countPiece = pieceCounter(vocabulary, LONGEST_RUN);
  const countRun = (run: string): number => {
    let count = 0;
    for (const [piece] of run.matchAll(pieces)) count += countPiece(piece);
    return count;
  };
  const long = new Map<string, number>();
  const countLong = (run: string): number => {
    const known = long.get(run);
    if (known !== undefined) return known;
    const count = countRun(run);
    if (long.size >= LONG_RUNS) long.clear();
    long.set(run, count);
    return count;
  };
  /** One token too many at each cut, at most: 0.4 % of a text that no vocabulary knows anyway. */
  const inSlices = (text: string, from: number, to: number): number => {
    let count = 0;
    for (let at = from; at < to; ) {
      let end = Math.min(to, at + LONGEST_RUN);
      // Not between the halves of a character.
      if (end < to && isHighSurrogate(text.charCodeAt(end - 1))) end--;
      count += countLong(text.slice(at, end));
      at = end;
    }
    return count;
  };

  // Short runs by their characters in flat memory: no text is cut out to look one up.
  const counts = new Uint8Array(SHORT_RUNS);
  const lengths = new Uint8Array(SHORT_RUNS);
  const characters = new Uint16Array(SHORT_RUNS * SHORT_RUN);
  const countSpan = (text: string, from: number, to: number, hash: number): number => {
    const length = to - from;
    if (length > LONGEST_RUN) return inSlices(text, from, to);
    if (length > SHORT_RUN) return countLong(text.slice(from, to));
    const slot = ((hash ^ (hash >>> 15)) >>> 0) % SHORT_RUNS;
    const place = slot * SHORT_RUN;
    if (lengths[slot] === length) {
      let i = 0;
      while (i < length && characters[place + i] === text.charCodeAt(from + i)) i++;
      if (i === length) return counts[slot] as number;
    }
    const count = countRun(text.slice(from, to));
    lengths[slot] = length;
    counts[slot] = count;
    for (let i = 0; i < length; i++) characters[place + i] = text.charCodeAt(from + i);
    return count;
  };

  return (text) => {
    let count = 0;
    let from = 0;
    let hash = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      // A space between two characters that are none begins a token in every vocabulary.
      if (
        code === 32 &&
        at > 0 &&
        at + 1 < text.length &&
        !isSpace(text.charCodeAt(at - 1)) &&
        !isSpace(text.charCodeAt(at + 1))
      ) {
        count += countSpan(text, from, at, hash);
        from = at;
        hash = 0;
      }
      hash = Math.imul(hash ^ code, 0x01000193) + 0x9e3779b1;
    }
    return from < text.length ? count + countSpan(text, from, text.length, hash) : count;
  };
}

/** White space as regular expressions have it, and every control character, to be on the safe side. */
const isSpace = (code: number): boolean =>
  code <= 32 || (code >= 0x7f && (code <= 0xa0 || code === 0xfeff || WIDE_SPACE.has(code)));
const WIDE_SPACE: ReadonlySet<number> = new Set([
  0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028,
  0x2029, 0x202f, 0x205f, 0x3000,
]);

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;

/** Around each turn, for a name, and before the answer (OpenAI's cookbook: counting tokens of chats). */
const PER_TURN = 3;
const PER_NAME = 1;
const PER_CONVERSATION = 3;
/** Stands for a picture in a text's count: the least of the models that are trained on them. `pictures.ts` has the rest. */
export const PER_IMAGE = 85;

/** Counts lines. Tools are counted with every line, since every line trains on them; once for each distinct list. */
export function lineCounter(count: CountText): (line: DatasetLine) => number {
  const ofTools = memoiseJson((tools) => (Array.isArray(tools) ? count(JSON.stringify(tools)) : 0));
  const turns = (messages: readonly Message[]): number => {
    let sum = 0;
    for (const message of messages) sum += turn(message, count);
    return sum;
  };
  return (line) => {
    if ("input" in line && "preferred_output" in line) {
      const {
        input,
        preferred_output: better,
        non_preferred_output: worse,
      } = line as Extract<DatasetLine, { preferred_output: unknown }>;
      const asked =
        turns(input.messages) + (input.tools === undefined ? 0 : ofTools(input.tools)) + PER_CONVERSATION;
      // Both continuations are read after the same turns.
      return 2 * asked + turns(better) + turns(worse);
    }
    const { messages, tools, parallel_tool_calls: _parallel, ...rest } = line as Record<string, unknown>;
    let sum = turns(messages as Message[]) + PER_CONVERSATION;
    if (tools !== undefined) sum += ofTools(tools);
    for (const value of Object.values(rest))
      sum += count(typeof value === "string" ? value : JSON.stringify(value));
    return sum;
  };
}

function turn(message: Message, count: CountText): number {
  let sum = PER_TURN;
  const { content } = message;
  if (typeof content === "string") sum += count(content);
  else
    for (const part of content ?? []) sum += part.type === "image_url" ? PER_IMAGE : count(part.text ?? "");
  if (message.name !== undefined) sum += PER_NAME + count(message.name);
  if (typeof message.refusal === "string") sum += count(message.refusal);
  for (const call of message.tool_calls ?? [])
    sum += PER_TURN + count(call.function.name) + count(call.function.arguments);
  return sum;
}

/** Whether a text holds what the vocabulary keeps for itself. */
export const SPECIAL_TOKEN =
  /<\|(?:endoftext|endofprompt|fim_\w+|im_\w+|start|end|message|channel|return|call)\|>/;
