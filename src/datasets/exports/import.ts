import { type Fields, isFields } from "../common/fields.ts";
import type { Format } from "../recipe-contract.ts";
import { toolsOf } from "./calls.ts";
import { REQUEST } from "./harmless.ts";
import { readPreference } from "./preferences.ts";
import { READERS, WRAPPERS } from "./readers.ts";
import { fieldsOf, isEmpty, listOf, Reading, Unreadable } from "./reading.ts";
import { type ReadExample, TurnReader } from "./turns.ts";

/** Why a row of another tool's export is refused, with what to do about it. */
const IMPORT_RULES = {
  unread_key: "Bring what it holds into the turns, or remove the key where it may be lost.",
  shape_unreadable: 'Correct the row, or write it as a chat line: {"messages": [...]}.',
} as const;
type ImportRule = keyof typeof IMPORT_RULES;
interface ImportFault {
  readonly rule: ImportRule;
  readonly field: string;
  readonly message: string;
  readonly remedy: string;
}

type Imported =
  | {
      readonly ok: true;
      readonly value: unknown;
      readonly shape: string;
      /** Keys without content that were dropped. */
      readonly dropped: readonly string[];
    }
  | { readonly ok: false; readonly shape: string; readonly faults: readonly ImportFault[] };

type Read = { readonly value: unknown; readonly shape: string };

/**
 * A row of another tool's export in the format; undefined: its shape is not known, and the validator says what is wrong
 * with it. What comes out of here is checked like any line. A key that holds something and is neither read nor known to
 * be harmless refuses the row.
 */
export function importRow(value: unknown, format: Format): Imported | undefined {
  if (!isFields(value)) return undefined;
  const reading = new Reading();
  let read: Read | undefined;
  try {
    if (format === "dpo") read = readPreference(value, reading);
    else if (format === "rft") read = readTask(value, reading);
    else read = readExample(value, reading, "");
  } catch (thrown) {
    if (!(thrown instanceof Unreadable)) throw thrown;
    return {
      ok: false,
      shape: shapeOf(value, format) ?? "wrapped",
      faults: [fault("shape_unreadable", thrown.field, thrown.message)],
    };
  }
  if (read === undefined) return undefined;
  const unread = reading.unread();
  const { shape } = read;
  if (unread.length === 0) return { ok: true, ...read, dropped: reading.dropped() };
  const faults = unread.map((key) =>
    fault(
      "unread_key",
      key,
      `The line is read as ${shape}, which has no \`${key.slice(0, 80)}\`; its content would be lost.`,
    ),
  );
  return { ok: false, shape, faults };
}

const fault = (rule: ImportRule, field: string, message: string): ImportFault => ({
  rule,
  field,
  message,
  remedy: IMPORT_RULES[rule],
});

/** The shape of a row that `importRow` would read in the format; undefined: it knows none, or the row is a line already. */
export function shapeOf(value: unknown, format: Format): string | undefined {
  if (!isFields(value)) return undefined;
  if (format === "dpo")
    return !isEmpty(value.chosen) && !isEmpty(value.rejected) ? "chosen_rejected" : undefined;
  if (format === "rft")
    return fieldsOf(value.item) === undefined || !isEmpty(value.messages) ? undefined : "wrapped";
  const known = READERS.find((reader) => reader.knows(value));
  if (known !== undefined) return known.shape;
  return WRAPPERS.some((key) => isFields(value[key])) ? "wrapped" : undefined;
}

function readExample(row: Fields, reading: Reading, at: string): Read | undefined {
  const reader = READERS.find((one) => one.knows(row));
  if (reader !== undefined) {
    const turns = new TurnReader(reading, reader.isPlain !== true);
    return { shape: reader.shape, value: lineOf(reader.read(reading.open(row, at, reader.harmless), turns)) };
  }
  const key = WRAPPERS.find((one) => isFields(row[one]));
  if (key === undefined) return undefined;
  const outer = reading.open(row, at, REQUEST);
  const inner = outer.take(key);
  const read = isFields(inner) ? readExample(inner, reading, outer.place(key)) : undefined;
  return read === undefined || read.shape !== "chat" ? read : { ...read, shape: "wrapped" };
}

const lineOf = ({ messages, tools, parallel_tool_calls: parallel }: ReadExample) => ({
  messages,
  ...(tools === undefined ? {} : { tools }),
  // Without tools it says nothing.
  ...(tools === undefined || parallel === undefined ? {} : { parallel_tool_calls: parallel }),
});

/** A task for reinforcement: every key beside the turns is the grader's, so all are kept; an evaluation's `item` holds one. */
function readTask(row: Fields, reading: Reading): Read | undefined {
  const item = isEmpty(row.messages) ? fieldsOf(row.item) : undefined;
  if (item !== undefined) {
    // What a model answered in that evaluation is no part of the task.
    reading.open(row, "", new Set([...REQUEST, "sample"])).take("item");
    const read = readTask(item, reading);
    return read === undefined ? undefined : { ...read, shape: "wrapped" };
  }
  if (listOf(row.messages) === undefined) return undefined;
  const { messages, tools, functions, ...references } = row;
  const turns = new TurnReader(reading).turns(messages, "messages", "user");
  const all = [tools, functions].flatMap((list) => toolsOf(isEmpty(list) ? undefined : list, "tools") ?? []);
  const offered = all.length === 0 ? undefined : all;
  return {
    shape: "chat",
    value: { messages: turns, ...(offered === undefined ? {} : { tools: offered }), ...references },
  };
}
