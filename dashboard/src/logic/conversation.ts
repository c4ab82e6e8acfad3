import type { Episode } from "../../../src/episodes/contract.ts";
import { shown, textOf } from "./content.ts";

export interface Call {
  readonly name: string;
  readonly args: string;
  readonly result: string | undefined;
  readonly error: string | undefined;
  readonly milliseconds: number | undefined;
}
export interface Turn {
  readonly role: string;
  readonly text: string;
  readonly calls: readonly Call[];
}

type Told = {
  readonly [K in "messages" | "tool_calls" | "user_input" | "assistant_output" | "system_prompt"]?:
    | Episode[K]
    | undefined;
};

/** An episode as turns, each call beside its result, whichever way the agent recorded it. */
export function turnsOf(episode: Told): Turn[] {
  const messages = episode.messages ?? [];
  const recorded = episode.tool_calls ?? [];
  const said = episode.assistant_output ?? "";
  if (messages.length === 0) {
    const calls = recorded.map((call) => ({
      name: call.tool_name,
      args: shown(call.arguments),
      result: call.result === undefined ? undefined : shown(call.result),
      error: call.error,
      milliseconds: call.duration_ms,
    }));
    return [
      ...(episode.system_prompt ? [plain("system", episode.system_prompt)] : []),
      plain("user", episode.user_input ?? ""),
      ...(calls.length > 0 ? [{ role: "assistant", text: "", calls }] : []),
      ...(said !== "" ? [plain("assistant", said)] : []),
    ];
  }

  const byId = new Map(recorded.flatMap((call) => (call.id === undefined ? [] : [[call.id, call] as const])));
  const results = new Map(
    messages.flatMap((message) =>
      message.role === "tool" && message.tool_call_id !== undefined
        ? [[message.tool_call_id, textOf(message.content)] as const]
        : [],
    ),
  );
  const answered = new Set<string>();
  const turns: Turn[] = [];
  if (episode.system_prompt && !messages.some(({ role }) => role === "system" || role === "developer"))
    turns.push(plain("system", episode.system_prompt));
  for (const message of messages) {
    if (message.role === "tool" && message.tool_call_id !== undefined && answered.has(message.tool_call_id))
      continue;
    const calls = (message.tool_calls ?? []).map((call): Call => {
      answered.add(call.id);
      const own = byId.get(call.id);
      const result = results.get(call.id);
      return {
        name: call.function.name,
        args: shown(call.function.arguments),
        result:
          result !== undefined ? shown(result) : own?.result === undefined ? undefined : shown(own.result),
        error: own?.error,
        milliseconds: own?.duration_ms,
      };
    });
    const text = message.refusal ?? textOf(message.content);
    if (text !== "" || calls.length > 0)
      turns.push({ role: message.role, text: message.role === "tool" ? shown(text) : text, calls });
  }
  const last = turns.at(-1);
  if (said !== "" && !(last?.role === "assistant" && last.text !== ""))
    turns.push({ role: "assistant", text: said, calls: [] });
  return turns;
}

const plain = (role: string, text: string): Turn => ({ role, text, calls: [] });
