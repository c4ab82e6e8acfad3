import type { Capability } from "../../catalog/capabilities.ts";
import { MOST_PICTURES, picturesIn } from "./content-parts.ts";
import { FaultList, type Fields, isFields, type LineFault, shown } from "./line-rules.ts";

/** How the turns of a line are checked; handed in, since the chat rules are the same in every format. */
export type CheckTurns = (
  line: Fields,
  at: string,
  list: FaultList,
  ending: "assistant" | "user" | "open",
) => void;

/** A preference pair: turns, then two continuations of them. */
export function checkPreference(line: Fields, list: FaultList, checkTurns: CheckTurns): void {
  for (const key of Object.keys(line))
    if (key !== "input" && key !== "preferred_output" && key !== "non_preferred_output")
      list.add("unknown_key", `\`${key.slice(0, 60)}\` is not a key of the format.`, key);
  if (!isFields(line.input)) {
    list.add("input_missing", "The line has no object `input`.", "input");
    return;
  }
  checkTurns(line.input, "input", list, "open");
  const asked = Array.isArray(line.input.messages) ? line.input.messages : [];
  if (isFields(asked.at(-1)) && (asked.at(-1) as Fields).role === "assistant")
    list.add("input_ends_with_assistant", "The input ends with an assistant turn.", "input.messages");
  for (const side of ["preferred_output", "non_preferred_output"] as const)
    checkOutput(line.input, asked, line[side], side, list, checkTurns);
  if (list.faults.length === 0 && isSame(line.preferred_output, line.non_preferred_output))
    list.add(
      "identical_pair",
      "Both outputs are the same: there is nothing to prefer.",
      "non_preferred_output",
    );
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

function checkOutput(
  input: Fields,
  asked: readonly unknown[],
  output: unknown,
  side: string,
  list: FaultList,
  checkTurns: CheckTurns,
): void {
  if (!Array.isArray(output) || output.length === 0) {
    list.add("output_missing", `\`${side}\` lists no turn.`, side);
    return;
  }
  const turns = output.filter(isFields);
  for (const [index, turn] of turns.entries())
    if (turn.role !== "assistant" && turn.role !== "tool")
      list.add("output_wrong_role", `A ${shown(turn.role)} turn in an output.`, `${side}.${index}`);
  if (!turns.some((turn) => turn.role === "assistant"))
    list.add("output_without_assistant", "No turn of the output is the assistant's.", side);
  // The conversation as it would go on: calls and results must fit together across the cut.
  const known = list.faults.length;
  const whole = new FaultList();
  checkTurns({ ...input, messages: [...asked, ...output] }, side, whole, "assistant");
  if (known > 0) return;
  for (const fault of whole.faults)
    if (fault.rule !== "no_assistant") list.faults.push(moved(fault, side, asked.length));
}

/** The place of a fault as the reader of the file finds it. */
function moved(fault: LineFault, side: string, offset: number): LineFault {
  const found = /^(?:\w+\.)?messages\.(\d+)(.*)$/.exec(fault.field ?? "");
  if (found === null) return { ...fault, field: side };
  return { ...fault, field: `${side}.${Number(found[1]) - offset}${found[2] ?? ""}` };
}

/** A prompt for reinforcement: turns up to the user's last; what else the line holds is for the grader. */
export function checkReinforcement(line: Fields, list: FaultList, checkTurns: CheckTurns): void {
  checkTurns(line, "", list, "user");
}
const RFT_KEYS: ReadonlySet<string> = new Set(["messages", "tools", "parallel_tool_calls"]);

/** Fields of a reinforcement line that the grader reads. */
export const referencesOf = (line: Fields): string[] =>
  Object.keys(line)
    .filter((key) => !RFT_KEYS.has(key))
    .toSorted();

/** What one model of one provider does not take, beside the format's own rules. */
export function checkCapability(turns: readonly unknown[], capability: Capability, list: FaultList): void {
  const pictures = picturesIn(turns);
  const { most_images: most = MOST_PICTURES } = capability;
  if (pictures > most && pictures <= MOST_PICTURES)
    list.add("too_many_images", `The example has ${pictures} pictures; the most is ${most}.`, "messages");
  for (const [index, turn] of turns.entries()) {
    if (!isFields(turn)) continue;
    if (turn.role === "developer" && !capability.developer_role)
      list.add("role_not_taken", `${capability.model} takes no developer turns.`, `messages.${index}.role`);
    if (capability.images || !Array.isArray(turn.content)) continue;
    for (const part of turn.content)
      if (isFields(part) && part.type === "image_url")
        list.add(
          "images_not_taken",
          `${capability.model} is not trained on images.`,
          `messages.${index}.content`,
        );
  }
}

/** What the hosted services take as a function's name. */
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const MOST_TOOLS = 128;

/** Tools that a hosted service refuses, after the file is up and its job made. Names of calls are names of tools. */
export function checkToolNames(tools: unknown, capability: Capability, list: FaultList): void {
  if (capability.provider === "local" || !Array.isArray(tools)) return;
  if (tools.length > MOST_TOOLS)
    list.add(
      "too_many_tools",
      `The line declares ${tools.length} tools; the most is ${MOST_TOOLS}.`,
      "tools",
    );
  for (const [index, tool] of tools.entries()) {
    const name = isFields(tool) && isFields(tool.function) ? tool.function.name : undefined;
    if (typeof name === "string" && !TOOL_NAME.test(name))
      list.add(
        "tool_name_not_taken",
        `The tool name ${shown(name)} is not one that the service takes.`,
        `tools.${index}.function.name`,
      );
  }
}
