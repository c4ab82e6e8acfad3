import { type EndingState, endingOfReason } from "../../episodes/endings.ts";
import { isFields } from "../common/fields.ts";
import { unfolded } from "./reading.ts";

const KEYS = new Set(["finish_reason", "finishreason", "stop_reason", "stopreason"]);
/** What holds texts of people, models and tools, or schemas: a key in there is no word of the provider's. */
const SAID = new Set(["content", "text", "arguments", "args", "parameters", "tools", "functions"]);
/** What holds the question: an earlier turn there may have been cut, and the answer to learn be whole. */
const ASKED = new Set(["input", "inputs", "request", "prompt", "prompts", "history"]);
const DEEPEST = 8;

/**
 * How the answers of another tool's row ended, where it says so anywhere: the first ending that is not `finished`;
 * undefined: all finished, or none says.
 */
export function endingOfRow(row: unknown, depth = 0): EndingState | undefined {
  if (depth > DEEPEST || typeof row !== "object" || row === null) return undefined;
  for (const [key, value] of Object.entries(row)) {
    const name = key.slice(key.lastIndexOf(".") + 1).toLowerCase();
    if (SAID.has(name) || ASKED.has(name)) continue;
    if (KEYS.has(name)) {
      const ending = typeof value === "string" ? endingOfReason(value) : undefined;
      if (ending !== undefined && ending !== "finished") return ending;
      continue;
    }
    // Cells of a table hold whole answers as text; a text further in is what was said.
    const inner = depth === 0 ? unfolded(value) : value;
    if (!isFields(inner) && !Array.isArray(inner)) continue;
    // Of a conversation the answer is the last turn.
    const found = endingOfRow(isConversation(inner) ? inner.at(-1) : inner, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

const isConversation = (value: unknown): value is unknown[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((turn) => isFields(turn) && typeof turn.role === "string");
