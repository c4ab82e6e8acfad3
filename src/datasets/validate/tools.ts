import { toolDefinitionSchema } from "../../episodes/contract.ts";
import { memoiseJson } from "../common/memoise-json.ts";
import { isAbsent } from "./content-parts.ts";
import { FaultList, type Fields, isFields, shown } from "./line-rules.ts";

const checked = memoiseJson((tools) => {
  const list = new FaultList();
  const names = new Set<string>();
  if (!Array.isArray(tools)) list.add("tools_invalid", "`tools` is not a list.", "tools");
  else for (const [index, tool] of tools.entries()) checkTool(tool, index, names, list);
  return { names, faults: list.faults };
});

function checkTool(tool: unknown, index: number, names: Set<string>, list: FaultList): void {
  const parsed = toolDefinitionSchema.safeParse(tool);
  if (!parsed.success) {
    const at = ["tools", index, ...(parsed.error.issues[0]?.path ?? [])].join(".");
    list.add("tools_invalid", `The tool is not a definition: ${parsed.error.issues[0]?.message}.`, at);
    return;
  }
  checkStray(tool, TOOL_KEYS, `tools.${index}`, list);
  checkStray((tool as Fields).function, FUNCTION_KEYS, `tools.${index}.function`, list);
  const { name } = parsed.data.function;
  if (names.has(name)) list.add("duplicate_tool", `The tool "${name}" is declared twice.`, `tools.${index}`);
  names.add(name);
}

const TOOL_KEYS: ReadonlySet<string> = new Set(["type", "function"]);
const FUNCTION_KEYS: ReadonlySet<string> = new Set(["name", "description", "parameters", "strict"]);
const CALL_KEYS: ReadonlySet<string> = new Set(["id", "type", "function"]);
const CALLED_KEYS: ReadonlySet<string> = new Set(["name", "arguments"]);

/** Keys that the format does not know would be lost on the way to the file. */
function checkStray(fields: unknown, known: ReadonlySet<string>, at: string, list: FaultList): void {
  for (const [key, value] of Object.entries(fields as Fields))
    if (!known.has(key) && !isAbsent(value))
      list.add("unknown_key", `\`${key.slice(0, 60)}\` is not a key of the format.`, `${at}.${key}`);
}

/** Checks the tool definitions of a line and answers their names; undefined when `tools` is absent. */
export function checkTools(tools: unknown, list: FaultList): ReadonlySet<string> | undefined {
  if (tools === undefined) return undefined;
  const { names, faults } = checked(tools);
  list.addAll(faults);
  return names;
}

/**
 * Follows calls and results through the turns: each call is answered once, right after the turn that made it. The
 * last turn may end on a call, which is how a line teaches what to call.
 */
export function checkToolTraffic(
  turns: readonly Fields[],
  declared: ReadonlySet<string> | undefined,
  parallel: unknown,
  list: FaultList,
): void {
  const seen = new Set<string>();
  let open = new Map<string, string>();
  turns.forEach((turn, index) => {
    const at = `messages.${index}`;
    if (turn.role === "tool") {
      closeCall(turn, open, at, list);
      return;
    }
    reportOpen(open, list);
    open = new Map();
    if (turn.tool_calls === undefined) return;
    const calls = callsOf(turn, at, list);
    if (parallel === false && calls.length > 1)
      list.add("tool_calls_without_parallel", `The turn makes ${calls.length} calls.`, `${at}.tool_calls`);
    for (const [nth, call] of calls.entries()) {
      const field = `${at}.tool_calls.${nth}`;
      const id = checkCall(call, declared, field, list);
      if (id === undefined) continue;
      if (seen.has(id)) list.add("duplicate_tool_call_id", `The id "${id}" is used twice.`, `${field}.id`);
      seen.add(id);
      open.set(id, field);
    }
  });
  if (turns.at(-1)?.role !== "assistant") reportOpen(open, list);
}

function closeCall(turn: Fields, open: Map<string, string>, at: string, list: FaultList): void {
  const id = turn.tool_call_id;
  if (typeof id !== "string" || id === "")
    list.add("tool_result_without_id", "The tool result names no call.", `${at}.tool_call_id`);
  else if (!open.delete(id))
    list.add("orphan_tool_result", `No open call has the id "${id.slice(0, 80)}".`, `${at}.tool_call_id`);
}

