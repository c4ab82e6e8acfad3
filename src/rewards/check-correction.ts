import type { Episode } from "../episodes/contract.ts";
import { invalid } from "../kernel/errors.ts";
import type { Reward } from "./contract.ts";
import { type CorrectionInput, correctionInputSchema } from "./correction-contract.ts";
import { isMisplaced, placeCorrection } from "./place-correction.ts";
import { faultOfArguments } from "./tool-arguments.ts";

const refused = (field: string, reason: string, remedy: string) =>
  invalid("correction_invalid", `${field}: ${reason}.`, { field, remedy });

/**
 * A correction as it is stored: calls with the number of their turn, a text for the answer as the text alone.
 * Undefined: nothing is corrected, it says what was said.
 * @param at the input field that holds it
 * @throws invalid `correction_invalid` for a turn, tool or argument that the episode does not have
 */
export async function checkCorrection(
  episode: Episode,
  given: unknown,
  at: string,
): Promise<CorrectionInput | undefined> {
  const correction = readCorrection(given, at);
  if (correction === undefined) return undefined;
  const placed = placeCorrection(episode, correction);
  if (isMisplaced(placed)) throw refused(`${at}.${placed.field}`, placed.reason, placed.remedy);
  if (!placed.isEdited || placed.right.content === "") return undefined;
  if (typeof correction === "string" || correction.tool_calls === undefined) {
    const text = placed.right.content as string;
    return placed.isLocated ? { turn: placed.turn, text } : text;
  }
  await checkCalls(episode, correction.tool_calls, `${at}.tool_calls`);
  return { turn: placed.turn, tool_calls: correction.tool_calls };
}

/**
 * A correction as far as it can be checked without its episode; undefined: none was given.
 * @throws invalid `correction_invalid`
 */
export function readCorrection(given: unknown, at: string): CorrectionInput | undefined {
  if (given === undefined || given === null || (typeof given === "string" && given.trim() === ""))
    return undefined;
  const parsed = correctionInputSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw refused(
    at,
    "is neither a text nor a turn with its text or its tool calls",
    "Send a text, or {turn, text} or {turn, tool_calls: [{name, arguments}]}.",
  );
}

/** Against the tools that the episode's agent was offered; an episode without any takes every call. */
async function checkCalls(
  { tools = [], parallel_tool_calls: parallel }: Episode,
  calls: NonNullable<Exclude<CorrectionInput, string>["tool_calls"]>,
  at: string,
): Promise<void> {
  if (parallel === false && calls.length > 1)
    throw refused(
      at,
      "the agent makes one call a turn",
      "Correct the first call; the others follow from its result.",
    );
  if (tools.length === 0) return;
  for (const [n, { name, arguments: given }] of calls.entries()) {
    const tool = tools.find((one) => one.function.name === name);
    if (tool === undefined)
      throw refused(
        `${at}.${n}.name`,
        `the agent was not offered a tool "${name}"`,
        `Name one of ${tools
          .map((one) => one.function.name)
          .join(", ")
          .slice(0, 500)}.`,
      );
    const fault = await faultOfArguments(tool.function.parameters ?? {}, given);
    if (fault !== undefined)
      throw refused(
        [at, n, "arguments", ...(fault.path === "" ? [] : [fault.path])].join("."),
        `${fault.reason}, says the schema of ${name}`,
        "Give the arguments that the tool's schema asks for.",
      );
  }
}

/** A reward's metadata with its `correction` as it is stored; one that corrects nothing is left out. */
export async function withCheckedCorrection(
  episode: Episode,
  metadata: Reward["metadata"],
): Promise<Reward["metadata"]> {
  if (!("correction" in metadata)) return metadata;
  const { correction: given, ...rest } = metadata;
  const correction = await checkCorrection(episode, given, "metadata.correction");
  return correction === undefined ? rest : { ...rest, correction: correction as Reward["metadata"][string] };
}
