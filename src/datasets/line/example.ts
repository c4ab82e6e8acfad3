import type { Episode, Message, ToolDefinition } from "../../episodes/contract.ts";
import type { NotWhole } from "../../episodes/endings.ts";
import { bodyOf, withAnswer } from "../../episodes/turns.ts";
import { textOf } from "../common/memoise-json.ts";
import type { Example } from "../contract.ts";

export interface ExampleOptions {
  /** False: tool calls, tool results and tool definitions are left out. */
  readonly includeTools: boolean;
  /** Replaces whatever system or developer turn the episode had. */
  readonly systemPrompt?: string | undefined;
  /** Answers that are not whole and may all the same be the worse of a pair. */
  readonly includeEndings?: readonly NotWhole[] | undefined;
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
  const body = bodyOf(episode);
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
