import { toolsOf } from "./calls.ts";
import { fieldsOf, listOf, type Part, Unreadable } from "./reading.ts";
import type { ReadExample, Turn, TurnReader } from "./turns.ts";

/** What Langfuse tells of tools beside input and output: definitions by name, and the answer's calls. @throws Unreadable */
export function withToolsBeside(read: ReadExample, part: Part, turns: TurnReader): ReadExample {
  const defined = part.first("tool_definitions", "toolDefinitions");
  const told = part.first("tool_calls", "toolCalls");
  const names = part.first("tool_call_names", "toolCallNames");
  const beside =
    defined === undefined ? undefined : toolsOf(definitions(part.take(defined)), part.place(defined));
  const messages =
    told === undefined
      ? read.messages
      : withCalls(read.messages, turns.calls(part.take(told)), part.place(told));
  const last = messages.at(-1)?.tool_calls;
  // The names are those of the calls.
  if (names !== undefined && Array.isArray(last)) part.taken.add(names);
  return { ...read, messages, tools: read.tools ?? beside };
}

/** A list, or an object of definitions, or of their JSON, by name. */
function definitions(given: unknown): unknown {
  if (listOf(given) !== undefined) return given;
  return Object.entries(fieldsOf(given) ?? {}).map(([name, one]) => {
    const fields = fieldsOf(one);
    if (fields === undefined) throw new Unreadable(`tool_definitions.${name}`, "No definition of a tool.");
    return fields.function === undefined ? { name, ...fields } : fields;
  });
}

type Calls = ReturnType<TurnReader["calls"]>;
const namesOf = (calls: Calls): string =>
  (calls ?? [])
    .map((call) => JSON.stringify(call.function.name))
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join();

/** The calls on the answer, which mostly has them already. */
function withCalls(messages: readonly Turn[], calls: Calls, at: string): readonly Turn[] {
  const answer = messages.at(-1);
  if (calls === undefined || answer === undefined) return messages;
  if (answer.role !== "assistant") throw new Unreadable(at, "There is no answer that makes the calls.");
  const own = answer.tool_calls as Calls;
  if (own !== undefined) {
    if (namesOf(own) === namesOf(calls)) return messages;
    throw new Unreadable(at, "The calls are told twice, and are not the same.");
  }
  return [...messages.slice(0, -1), { ...answer, tool_calls: calls }];
}
