import type { Episode, Message, ToolCall } from "./contract.ts";

type Told = Pick<Episode, "user_input" | "assistant_output" | "tool_calls"> &
  Partial<Pick<Episode, "messages">>;

/** The episode's own messages, or the turns made of what else it says, without the answer that may stand beside them. */
export function bodyOf(episode: Told): Message[] {
  const given = episode.messages ?? [];
  return given.length > 0 ? given : madeOf(episode);
}

/**
 * What was said and called, turn by turn, as every door counts turns: the one order in which corrections name them and
 * lines are made of them.
 */
export const turnsOfEpisode = (episode: Told): Message[] => withAnswer(bodyOf(episode), episode);

/**
 * Turns of an episode that has none: each recorded call is an assistant turn of its own followed by its result, in
 * the order of recording, because that is all that is known about it.
 */
function madeOf(episode: Pick<Episode, "user_input" | "assistant_output" | "tool_calls">): Message[] {
  const ids = callIds(episode.tool_calls);
  return [
    { role: "user", content: episode.user_input },
    ...episode.tool_calls.flatMap((call, index): Message[] => {
      const id = ids[index] ?? "";
      const spec = { name: call.tool_name, arguments: argumentsText(call.arguments) };
      return [
        { role: "assistant", tool_calls: [{ id, type: "function", function: spec }] },
        { role: "tool", tool_call_id: id, content: resultText(call) },
      ];
    }),
    ...(episode.assistant_output === "" ? [] : [answer(episode.assistant_output)]),
  ];
}

/** Recorded ids where they are usable; else `call_1`, `call_2`, … by position, so that equal episodes give equal lines. */
function callIds(calls: readonly ToolCall[]): string[] {
  const taken = new Set<string>();
  for (const call of calls) if (call.id) taken.add(call.id);
  const used = new Set<string>();
  let next = 1;
  return calls.map((call) => {
    let id = call.id;
    if (!id || used.has(id)) {
      while (taken.has(`call_${next}`)) next++;
      id = `call_${next++}`;
    }
    used.add(id);
    return id;
  });
}

/** Arguments are JSON text on the wire. A text that already is JSON stays as it is. */
function argumentsText(value: unknown): string {
  if (value === undefined || value === null || value === "") return "{}";
  if (typeof value === "string" && isJson(value)) return value;
  return JSON.stringify(value);
}

function resultText(call: ToolCall): string {
  if (call.result !== undefined)
    return typeof call.result === "string" ? call.result : JSON.stringify(call.result);
  return call.error === undefined ? "" : JSON.stringify({ error: call.error });
}

const answer = (content: string): Message => ({ role: "assistant", content });

/** An episode may hold the prompt's messages alone, with the answer beside them. */
export function withAnswer(turns: Message[], episode: Pick<Episode, "assistant_output">): Message[] {
  return turns.at(-1)?.role === "assistant" || episode.assistant_output === ""
    ? turns
    : [...turns, answer(episode.assistant_output)];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
