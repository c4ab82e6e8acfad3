import { hash } from "node:crypto";
import type { Message } from "../../episodes/contract.ts";
import { parseToCompare } from "../../kernel/exact-json.ts";
import { canonicalJson, keyedHash } from "../../kernel/hashing.ts";
import { memoiseJson } from "../common/memoise-json.ts";
import type { DatasetLine, Example, Preference, Reinforcement } from "../contract.ts";

/**
 * What makes two examples "the same". Two questions, two answers: the *content* (everything the model would learn
 * from) decides what is a duplicate; the *input* (what was asked) decides what must stay on one side of a split.
 */

/** Text for comparing questions: compatibility forms, case and white space do not count. */
const normaliseText = (text: string): string =>
  text.normalize("NFKC").toLowerCase().replace(/\s+/gu, " ").trim();

/** The text of a message's content; parts without text are taken by their JSON. */
export function contentText(content: Message["content"]): string {
  if (content === undefined || content === null) return "";
  if (typeof content === "string") return content;
  return content.map((part) => part.text ?? canonicalJson(part)).join("\n");
}

/**
 * What was asked: the turns before the assistant's first one after a user spoke. System and developer turns do not
 * count, so that the same request under a newer prompt is still the same request.
 */
export function inputText(messages: readonly Message[]): string {
  const asked: string[] = [];
  for (const message of messages.slice(0, inputLength(messages))) {
    if (message.role === "system" || message.role === "developer") continue;
    asked.push(`${message.role}: ${normaliseText(contentText(message.content))}`);
  }
  return asked.join("\n");
}

/** How many turns come before the assistant's first one after a user spoke. */
export function inputLength(messages: readonly Message[]): number {
  let spoken = false;
  for (const [index, message] of messages.entries()) {
    if (message.role === "assistant" && spoken) return index;
    if (message.role === "user") spoken = true;
  }
  return messages.length;
}

/**
 * The turns as one text that is equal for turns that teach the same. Ids of calls carry no meaning: they are numbered by
 * place. Every part is preceded by its length, so that no two conversations run into the same text.
 */
function comparable(messages: readonly Message[]): string {
  const places: string[] = [];
  let all = `${messages.length}`;
  for (const message of messages) {
    const { content } = message;
    all += `;${message.role}${sized(composed(contentText(content)).trim())}`;
    // What a part holds beside its text.
    if (Array.isArray(content) && !content.every(isPlainText)) all += `p${sized(canonicalJson(content))}`;
    all += restOf(message, places);
  }
  return all;
}

const isPlainText = (part: object): boolean =>
  Object.keys(part).every((key) => key === "type" || key === "text");

/**
 * All that a turn holds beside its role and content: name, weight, refusal, calls, and whatever else a format may
 * bring. @param places ids of calls met so far in the conversation
 */
export function restOf(message: Message, places: string[]): string {
  const place = (id: string): number => {
    const known = places.indexOf(id);
    return known >= 0 ? known : places.push(id) - 1;
  };
  let all = "";
  if (message.name !== undefined) all += `n${sized(message.name)}`;
  if (message.weight !== undefined) all += `w${message.weight}`;
  if (message.tool_call_id !== undefined) all += `a${place(message.tool_call_id)}`;
  for (const call of message.tool_calls ?? [])
    all += `c${place(call.id)}${sized(call.function.name)}${sized(comparableArguments(call.function.arguments))}`;
  for (const key in message) {
    if (KNOWN_KEYS.has(key)) continue;
    const value: unknown = message[key as keyof Message];
    if (value !== undefined && value !== null) all += `k${sized(key)}${sized(canonicalJson(value))}`;
  }
  return all;
}
const KNOWN_KEYS = new Set(["role", "content", "name", "weight", "tool_call_id", "tool_calls"]);

const sized = (text: string): string => `${text.length}:${text}`;

/** NFC; a text of ASCII alone is in it already. */
const composed = (text: string): string => (BEYOND_ASCII.test(text) ? text.normalize("NFC") : text);
const BEYOND_ASCII = /[\u0080-\uffff]/;

/** The last arguments: a line's are asked for by its content hash and by its gist. */
let last = { text: "", canonical: "" };

function comparableArguments(text: unknown): string {
  // Plain chat files hold them as objects.
  if (typeof text !== "string") return canonicalJson(text);
  if (last.text !== text) last = { text, canonical: canonicalText(text) };
  return last.canonical;
}

function canonicalText(text: string): string {
  try {
    return canonicalJson(parseToCompare(text));
  } catch {
    return text;
  }
}

const hashOfTools = memoiseJson((tools) => hash("sha256", canonicalJson(tools)));

/** A line's turns (of a preference pair: those asked), its tools, and what a pair has beyond. */
export function turnsOf(line: DatasetLine): {
  readonly messages: readonly Message[];
  readonly tools: Example["tools"];
  readonly outputs: readonly Message[];
} {
  if (!isPreference(line)) return { messages: line.messages, tools: line.tools, outputs: [] };
  const { input, preferred_output: better, non_preferred_output: worse } = line;
  return { messages: input.messages, tools: input.tools, outputs: [...better, ...worse] };
}

export const isPreference = (line: DatasetLine): line is Preference => "preferred_output" in line;

/** SHA-256 (hex) of the normalised content; equal for lines that teach the same. */
export function contentHash(line: DatasetLine): string {
  if (isPreference(line)) {
    const { input, preferred_output: better, non_preferred_output: worse } = line;
    const sides = [input.messages, better, worse].map((turns) => sized(comparable(turns)));
    return hash("sha256", `${sides.join("")}${hashOfTools(input.tools ?? [])}${othersOf(input)}`);
  }
  return hash("sha256", `${hashOfTools(line.tools ?? [])}${comparable(line.messages)}${othersOf(line)}`);
}

/** What a line holds beside turns and tools: the parallel switch, and what a grader compares with, under any name. */
function othersOf(line: Example | Reinforcement): string {
  const { messages: _messages, tools: _tools, ...others } = line;
  for (const _ in others) return `;;${canonicalJson(others)}`;
  return "";
}

/** A line's tools, and all that it holds beside them and its turns, as text that is equal for equal ones. */
export function fieldsOf(line: DatasetLine): string {
  const holder = isPreference(line) ? line.input : line;
  return `${hashOfTools(holder.tools ?? [])}${othersOf(holder)}`;
}

/** 64 bits suffice to tell groups apart: a collision would only put two groups on one side. */
const KEY_DIGITS = 16;
const keyed = (key: string, text: string): string => keyedHash(key, text).slice(0, KEY_DIGITS);

/** Keyed hash (16 hex digits) of what was asked. Nobody without the key can test a guess against it. */
export const inputKey = (splitKey: string, messages: readonly Message[]): string =>
  keyed(splitKey, `input:${inputText(messages)}`);

/** Keyed hash of the session, or of the user where there is no session; undefined when neither is known. */
export function sessionKey(
  splitKey: string,
  from: { readonly session_id?: string | undefined; readonly user_id?: string | undefined },
): string | undefined {
  const text = from.session_id
    ? `session:${from.session_id}`
    : from.user_id
      ? `user:${from.user_id}`
      : undefined;
  return text === undefined ? undefined : keyed(splitKey, text);
}
