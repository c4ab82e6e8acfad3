import { sha256 } from "../../kernel/hashing.ts";
import { type Label, optionsOf, rawFeatures, type Situation, TEXT, toolLabel } from "./classifier.ts";
import { readToolset, type Toolset } from "./prior.ts";
import { type Leaf, learnLeaves } from "./slots.ts";
import { textOf, type WireMessage, type WireTool } from "./wire.ts";

/** One decision that a training line shows: the situation before an assistant's message, and what it did. */
export interface Case {
  readonly situation: Situation;
  readonly raw: readonly string[];
  readonly target: Label;
  /** The answer's words, when it was text. */
  readonly text?: string;
  /** Where its arguments came from, when it was a tool call. */
  readonly leaves?: readonly Leaf[];
}

/** The same few tool lists stand on every line of a file and in every request: each is read once. */
export class ToolsetCache {
  readonly #known = new Map<string, Toolset>();

  read(tools: readonly WireTool[]): Toolset {
    const key = sha256(JSON.stringify(tools));
    let toolset = this.#known.get(key);
    if (toolset === undefined) {
      toolset = readToolset(tools);
      if (this.#known.size >= 64) this.#known.delete(this.#known.keys().next().value as string);
      this.#known.set(key, toolset);
    }
    return toolset;
  }
}

/** What the model sees of a conversation up to (not including) its own next message. */
export function situationOf(messages: readonly WireMessage[], toolset: Toolset): Situation {
  const request = textOf(messages.findLast((message) => message.role === "user"));
  const last = messages.at(-1);
  if (last?.role !== "tool") return { request, toolset };
  const calls = messages.flatMap((message) => message.tool_calls ?? []);
  const call = calls.findLast((one) => one.id === last.tool_call_id) ?? calls.at(-1);
  return { request, toolset, after: call?.function.name ?? "?" };
}

/** What an assistant's message decided in its situation. */
export function caseOf(situation: Situation, message: WireMessage): Case {
  const raw = rawFeatures(situation);
  const call = message.tool_calls?.[0];
  if (call === undefined) return { situation, raw, target: TEXT, text: textOf(message) };
  const leaves = learnLeaves(parseArguments(call.function.arguments), situation.request);
  return { situation, raw, target: toolLabel(call.function.name), leaves };
}

/** The decisions of one line of a training file; assistant messages with weight 0 are context only. */
export function casesOf(line: string, toolsets: ToolsetCache): Case[] {
  const { messages, tools } = JSON.parse(line) as { messages: WireMessage[]; tools?: WireTool[] };
  const toolset = toolsets.read(tools ?? []);
  return messages.flatMap((message, i) =>
    message.role !== "assistant" || message.weight === 0
      ? []
      : [caseOf(situationOf(messages.slice(0, i), toolset), message)],
  );
}

function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

const SAID_MOST = 200;
const SAID_LENGTH = 300;

/** Texts that examples repeat (classes, refusals, set phrases) become labels of their own: `say:<text>`. */
export function repeatedAnswers(cases: readonly Case[]): Label[] {
  const counts = new Map<string, number>();
  for (const one of cases)
    if (one.text !== undefined && one.text !== "" && one.text.length <= SAID_LENGTH)
      counts.set(one.text, (counts.get(one.text) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > 1)
    .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, SAID_MOST)
    .map(([text]) => `say:${text}`);
}

/** The options of a situation, and where each case's answer stands among them: it is there in any event. */
export function optionsWith(situation: Situation, said: readonly Label[], cases: readonly Case[]) {
  const { labels, prior } = optionsOf(situation, said);
  const targets = cases.map((one) => {
    const wanted =
      one.text !== undefined && said.includes(`say:${one.text}`) ? `say:${one.text}` : one.target;
    const known = labels.indexOf(wanted);
    if (known !== -1) return known;
    // A line that calls a tool it does not offer: the tool is learned all the same.
    prior.push(0);
    return labels.push(wanted) - 1;
  });
  return { labels, prior, targets };
}
