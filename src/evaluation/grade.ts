import type { ToolDefinition } from "../doors/chat.ts";
import type { Message } from "../episodes/contract.ts";
import type { Metric } from "./contract.ts";
import { type CallText, isMatched, isSameCall, isSameJson, parseArguments } from "./tool-calls.ts";

/** What of an assistant turn is judged. */
export type Turn = Pick<Message, "content" | "tool_calls">;

/** The text of a turn: whitespace and Unicode form do not count, letters and their case do. */
function textOf(turn: Turn): string {
  const { content } = turn;
  const text =
    typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join("");
  return text.normalize("NFC").replace(/\s+/g, " ").trim();
}

const callsOf = (turn: Turn): CallText[] => (turn.tool_calls ?? []).map((call) => call.function);
export const expectsCall = (expected: Turn): boolean => (expected.tool_calls ?? []).length > 0;

/** Literally the same call: arguments equal as JSON, whatever the schema says of them. */
function isEqualCall(a: CallText, b: CallText): boolean {
  if (a.name !== b.name) return false;
  try {
    return isSameJson(parseArguments(a.arguments), parseArguments(b.arguments));
  } catch {
    return a.arguments.trim() === b.arguments.trim();
  }
}

/**
 * Whether an answer is right.
 * - `tool_call`: the same calls, names and arguments by the tools' schemas, in any order; where none is expected, none.
 * - `tool_names`: the same tools by name, in any order; where none is expected, none.
 * - `exact`: the same calls in the same order with equal JSON arguments; where none is expected, the same text.
 * - `auto`: `tool_call` where a call is expected, else the same text.
 */
export function isRight(
  expected: Turn,
  answer: Turn,
  metric: Metric,
  tools: readonly ToolDefinition[] = [],
): boolean {
  const [wanted, made] = [callsOf(expected), callsOf(answer)];
  if (wanted.length !== made.length) return false;
  if (wanted.length === 0)
    return metric === "tool_call" || metric === "tool_names" || textOf(expected) === textOf(answer);
  if (metric === "tool_names") return isMatched(wanted, made, (a, b) => a.name === b.name);
  if (metric === "exact") return wanted.every((call, i) => isEqualCall(call, made[i] as CallText));
  return isMatched(wanted, made, (a, b) => isSameCall(a, b, tools));
}

/** What was judged, in a sentence a reader of the verdict can go by. */
export function judgedBy(metric: Metric, calls: number, texts: number): string[] {
  const told: string[] = [];
  const on = (n: number) => `${n} ${n === 1 ? "pair" : "pairs"}`;
  if (calls > 0)
    told.push(
      {
        auto: `Judged by whole tool calls, names and arguments, on ${on(calls)}.`,
        tool_call: `Judged by whole tool calls, names and arguments, on ${on(calls)}.`,
        tool_names: `Judged by tool names alone on ${on(calls)}: arguments were not compared.`,
        exact: `Judged by literally equal tool calls on ${on(calls)}.`,
      }[metric],
    );
  if (texts > 0)
    told.push(
      metric === "tool_call" || metric === "tool_names"
        ? `On ${on(texts)} no tool is expected: judged is only that none was called, not what was said.`
        : `On ${on(texts)} free text is expected: only equality is judged, so another wording counts as wrong.`,
    );
  return told;
}

/** A turn as people read it: `search({"q":"x"})` or its text. */
export function showTurn(turn: Turn): string {
  const called = callsOf(turn).map((call) => `${call.name}(${call.arguments})`);
  return called.length > 0 ? called.join("; ") : textOf(turn);
}
