import type { Message } from "../../episodes/contract.ts";
import type { DatasetLine } from "../contract.ts";
import { turnsOf } from "../line/normalise.ts";
import type { Format } from "../recipe-contract.ts";
import { referencesOf } from "./formats.ts";

/** What is worth a look in a valid line, and stops nothing. */
export function lineWarnings(line: DatasetLine, format: Format): ("two_assistants" | "no_reference")[] {
  const { messages } = turnsOf(line);
  return [
    ...(hasTwoAssistants(messages) ? (["two_assistants"] as const) : []),
    // Some graders compare with nothing: whether this one does is not known here.
    ...(format === "rft" && referencesOf(line).length === 0 ? (["no_reference"] as const) : []),
  ];
}

const hasTwoAssistants = (messages: readonly Message[]): boolean =>
  messages.some((turn, index) => turn.role === "assistant" && messages[index + 1]?.role === "assistant");

/** What the chat templates of open models object to, or render otherwise than it was said. */
export const TEMPLATE_WARNINGS = {
  assistant_first: "Conversations begin with an assistant turn; many chat templates want the user's first.",
  two_assistants: "Two assistant turns follow one another; many chat templates want turns to alternate.",
  late_system:
    "System turns come after the beginning; many chat templates take one system turn, at the start.",
} as const;

export function templateWarnings(messages: readonly Message[]): (keyof typeof TEMPLATE_WARNINGS)[] {
  const isSystem = (turn: Message) => turn.role === "system" || turn.role === "developer";
  const first = messages.findIndex((turn) => !isSystem(turn));
  const found: (keyof typeof TEMPLATE_WARNINGS)[] = [];
  if (messages[first]?.role === "assistant") found.push("assistant_first");
  if (hasTwoAssistants(messages)) found.push("two_assistants");
  if (messages.some((turn, index) => index > 0 && isSystem(turn))) found.push("late_system");
  return found;
}
