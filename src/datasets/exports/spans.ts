import { DEEPEST_JSON } from "../../kernel/depth.ts";
import type { Fields } from "../common/fields.ts";
import { isFields } from "../common/fields.ts";
import { toolsOf } from "./calls.ts";
import { ATTRIBUTES, SPAN, SPAN_LLM } from "./harmless.ts";
import { fieldsOf, type Part, Unreadable, unfolded } from "./reading.ts";
import type { ReadExample, TurnReader } from "./turns.ts";

/** What is in these is not the span's to name. */
const VERBATIM = new Set(["json_schema", "arguments", "tools", "value"]);

/**
 * Keys with dots, as spans have them (`attributes.llm.input_messages`, `message.role`), as nested objects; a member
 * whose keys are 0, 1, … as a list. JSON in texts is unfolded where it stands for attributes.
 */
function nested(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nested);
  if (!isFields(value)) return value;
  const out: Fields = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined || member === null) continue;
    let at = out;
    const steps = key.split(".");
    if (steps.length > DEEPEST_JSON) return value;
    const last = steps.pop() ?? key;
    for (const step of steps) {
      const inner = isFields(at[step]) ? at[step] : {};
      // Never over a value that is there already: the key then stays as it is, and nobody reads it.
      if (at[step] !== undefined && !isFields(at[step])) return value;
      at[step] = inner;
      at = inner;
    }
    const clean = VERBATIM.has(last) ? member : nested(member);
    const there = at[last];
    if (isFields(there) && isFields(clean)) Object.assign(there, clean);
    else if (there === undefined) at[last] = clean;
    else return value;
  }
  return listed(out);
}

function listed(fields: Fields): unknown {
  for (const [key, member] of Object.entries(fields)) if (isFields(member)) fields[key] = listed(member);
  const keys = Object.keys(fields);
  return keys.length > 0 && keys.every((key, index) => key === String(index))
    ? Object.values(fields)
    : fields;
}

/** A row with OpenInference's attributes, nested; undefined: it is none. */
export function spanFields(row: Fields): Fields | undefined {
  if (!Object.keys(row).some((key) => key === "attributes" || key.startsWith("attributes.")))
    return undefined;
  const fields = nested({
    ...row,
    ...(row.attributes === undefined ? {} : { attributes: unfolded(row.attributes) }),
  });
  return isFields(fields) && isFields(fields.attributes) ? fields : undefined;
}

/** A Phoenix span of a model's call: its input and output messages, or the texts of a span that has none. @throws Unreadable */
export function readSpan(row: Part, turns: TurnReader): ReadExample {
  const fields = spanFields(row.fields) ?? {};
  for (const key of Object.keys(row.fields)) row.taken.add(key);
  const { reading } = turns;
  const part = reading.open(fields, "", SPAN);
  const attributes = reading.open(fieldsOf(part.take("attributes")) ?? {}, "attributes", ATTRIBUTES);
  const llm = reading.open(fieldsOf(attributes.take("llm")) ?? {}, "attributes.llm", SPAN_LLM);
  if (!llm.has("input_messages") && !llm.has("output_messages")) return readTexts(attributes, turns);
  const side = (key: "input_messages" | "output_messages", role: "user" | "assistant") => {
    if (!llm.has(key)) throw new Unreadable(llm.place(key), `The span has no \`${key}\`.`);
    return turns.turns(nested(unfolded(llm.take(key))), llm.place(key), role);
  };
  const parameters = fieldsOf(llm.fields.invocation_parameters);
  return {
    messages: [...side("input_messages", "user"), ...side("output_messages", "assistant")],
    tools: toolsOf(llm.take("tools") ?? parameters?.tools, llm.place("tools")),
  };
}

function readTexts(attributes: Part, turns: TurnReader): ReadExample {
  const side = (key: "input" | "output", role: "user" | "assistant") => {
    const fields = fieldsOf(attributes.take(key));
    if (fields === undefined) throw new Unreadable(attributes.place(key), `The span has no \`${key}\`.`);
    const part = turns.reading.open(fields, attributes.place(key), new Set(["mime_type"]));
    return turns.turns(part.take("value"), part.place("value"), role);
  };
  return { messages: [...side("input", "user"), ...side("output", "assistant")] };
}
