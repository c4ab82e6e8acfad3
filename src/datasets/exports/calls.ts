import type { Fields } from "../common/fields.ts";
import { fieldsOf, listOf, type Part, type Reading, Unreadable, unfolded } from "./reading.ts";

interface Call {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: unknown; readonly arguments: string };
}
const CALL = new Set(["index", "run_id"]);

/** Tool calls in every dialect, and which of them are still to be answered, so that results without an id find theirs. */
export class Calls {
  #open: { readonly id: string; readonly name: unknown }[] = [];
  readonly #seen = new Set<string>();
  #count = 0;

  /** The calls of an assistant's turn. @throws Unreadable */
  of(part: Part, reading: Reading): Call[] | undefined {
    const more = fieldsOf(part.take("additional_kwargs"));
    const extra = more === undefined ? undefined : reading.open(more, part.place("additional_kwargs"));
    extra?.take("refusal");
    const given = part.take("tool_calls");
    // LangChain keeps the same calls as the provider wrote them, too: their arguments are the text itself.
    const wire = extra?.take("tool_calls");
    const list = listOf(wire ?? given);
    const legacy = part.take("function_call") ?? extra?.take("function_call") ?? this.#flatCall(part);
    if (list === undefined && (wire ?? given) !== undefined)
      throw new Unreadable(part.place("tool_calls"), "`tool_calls` is no list.");
    if (wire !== undefined && given !== undefined && listOf(given)?.length !== list?.length)
      throw new Unreadable(part.place("tool_calls"), "The calls are told twice, and not as many.");
    if (list === undefined && legacy === undefined) return undefined;
    const calls = [...(list ?? []), ...(legacy === undefined ? [] : [legacy])].map((one, index) =>
      this.#call(one, part.place(`tool_calls.${index}`), reading),
    );
    this.#open = calls.map(({ id, function: { name } }) => ({ id, name }));
    return calls;
  }

  /** A turn whose text is the call, or a list of them, as ShareGPT's `function_call` speaker tells it. */
  told(content: unknown, at: string): { role: "assistant"; tool_calls: Call[] } {
    const value = unfolded(content);
    const all = Array.isArray(value) ? (value as unknown[]) : [value];
    const calls = all.map((one) => {
      const fields = fieldsOf(one);
      const keys = Object.keys(fields ?? {}).filter((key) => key !== "name" && key !== "arguments");
      if (typeof fields?.name !== "string" || keys.length > 0)
        throw new Unreadable(at, 'No call: {"name": "...", "arguments": {...}} is expected.');
      return this.#make(fields.name, fields.arguments);
    });
    this.#open = calls.map(({ id, function: { name } }) => ({ id, name }));
    return { role: "assistant", tool_calls: calls };
  }

  /** The id of the call that a result answers: its own, else that of the open call of its name, else of the next. */
  answered(part: Part): unknown {
    const own = part.take("tool_call_id");
    const name = part.fields.name;
    const found = this.#open.findIndex((one) =>
      own === undefined ? typeof name !== "string" || one.name === name : one.id === own,
    );
    const [call] = found < 0 ? [] : this.#open.splice(found, 1);
    return own ?? call?.id;
  }

  #call(value: unknown, at: string, reading: Reading): Call {
    const given = fieldsOf(value);
    if (given === undefined) throw new Unreadable(at, "No call.");
    const nested = fieldsOf(given.tool_call);
    if (nested !== undefined) {
      reading.open(given, at).take("tool_call");
      return this.#call(nested, `${at}.tool_call`, reading);
    }
    const part = reading.open(given, at, CALL);
    if (part.fields.type === "function" || part.fields.type === "tool_call") part.taken.add("type");
    const id = part.take("id");
    const inner = fieldsOf(part.fields.function);
    if (inner !== undefined) part.taken.add("function");
    const called = inner === undefined ? part : reading.open(inner, `${at}.function`);
    const key = called.first("args", "input") ?? "arguments";
    called.taken.add("arguments");
    const args = called.take(key) ?? called.fields[key];
    return this.#make(called.take("name"), args, typeof id === "string" ? id : undefined);
  }

  /** OpenInference's call of the older kind. */
  #flatCall(part: Part): Fields | undefined {
    const name = part.take("function_call_name");
    const text = part.take("function_call_arguments_json");
    return name === undefined ? undefined : { name, arguments: text };
  }

  #make(name: unknown, args: unknown, given?: string): Call {
    let id = given;
    if (id === undefined)
      do id = `call_${++this.#count}`;
      while (this.#seen.has(id));
    this.#seen.add(id);
    const text =
      typeof args === "string" && args !== "" ? args : JSON.stringify(fieldsOf(args) ?? args ?? {});
    return { id, type: "function", function: { name, arguments: args === "" ? "{}" : text } };
  }
}

/** Definitions of tools: OpenAI's form, the bare function, or a span's schema; a text that holds them, too. */
export function toolsOf(value: unknown, at: string): unknown[] | undefined {
  if (value === undefined) return undefined;
  const list = listOf(value);
  if (list === undefined) throw new Unreadable(at, "No list of tools.");
  if (list.length === 0) return undefined;
  return list.map((one, index) => {
    const fields = fieldsOf(one);
    if (fields === undefined) throw new Unreadable(`${at}.${index}`, "No definition of a tool.");
    const schema =
      fieldsOf(fieldsOf(fields.tool)?.json_schema) ?? fieldsOf(fields["tool.json_schema"]) ?? fields;
    if (schema !== fields && Object.keys(fields).length > 1)
      throw new Unreadable(`${at}.${index}`, "More than a tool's schema.");
    const { input_schema: parameters, type, ...rest } = schema;
    if (fieldsOf(schema.function) !== undefined || type === "function") return schema;
    if (parameters !== undefined && rest.parameters !== undefined)
      throw new Unreadable(`${at}.${index}`, "The tool has two schemas.");
    if (type !== undefined) throw new Unreadable(`${at}.${index}.type`, "The tool is no function.");
    return { type: "function", function: parameters === undefined ? rest : { ...rest, parameters } };
  });
}
