import { messageSchema } from "../episodes/contract.ts";
import { type Example, exampleSchema } from "./contract.ts";
import {
  DEEPEST_NESTING,
  FaultList,
  type Fields,
  isFields,
  type LineFault,
  LONGEST_LINE,
} from "./line-rules.ts";
import { checkTools, checkToolTraffic } from "./validate-tools.ts";

const LINE_KEYS = new Set(Object.keys(exampleSchema.shape));
const MESSAGE_KEYS = new Set(Object.keys(messageSchema.shape));
const ROLES: ReadonlySet<unknown> = new Set(messageSchema.shape.role.options);
const DEPRECATED = new Set(["functions", "function_call"]);

export type CheckedLine =
  | { readonly ok: true; readonly example: Example }
  | { readonly ok: false; readonly faults: readonly LineFault[] };

/** Checks the text of one line. All its faults are found, not just the first. */
export function checkLine(text: string): CheckedLine {
  const list = new FaultList();
  if (text.length > LONGEST_LINE)
    list.add("line_too_long", `The line has ${text.length} characters; the most is ${LONGEST_LINE}.`);
  else if (text.startsWith("\uFEFF")) list.add("byte_order_mark", "The line starts with a byte-order mark.");
  if (list.faults.length > 0) return { ok: false, faults: list.faults };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The parser's own message quotes the line, which may hold a secret.
    const at = /position (\d+)/.exec((error as Error).message)?.[1];
    list.add(
      "not_json",
      at === undefined ? "The line is not JSON." : `The line is not JSON at character ${at}.`,
    );
    return { ok: false, faults: list.faults };
  }
  return checkExample(value);
}

/** Checks a line that is already parsed. */
export function checkExample(value: unknown): CheckedLine {
  const faults = [...faultsOf(value)];
  if (faults.length > 0) return { ok: false, faults };
  const parsed = exampleSchema.safeParse(value);
  if (parsed.success) return { ok: true, example: parsed.data };
  const list = new FaultList();
  for (const issue of parsed.error.issues)
    list.add("bad_field", `${issue.path.join(".")}: ${issue.message}`, issue.path.join("."));
  return { ok: false, faults: list.faults };
}

/** The rules alone, for lines made here, whose fields already have their types. */
export function faultsOf(value: unknown): readonly LineFault[] {
  const list = new FaultList();
  // First, because the further checks recurse as deep as the value goes.
  checkCharacters(value, "", 0, list);
  if (!list.faults.some((fault) => fault.rule === "nested_too_deeply")) checkShape(value, list);
  return list.faults;
}

function checkShape(line: unknown, list: FaultList): void {
  if (!isFields(line)) {
    list.add(
      "not_object",
      `The line is ${Array.isArray(line) ? "a list" : line === null ? "null" : `a ${typeof line}`}, not an object.`,
    );
    return;
  }
  checkKeys(line, LINE_KEYS, "", list);
  const { messages } = line;
  if (!Array.isArray(messages)) {
    list.add("messages_missing", "The line has no list `messages`.", "messages");
    return;
  }
  if (messages.length === 0) {
    list.add("messages_empty", "`messages` is empty.", "messages");
    return;
  }
  messages.forEach((message, index) => {
    checkMessage(message, `messages.${index}`, list);
  });
  const turns = messages.filter(isFields);
  checkRoles(turns, list);
  const declared = checkTools(line.tools, list);
  checkToolTraffic(turns, declared, line.parallel_tool_calls, list);
}

function checkKeys(fields: Fields, known: ReadonlySet<string>, at: string, list: FaultList): void {
  for (const key of Object.keys(fields)) {
    if (known.has(key)) continue;
    const field = at === "" ? key : `${at}.${key}`;
    if (DEPRECATED.has(key)) list.add("deprecated_functions", `\`${key}\` is deprecated.`, field);
    else list.add("unknown_key", `\`${key.slice(0, 60)}\` is not a key of the format.`, field);
  }
}

function checkMessage(message: unknown, at: string, list: FaultList): void {
  if (!isFields(message)) {
    list.add("message_not_object", "A turn is not an object.", at);
    return;
  }
  checkKeys(message, MESSAGE_KEYS, at, list);
  if (!ROLES.has(message.role))
    list.add("unknown_role", `The role ${shown(message.role)} is not known.`, `${at}.role`);
  checkContent(message, at, list);
  if (message.weight === undefined) return;
  if (message.role !== "assistant")
    list.add("weight_on_wrong_role", "Only assistant turns have a weight.", `${at}.weight`);
  if (message.weight !== 0 && message.weight !== 1)
    list.add("weight_not_0_or_1", `The weight is ${shown(message.weight)}.`, `${at}.weight`);
}

function checkContent(message: Fields, at: string, list: FaultList): void {
  const { content, role } = message;
  const calls = role === "assistant" && Array.isArray(message.tool_calls) && message.tool_calls.length > 0;
  const refusal = role === "assistant" && typeof message.refusal === "string" && message.refusal !== "";
  if (content === undefined || content === null) {
    if (!calls && !refusal) list.add("missing_content", "The turn has no content.", `${at}.content`);
  } else if (typeof content === "string") {
    // A tool may well answer with nothing; a person or a model may not.
    if (content.trim() === "" && !calls && !refusal && role !== "tool")
      list.add("empty_content", "The turn's text is empty.", `${at}.content`);
  } else if (
    !Array.isArray(content) ||
    !content.every((part) => isFields(part) && typeof part.type === "string")
  )
    list.add("content_not_text", "The content is neither a text nor a list of parts.", `${at}.content`);
  else if (content.length === 0) list.add("empty_content", "The list of parts is empty.", `${at}.content`);
}

function checkRoles(turns: readonly Fields[], list: FaultList): void {
  const assistants = turns.filter((turn) => turn.role === "assistant");
  if (!turns.some((turn) => turn.role === "user")) list.add("no_user", "No turn is the user's.", "messages");
  if (assistants.length === 0) list.add("no_assistant", "No turn is the assistant's.", "messages");
  else if (turns.at(-1)?.role !== "assistant")
    list.add("last_not_assistant", "The last turn is not the assistant's.", `messages.${turns.length - 1}`);
  else if (assistants.every((turn) => turn.weight === 0))
    list.add("nothing_to_learn", "Every assistant turn has weight 0.", "messages");
}

/** Characters that are legal in JSON's escapes and yet break tokenisers or stores. */
function checkCharacters(value: unknown, at: string, depth: number, list: FaultList): void {
  if (typeof value === "string") {
    if (!value.isWellFormed()) list.add("lone_surrogate", "Half of a surrogate pair stands alone.", at);
    if (value.includes("\0")) list.add("nul_character", "The text holds a NUL character.", at);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  if (depth >= DEEPEST_NESTING) {
    list.add(
      "nested_too_deeply",
      `The value goes more than ${DEEPEST_NESTING} levels deep.`,
      at.slice(0, 100),
    );
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (!Array.isArray(value)) checkCharacters(key, at, depth, list);
    checkCharacters(item, at === "" ? key : `${at}.${key}`, depth + 1, list);
  }
}

/** A short, safe form of a value for a message; texts are cut, since a line may hold anything. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
