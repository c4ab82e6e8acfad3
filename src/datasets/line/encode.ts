import type { Episode, Message } from "../../episodes/contract.ts";
import { parseToWrite } from "../../kernel/exact-json.ts";
import type { DatasetLine, Example, Preference, Reinforcement } from "../contract.ts";
import type { Format } from "../recipe-contract.ts";
import { exampleLine } from "./example.ts";
import { contentText, inputLength } from "./normalise.ts";

/** A line, as it is checked, hashed and counted, and the text that is written. */
export interface EncodedLine {
  readonly line: DatasetLine;
  readonly text: string;
}

type Said = Pick<Episode, "user_input" | "assistant_output" | "tool_calls">;

/**
 * An example in the format of the file; a text: why it cannot be one. Pairs are made of two examples later, so `dpo`
 * leaves it as it is.
 */
export function encode(format: Format, example: Example, episode: Said): EncodedLine | string {
  if (format === "rft") {
    const line = toReinforcement(example);
    return typeof line === "string" ? line : { line, text: JSON.stringify(line) };
  }
  if (format === "chat") return { line: example, text: JSON.stringify(toPlainChat(example)) };
  if (format === "legacy_text") {
    const line = toLegacyText(example, episode);
    return { line, text: exampleLine(line) };
  }
  return { line: example, text: exampleLine(example) };
}

/** Weight 0 on every assistant turn but the last: only the final answer is learnt. */
export function learnLastOnly(example: Example): Example {
  const last = example.messages.findLastIndex((turn) => turn.role === "assistant");
  return {
    ...example,
    messages: example.messages.map((turn, index) =>
      turn.role === "assistant" && index !== last ? { ...turn, weight: 0 } : turn,
    ),
  };
}

/**
 * The turns up to the user's last, and what the agent then did as the grader's reference: its text, and its calls as
 * JSON text, since graders compare texts. Turns of weight 0 are no reference.
 */
function toReinforcement({ messages, tools }: Example): Reinforcement | string {
  const last = messages.findLastIndex((turn) => turn.role === "user");
  const after = messages.slice(last + 1);
  if (last < 0) return "no_user";
  const answer = after.findLast(
    (turn) => turn.role === "assistant" && turn.weight !== 0 && contentText(turn.content) !== "",
  );
  const calls = after.flatMap((turn) => (turn.weight === 0 ? [] : (turn.tool_calls ?? [])));
  if (answer === undefined && calls.length === 0) return "no_reference";
  return {
    messages: messages.slice(0, last + 1).map(withoutWeight),
    ...(tools === undefined ? {} : { tools }),
    reference_answer: answer === undefined ? "" : contentText(answer.content),
    reference_tool_calls: JSON.stringify(
      calls.map(({ function: call }) => ({ name: call.name, arguments: call.arguments })),
    ),
  };
}

export const withoutWeight = ({ weight: _weight, ...turn }: Message): Message => turn;

/**
 * Turns as the chat templates of open models take them: texts alone, `system` for `developer`, the arguments of calls
 * as objects. What only one vendor reads (weights, names, the parallel switch) is left out.
 */
function toPlainChat({ messages, tools }: Example) {
  return {
    messages: messages.map((turn) => ({
      role: turn.role === "developer" ? "system" : turn.role,
      content: contentText(turn.content),
      ...(turn.tool_calls === undefined
        ? {}
        : {
            tool_calls: turn.tool_calls.map(({ id, type, function: call }) => ({
              id,
              type,
              function: { name: call.name, arguments: parseToWrite(call.arguments) },
            })),
          }),
      ...(turn.tool_call_id === undefined ? {} : { tool_call_id: turn.tool_call_id }),
    })),
    ...(tools === undefined ? {} : { tools }),
  };
}

/** Longer arguments and results were left out in the original's lines, and so they are here. */
const LONGEST_ARGUMENTS = 200;
const LONGEST_RESULT = 500;

/** The original's line: one answer, with a line before it for each call; no `tools`, no `tool_calls`. */
function toLegacyText(example: Example, episode: Said): Example {
  const system = example.messages.filter((turn) => turn.role === "system" || turn.role === "developer");
  const calls = episode.tool_calls.map((call) => {
    const given = call.arguments === undefined ? "" : JSON.stringify(call.arguments);
    const result =
      call.result === undefined
        ? ""
        : typeof call.result === "string"
          ? call.result
          : JSON.stringify(call.result);
    return [
      `[Tool: ${call.tool_name}]`,
      ...(given === "" || given.length > LONGEST_ARGUMENTS ? [] : [`Args: ${given}`]),
      ...(result === "" || result.length > LONGEST_RESULT ? [] : [`→ ${result}`]),
    ].join(" ");
  });
  return {
    messages: [
      ...system.map((turn): Message => ({ role: "system", content: contentText(turn.content) })),
      { role: "user", content: episode.user_input },
      { role: "assistant", content: [...calls, episode.assistant_output].filter(Boolean).join("\n") },
    ],
  };
}

/** The turns before the answer, and the answer with its calls; a text: why they cannot be parted. */
export function partedAtAnswer(example: Example): { input: Example; output: Message[] } | string {
  const cut = inputLength(example.messages);
  const output = example.messages.slice(cut).map(withoutWeight);
  if (output.length === 0) return "no_assistant";
  if (output.some((turn) => turn.role !== "assistant" && turn.role !== "tool")) return "several_user_turns";
  return { input: { ...example, messages: example.messages.slice(0, cut).map(withoutWeight) }, output };
}

/** The better example's input with both continuations; tools of both are declared once. */
export function toPair(better: Example, worse: Example): Preference | string {
  const good = partedAtAnswer(better);
  const bad = partedAtAnswer(worse);
  if (typeof good === "string") return good;
  if (typeof bad === "string") return bad;
  const known = new Set((good.input.tools ?? []).map((tool) => tool.function.name));
  const further = (bad.input.tools ?? []).filter((tool) => !known.has(tool.function.name));
  const tools = [...(good.input.tools ?? []), ...further];
  return {
    input: { ...good.input, ...(tools.length === 0 ? {} : { tools }) },
    preferred_output: good.output,
    non_preferred_output: bad.output,
  };
}