function reportOpen(open: ReadonlyMap<string, string>, list: FaultList): void {
  for (const [id, field] of open)
    list.add("unmatched_tool_call", `The call "${id.slice(0, 80)}" has no result.`, field);
}

function callsOf(turn: Fields, at: string, list: FaultList): unknown[] {
  const field = `${at}.tool_calls`;
  if (turn.role !== "assistant") {
    list.add("tool_calls_on_wrong_role", `A ${shown(turn.role)} turn makes calls.`, field);
    return [];
  }
  if (!Array.isArray(turn.tool_calls) || turn.tool_calls.length === 0) {
    list.add("tool_calls_empty", "`tool_calls` lists no call.", field);
    return [];
  }
  return turn.tool_calls as unknown[];
}

/** Answers the call's id when it has one. */
function checkCall(
  call: unknown,
  declared: ReadonlySet<string> | undefined,
  at: string,
  list: FaultList,
): string | undefined {
  if (
    !isFields(call) ||
    !isFields(call.function) ||
    typeof call.function.name !== "string" ||
    !call.function.name
  ) {
    list.add("tool_call_without_function", "The call names no function.", at);
  } else {
    const { name, arguments: text } = call.function;
    checkStray(call, CALL_KEYS, at, list);
    checkStray(call.function, CALLED_KEYS, `${at}.function`, list);
    if (call.type !== undefined && call.type !== "function")
      list.add("tool_call_without_function", "The call's type is not `function`.", `${at}.type`);
    if (!isObjectText(text))
      list.add("arguments_not_json", "The arguments are not a JSON object.", `${at}.function.arguments`);
    if (!declared?.has(name))
      list.add("tool_not_declared", `The tool "${name.slice(0, 80)}" is not in \`tools\`.`, at);
  }
  const id = isFields(call) ? call.id : undefined;
  if (typeof id === "string" && id !== "") return id;
  list.add("tool_call_without_id", "The call has no id.", `${at}.id`);
  return undefined;
}

/** Whether any call has arguments that its tool's schema does not list or take, or lacks ones it requires. */
export function declaredMismatch(
  turns: readonly {
    readonly tool_calls?: readonly { readonly function: { name: string; arguments: string } }[] | undefined;
  }[],
  tools: readonly { readonly function: { name: string; parameters?: unknown } }[],
): boolean {
  const schemas = new Map(tools.map((tool) => [tool.function.name, tool.function.parameters]));
  return turns.some((turn) =>
    (turn.tool_calls ?? []).some(({ function: call }) => {
      const schema = schemas.get(call.name);
      if (!isFields(schema) || !isFields(schema.properties) || !isObjectText(call.arguments)) return false;
      const given = JSON.parse(call.arguments) as Fields;
      const known = schema.properties;
      const required = Array.isArray(schema.required) ? schema.required : [];
      const isStray = schema.additionalProperties !== true && Object.keys(known).length > 0;
      return (
        required.some((name) => typeof name === "string" && !Object.hasOwn(given, name)) ||
        (isStray && Object.keys(given).some((name) => !Object.hasOwn(known, name))) ||
        Object.entries(given).some(([name, value]) => Object.hasOwn(known, name) && !fits(value, known[name]))
      );
    }),
  );
}

/** By type and fixed values alone; what a schema says beyond is left to the tool. */
function fits(value: unknown, schema: unknown): boolean {
  if (!isFields(schema)) return true;
  if (Array.isArray(schema.enum))
    return schema.enum.some((one) => one === value) || typeof value === "object";
  const types = [schema.type].flat().filter((type) => typeof type === "string");
  return types.length === 0 || types.some((type) => isOfType(value, type));
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isFields(value);
  if (type === "null") return value === null;
  if (type === "integer") return Number.isInteger(value);
  if (type === "string" || type === "number" || type === "boolean") return typeof value === type;
  return true;
}

function isObjectText(text: unknown): boolean {
  if (typeof text !== "string") return false;
  try {
    return isFields(JSON.parse(text));
  } catch {
    return false;
  }
}
