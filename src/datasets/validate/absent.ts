import { isAbsent } from "./content-parts.ts";
import { type Fields, isFields } from "./line-rules.ts";

const LINES: ReadonlySet<string> = new Set([
  "messages",
  "tools",
  "functions",
  "function_call",
  "parallel_tool_calls",
  "input",
  "preferred_output",
  "non_preferred_output",
]);
const NULLABLE_OF_LINE = ["tools", "functions", "function_call", "parallel_tool_calls"];
const NULLABLE_OF_TURN = ["name", "tool_calls", "tool_call_id", "weight", "function_call"];
const TURNS = ["messages", "preferred_output", "non_preferred_output"] as const;

/**
 * A line as SDKs dump it, every field with a value or null, without the nulls: null is absent. The line itself where it
 * holds none. `content` and `refusal` may be null in the format.
 * @param isLoose keys beside the format's are the grader's, and stay also when they are null
 */
export function withoutAbsent(line: unknown, isLoose: boolean): unknown {
  if (!isFields(line)) return line;
  const clean = without(
    line,
    (key, value) =>
      (value === null && NULLABLE_OF_LINE.includes(key)) || (!isLoose && !LINES.has(key) && isAbsent(value)),
  );
  const changed: Fields = {};
  const change = (key: string, value: unknown) => {
    if (value !== clean[key]) changed[key] = value;
  };
  if (!isLoose && isFields(clean.input)) change("input", withoutAbsent(clean.input, false));
  for (const key of TURNS)
    change(
      key,
      each(clean[key], (turn) =>
        without(turn, (name, value) => value === null && NULLABLE_OF_TURN.includes(name)),
      ),
    );
  change("tools", each(clean.tools, withoutAbsentOfTool));
  return Object.keys(changed).length === 0 ? clean : { ...clean, ...changed };
}

function withoutAbsentOfTool(tool: Fields): Fields {
  if (!isFields(tool.function)) return tool;
  const clean = without(
    tool.function,
    (key, value) => value === null && (key === "description" || key === "parameters"),
  );
  return clean === tool.function ? tool : { ...tool, function: clean };
}

/** The objects of a list, each as it is made; the list itself where nothing changes. */
function each(list: unknown, make: (fields: Fields) => Fields): unknown {
  if (!Array.isArray(list)) return list;
  const all = list.map((one: unknown) => (isFields(one) ? make(one) : one));
  return all.some((one, index) => one !== list[index]) ? all : list;
}

function without(fields: Fields, goes: (key: string, value: unknown) => boolean): Fields {
  for (const key in fields)
    if (goes(key, fields[key]))
      return Object.fromEntries(Object.entries(fields).filter(([name, value]) => !goes(name, value)));
  return fields;
}
