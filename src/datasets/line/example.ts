import type { Episode, Message, ToolCall, ToolDefinition } from "../../episodes/contract.ts";
import { textOf } from "../common/memoise-json.ts";
import type { Example } from "../contract.ts";

export interface ExampleOptions {
  /** False: tool calls, tool results and tool definitions are left out. */
  readonly includeTools: boolean;
  /** Replaces whatever system or developer turn the episode had. */
  readonly systemPrompt?: string | undefined;
}

export interface ConvertedExample {
  readonly example: Example;
  /** Tools that were called but never defined; each got a minimal definition by name (counted in the manifest). */
  readonly derivedTools: readonly string[];
}

/**
 * One supervised line from an episode. The episode's own `messages` are the last word on what was said; without them
 * the turns are made from `user_input`, `tool_calls` and `assistant_output`. Nothing is cut or flattened: what cannot
 * be a valid line is refused later, by the validator, with a reason.
 */
export function toExample(
  episode: Pick<Episode, "user_input" | "assistant_output" | "tool_calls"> & Partial<Episode>,
  options: ExampleOptions,
): ConvertedExample {
  const given = episode.messages ?? [];
  const body = given.length > 0 ? given : madeOf(episode);
  const spoken = options.includeTools ? body : withoutTools(body);
  const turns = withAnswer(
    withSystem(spoken, options.systemPrompt ?? episode.system_prompt, options),
    episode,
  );
  if (!options.includeTools) return { example: { messages: turns }, derivedTools: [] };
  const { tools, derived } = definitions(turns, episode.tools ?? []);
  return {
    example: {
      messages: turns,
      ...(tools.length === 0 ? {} : { tools }),
      ...(tools.length === 0 || episode.parallel_tool_calls === undefined
        ? {}
        : { parallel_tool_calls: episode.parallel_tool_calls }),
    },
    derivedTools: derived,
  };
}

/** The line's text, without its line end: its JSON, with that of the tools, which many lines share, made once. */
export function exampleLine({ messages, tools, parallel_tool_calls: parallel }: Example): string {
  const offered = tools === undefined ? "" : `,"tools":${textOf(tools)}`;
  const switched = parallel === undefined ? "" : `,"parallel_tool_calls":${parallel}`;
  return `{"messages":${JSON.stringify(messages)}${offered}${switched}}`;
}

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
function withAnswer(turns: Message[], episode: Pick<Episode, "assistant_output">): Message[] {
  return turns.at(-1)?.role === "assistant" || episode.assistant_output === ""
    ? turns
    : [...turns, answer(episode.assistant_output)];
}

const isSystem = (message: Message): boolean => message.role === "system" || message.role === "developer";

function withSystem(turns: Message[], prompt: string | undefined, options: ExampleOptions): Message[] {
  if (!prompt) return turns;
  if (options.systemPrompt === undefined && turns.some(isSystem)) return turns;
  return [{ role: "system", content: prompt }, ...turns.filter((turn) => !isSystem(turn))];
}

/** What was said without any tool: results go, and assistant turns that only called. */
function withoutTools(turns: readonly Message[]): Message[] {
  return turns.flatMap((turn) => {
    if (turn.role === "tool") return [];
    const { tool_calls: calls, ...rest } = turn;
    if (calls === undefined || calls.length === 0) return [rest];
    return typeof rest.content === "string" && rest.content !== "" ? [rest] : [];
  });
}

/**
 * The tools offered, plus a minimal definition for each tool that is called without one: its name and an open object.
 * It says nothing about the arguments, since guesses from single calls would differ from line to line.
 */
function definitions(
  turns: readonly Message[],
  offered: ToolDefinition[],
): { tools: ToolDefinition[]; derived: string[] } {
  const derived: string[] = [];
  for (const turn of turns)
    for (const { function: called } of turn.tool_calls ?? [])
      if (!offered.some((tool) => tool.function.name === called.name) && !derived.includes(called.name))
        derived.push(called.name);
  // The very list that was offered, so that what is known of it holds for the line too.
  if (derived.length === 0) return { tools: offered, derived };
  const minimal = derived.map(
    (name): ToolDefinition => ({
      type: "function",
      function: { name, parameters: { type: "object", properties: {} } },
    }),
  );
  return { tools: [...offered, ...minimal], derived };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
