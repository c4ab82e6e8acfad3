import type { Answer } from "./model/answer.ts";
import { estimateTokens, firstTokens } from "./model/text.ts";

/** How much of an answer is given, and how often. */
export interface Limits {
  readonly copies: number;
  readonly stop: readonly string[];
  /** Tokens of one copy. */
  readonly most: number | undefined;
}

/** What every reply and chunk of one completion begins with. */
export interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
}

interface Given {
  readonly answer: Answer;
  readonly finish: "stop" | "length" | "tool_calls";
  readonly tokens: number;
}

/** An answer up to its stop word and its limit. */
export function given(whole: Answer, { stop, most }: Limits): Given {
  let answer = whole;
  if (answer.kind === "text") {
    const { text } = answer;
    const cuts = stop.filter((word) => word !== "").map((word) => text.indexOf(word));
    const at = Math.min(...cuts.filter((cut) => cut !== -1));
    if (Number.isFinite(at)) answer = { ...answer, text: text.slice(0, at) };
  }
  const tokens = tokensOf(answer);
  if (most === undefined || tokens <= most)
    return { answer, finish: answer.kind === "tool" ? "tool_calls" : "stop", tokens };
  const cut =
    answer.kind === "tool"
      ? {
          ...answer,
          arguments: firstTokens(answer.arguments, Math.max(0, most - estimateTokens(answer.name))),
        }
      : { ...answer, text: firstTokens(answer.text, most) };
  return { answer: cut, finish: "length", tokens: most };
}

const tokensOf = (answer: Answer): number =>
  estimateTokens(answer.kind === "tool" ? answer.name + answer.arguments : answer.text);

/** Tokens as OpenAI counts them for the caller: of copies each one counts. */
export function usageOf(prompt: number, { tokens }: Given, { copies }: Limits) {
  const all = tokens * copies;
  return { prompt_tokens: prompt, completion_tokens: all, total_tokens: prompt + all };
}

const each = <T>(copies: number, make: (index: number) => T): T[] =>
  Array.from({ length: copies }, (_, index) => make(index));

export function completion(head: Head, one: Given, { copies }: Limits, usage: object) {
  return {
    ...head,
    object: "chat.completion",
    choices: each(copies, (index) => ({
      index,
      message: messageOf(one.answer),
      logprobs: null,
      finish_reason: one.finish,
    })),
    usage,
  };
}

/**
 * The same answer as a stream: for each copy opening, everything at once, end; then, when it is asked for, the usage.
 * @param usage absent when it is not asked for
 */
export function chunks(head: Head, one: Given, { copies }: Limits, usage?: object): unknown[] {
  const chunk = (choices: object[], counted: object | null = null) => ({
    ...head,
    object: "chat.completion.chunk",
    choices,
    ...(usage === undefined ? {} : { usage: counted }),
  });
  const choice = (index: number, delta: object, finish_reason: string | null = null) =>
    chunk([{ index, delta, logprobs: null, finish_reason }]);
  const { role, content, refusal, tool_calls: calls } = messageOf(one.answer);
  const delta =
    calls !== undefined
      ? { tool_calls: calls.map((call, index) => ({ index, ...call })) }
      : refusal !== null
        ? { refusal }
        : { content };
  return [
    ...each(copies, (index) => [
      choice(index, { role, content: calls === undefined && refusal === null ? "" : null, refusal: null }),
      choice(index, delta),
      choice(index, {}, one.finish),
    ]).flat(),
    ...(usage === undefined ? [] : [chunk([], usage)]),
  ];
}

interface Message {
  readonly role: "assistant";
  readonly content: string | null;
  readonly refusal: string | null;
  readonly annotations: readonly never[];
  readonly tool_calls?: readonly object[];
}

function messageOf(answer: Answer): Message {
  const message: Message = { role: "assistant", content: null, refusal: null, annotations: [] };
  if (answer.kind === "text") return { ...message, content: answer.text };
  if (answer.kind === "refusal") return { ...message, refusal: answer.text };
  const { id, name } = answer;
  return {
    ...message,
    tool_calls: [{ id, type: "function", function: { name, arguments: answer.arguments } }],
  };
}
