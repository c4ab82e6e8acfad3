import type { Episode, Message } from "../../episodes/contract.ts";
import { contentText } from "./normalise.ts";

/** What tools answer that failed, as MCP servers and SDKs put it: a text that begins so, or a JSON object with `error`. */
const FAILED_TEXT = /^\s*(?:mcp )?(?:error|exception|traceback)\b[^:\n(]{0,40}[:(]/i;
const FAILED_JSON = /^\s*\{\s*"(?:error|isError)"\s*:\s*(?!null|false|""|\{\s*\})/;

const failed = (text: string): boolean => FAILED_TEXT.test(text) || FAILED_JSON.test(text);

/** Ids of the calls among these turns that failed: by what was recorded of them, or by the answer of their tool. */
export function failedCalls(
  turns: readonly Message[],
  recorded: Pick<Episode, "tool_calls">["tool_calls"],
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const turn of turns)
    if (turn.role === "tool" && turn.tool_call_id !== undefined && failed(contentText(turn.content)))
      found.add(turn.tool_call_id);
  if (!recorded.some(({ error }) => error !== undefined)) return found;
  const called = turns.flatMap((turn) => turn.tool_calls ?? []);
  // The same calls told twice stand in the same order; else only their ids tell which is which.
  const isSame = called.length === recorded.length;
  for (const [n, { id, error }] of recorded.entries()) {
    const known = isSame ? called[n]?.id : id;
    if (error !== undefined && known !== undefined) found.add(known);
  }
  return found;
}

/** Weight 0 on the turns whose call failed: a failed call is context, and no lesson. The very list when none did. */
export function unlearnFailed<M extends Message>(messages: M[], failedIds: ReadonlySet<string>): M[] {
  if (failedIds.size === 0) return messages;
  return messages.map((turn) =>
    turn.tool_calls?.some(({ id }) => failedIds.has(id)) === true ? { ...turn, weight: 0 as const } : turn,
  );
}
