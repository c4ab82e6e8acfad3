import type { Message } from "../episodes/contract.ts";
import { parseToCompare } from "../kernel/exact-json.ts";
import { canonicalJson } from "../kernel/hashing.ts";

/** What of an assistant turn is judged. */
export type Turn = Pick<Message, "content" | "tool_calls">;
export type Metric = "tool_call" | "exact" | "auto";

/** The text of a turn: whitespace and Unicode form do not count, letters and their case do. */
function textOf(turn: Turn): string {
  const { content } = turn;
  const text =
    typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join("");
  return text.normalize("NFC").replace(/\s+/g, " ").trim();
}

const names = (turn: Turn): string[] => (turn.tool_calls ?? []).map((call) => call.function.name);

/** Arguments compare as JSON values; text that is no JSON compares as it stands. */
function sameArguments(text: string): string {
  try {
    return canonicalJson(parseToCompare(text || "{}"));
  } catch {
    return text.trim();
  }
}

const calls = (turn: Turn): string[] =>
  (turn.tool_calls ?? []).map((call) => `${call.function.name} ${sameArguments(call.function.arguments)}`);

const equal = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((one, i) => one === b[i]);

/**
 * Whether an answer is right.
 * - `tool_call`: the same tools by name in the same order; where none is expected, none is called.
 * - `exact`: the same tools with equal JSON arguments, and where none is expected, the same text.
 * - `auto`: `tool_call` where a tool is expected, else `exact`.
 */
export function isRight(expected: Turn, answer: Turn, metric: Metric): boolean {
  const wanted = names(expected);
  if (metric === "tool_call" || (metric === "auto" && wanted.length > 0)) return equal(wanted, names(answer));
  if (!equal(calls(expected), calls(answer))) return false;
  return wanted.length > 0 || textOf(expected) === textOf(answer);
}

/** A turn as people read it: `search({"q":"x"})` or its text. */
export function showTurn(turn: Turn): string {
  const called = (turn.tool_calls ?? []).map((call) => `${call.function.name}(${call.function.arguments})`);
  return called.length > 0 ? called.join("; ") : textOf(turn);
}
