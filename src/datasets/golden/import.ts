import type { Message } from "../../episodes/contract.ts";
import type { Example } from "../contract.ts";
import { type Fields, isFields } from "../validate/line-rules.ts";

/** Other tools' exports that are known by their shape. */
const SHAPES = [
  "sharegpt",
  "alpaca",
  "prompt_completion",
  "question_answer",
  "langfuse",
  "langsmith",
  "stored_completion",
  "wrapped",
] as const;
export type Shape = (typeof SHAPES)[number];

const textOr = (value: unknown): string => (typeof value === "string" ? value : "");
const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const told = (role: "system" | "user" | "assistant", content: string): Message => ({ role, content });

const SPEAKERS: Readonly<Record<string, "system" | "user" | "assistant">> = {
  system: "system",
  human: "user",
  user: "user",
  gpt: "assistant",
  assistant: "assistant",
  model: "assistant",
};

/** ShareGPT (Axolotl, LLaMA-Factory): `conversations` of `from` and `value`. */
function sharegpt({ conversations }: Fields): Message[] | undefined {
  if (!Array.isArray(conversations)) return undefined;
  const turns = conversations.map((one: unknown) => {
    const role = isFields(one) ? SPEAKERS[textOr(one.from ?? one.role)] : undefined;
    const text = isFields(one) ? (one.value ?? one.content) : undefined;
    return role === undefined || typeof text !== "string" ? undefined : told(role, text);
  });
  return turns.every((turn) => turn !== undefined) ? turns : undefined;
}

/** Alpaca: an instruction, perhaps with an input, and the output. */
function alpaca(row: Fields): Message[] | undefined {
  if (!isText(row.instruction) || !isText(row.output)) return undefined;
  const asked = isText(row.input) ? `${row.instruction}\n\n${row.input}` : row.instruction;
  return [
    ...(isText(row.system) ? [told("system", row.system)] : []),
    told("user", asked),
    told("assistant", row.output),
  ];
}

function twoTexts(asked: unknown, answered: unknown): Message[] | undefined {
  return isText(asked) && isText(answered)
    ? [told("user", asked.trim()), told("assistant", answered.trim())]
    : undefined;
}

/** A text, a message, a list of turns or an object that holds one of them. */
function turnsIn(value: unknown, role: "user" | "assistant"): Message[] | undefined {
  if (isText(value)) return [told(role, value)];
  if (Array.isArray(value))
    return value.every(isFields) && value.length > 0 ? (value as unknown as Message[]) : undefined;
  if (!isFields(value)) return undefined;
  if (Array.isArray(value.messages)) return turnsIn(value.messages, role);
  if (typeof value.role === "string") return [value as unknown as Message];
  const texts = Object.values(value).filter(isText);
  return texts.length === 1 && texts[0] !== undefined ? [told(role, texts[0])] : undefined;
}

/** Langfuse dataset items: `input` and `expectedOutput`, as texts, messages or objects. */
function langfuse(row: Fields): Message[] | undefined {
  const output = row.expectedOutput ?? row.expected_output;
  if (row.input === undefined || output === undefined || output === null) return undefined;
  const asked = turnsIn(row.input, "user");
  const answered = turnsIn(output, "assistant");
  return asked === undefined || answered === undefined ? undefined : [...asked, ...answered];
}

/** LangSmith datasets: `inputs` and `outputs`, objects that hold messages or one text each. */
function langsmith(row: Fields): Message[] | undefined {
  if (!isFields(row.inputs) || !isFields(row.outputs)) return undefined;
  const asked = turnsIn(row.inputs, "user");
  const answered = turnsIn(row.outputs, "assistant") ?? turnsIn(row.outputs.message, "assistant");
  return asked === undefined || answered === undefined ? undefined : [...asked, ...answered];
}

/**
 * A preference as trainers of open models write it (`prompt`, `chosen`, `rejected`: texts or turns) in OpenAI's form;
 * undefined: it is none.
 */
export function fromPreferenceExport(value: unknown): unknown {
  if (!isFields(value) || value.input !== undefined) return undefined;
  const better = turnsIn(value.chosen, "assistant");
  const worse = turnsIn(value.rejected, "assistant");
  if (better === undefined || worse === undefined) return undefined;
  const prompt = turnsIn(value.prompt ?? value.question, "user");
  // Without a prompt both tell the whole conversation: what they share is what was asked.
  const shared = prompt ?? commonTurns(better, worse);
  const from = prompt === undefined ? shared.length : 0;
  return {
    input: { messages: shared },
    preferred_output: better.slice(from),
    non_preferred_output: worse.slice(from),
  };
}

function commonTurns(a: readonly Message[], b: readonly Message[]): Message[] {
  const end = a.findIndex((turn, i) => JSON.stringify(turn) !== JSON.stringify(b[i]));
  return a.slice(0, end < 0 ? a.length : end);
}

/** OpenAI's and Azure's stored completions: a request and the choices of its response. */
function storedCompletion(row: Fields): Example | undefined {
  const request = isFields(row.request) ? row.request : row;
  const response = isFields(row.response) ? row.response : row;
  const choices = Array.isArray(response.choices) ? response.choices : [];
  const message = isFields(choices[0]) ? choices[0].message : undefined;
  if (!Array.isArray(request.messages) || !isFields(message)) return undefined;
  const { role, content, tool_calls, refusal } = message;
  const answer = Object.fromEntries(
    Object.entries({ role, content, tool_calls, refusal }).filter(
      ([, value]) => value !== undefined && value !== null,
    ),
  );
  return {
    messages: [...request.messages, answer] as Message[],
    ...(Array.isArray(request.tools) ? { tools: request.tools as Example["tools"] } : {}),
  };
}

/**
 * A line of another tool's export as a supervised example; undefined: its shape is not known, and the validator says
 * what is wrong with it. What comes out of here is checked like any line.
 */
export function fromExport(value: unknown): { readonly example: unknown; readonly shape: Shape } | undefined {
  if (!isFields(value)) return undefined;
  const stored = storedCompletion(value);
  if (stored !== undefined) return { example: stored, shape: "stored_completion" };
  if (Array.isArray(value.messages)) return undefined;
  const tries: [Shape, Message[] | undefined][] = [
    ["sharegpt", sharegpt(value)],
    ["alpaca", alpaca(value)],
    ["prompt_completion", twoTexts(value.prompt, value.completion)],
    [
      "question_answer",
      twoTexts(value.question ?? value.query, value.answer ?? value.ground_truth ?? value.response),
    ],
    ["langfuse", langfuse(value)],
    ["langsmith", langsmith(value)],
  ];
  for (const [shape, messages] of tries) if (messages !== undefined) return { example: { messages }, shape };
  const inner = value.item ?? value.body ?? value.sample;
  if (!isFields(inner)) return undefined;
  return Array.isArray(inner.messages) ? { example: inner, shape: "wrapped" } : fromExport(inner);
}
