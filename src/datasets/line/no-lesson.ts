import type { Episode } from "../../episodes/contract.ts";
import { BYTES_POINTER, TEXT_POINTER } from "../../parts/pointer.ts";
import type { Example } from "../contract.ts";
import { contentText, inputLength } from "./normalise.ts";

/**
 * Why a valid line is not trained on. `spelt_out`: the question holds the name and the arguments of each call that the
 * model is to make, as the question of a tool's call that was captured alone does. `cut_for_size`: capture cut its
 * conversation, a text in it or the bytes of a picture to fit the ledger. Undefined: it is a lesson.
 */
export function noLesson(
  episode: Pick<Episode, "messages" | "truncated">,
  { messages }: Example,
  { include_spelt_out: isTaken }: { readonly include_spelt_out?: boolean | undefined },
): "spelt_out" | "cut_for_size" | undefined {
  if (isTaken !== true && isSpeltOut(messages)) return "spelt_out";
  return isCut(episode) ? "cut_for_size" : undefined;
}

function isSpeltOut(messages: Example["messages"]): boolean {
  const calls = messages.flatMap((turn) => turn.tool_calls ?? []);
  if (calls.length === 0) return false;
  const asked = messages
    .slice(0, inputLength(messages))
    .filter(({ role }) => role === "user")
    .map(({ content }) => contentText(content))
    .join("\n");
  return calls.every(
    ({ function: { name, arguments: args } }) =>
      args.trim() !== "" && asked.includes(name) && asked.includes(args),
  );
}

/** A part that could not be put in its place again: what is left of it is no answer. */
function holdsPointer(messages: NonNullable<Episode["messages"]>): boolean {
  const text = JSON.stringify(messages);
  return text.includes(BYTES_POINTER) || text.includes(TEXT_POINTER);
}

/** A tool's result may be cut: it is not learnt, and the agent has bounds for it at inference, too. */
function isCut({ messages = [], truncated }: Pick<Episode, "messages" | "truncated">): boolean {
  if (truncated === undefined) return false;
  // What stands in the messages too is whole there. Of a tool that was captured alone the answer is its result.
  const isToolAlone = "tool_calls.0.result" in truncated;
  const isPrompted = messages.some(({ role }) => role === "system" || role === "developer");
  return (
    Object.keys(truncated).some((path) => {
      const [of, at, member] = path.split(".");
      if (path === "user_input" || path === "assistant_output") return messages.length === 0 && !isToolAlone;
      if (path === "system_prompt") return !isPrompted;
      if (of !== "messages") return false;
      return at === undefined || member !== "content" || messages[Number(at)]?.role !== "tool";
    }) || holdsPointer(messages)
  );
}
