import type { Capability } from "../../catalog/capabilities.ts";
import { messageSchema } from "../../episodes/contract.ts";
import { placeDeeperThan, placeText } from "../../kernel/depth.ts";
import { inexactNumber, NOT_EXACT, REPEATED_KEY, repeatedKey } from "../../kernel/exact-json.ts";
import { hasMoreValues, MOST_VALUES, partsMoreValues } from "../../kernel/width.ts";
import {
  type DatasetLine,
  type Example,
  exampleSchema,
  preferenceSchema,
  reinforcementSchema,
} from "../contract.ts";
import type { Format } from "../recipe-contract.ts";
import { SPECIAL_TOKEN } from "../tokens/tokens.ts";
import { withoutAbsent } from "./absent.ts";
import { checkParts, isAbsent, MOST_PICTURES, picturesIn } from "./content-parts.ts";
import { checkCapability, checkPreference, checkReinforcement, checkToolNames } from "./formats.ts";
import {
  DEEPEST_NESTING,
  FaultList,
  type Fields,
  isFields,
  type LineFault,
  LONGEST_LINE,
  shown,
  TOO_DEEP,
  TOO_MANY_VALUES,
} from "./line-rules.ts";
import { checkTools, checkToolTraffic } from "./tools.ts";

const LINE_KEYS = new Set(Object.keys(exampleSchema.shape));
const MESSAGE_KEYS = new Set(Object.keys(messageSchema.shape));
const ROLES: ReadonlySet<unknown> = new Set(messageSchema.shape.role.options);
const DEPRECATED: ReadonlySet<string> = new Set(["functions", "function_call"]);

type Refused = { readonly ok: false; readonly faults: readonly LineFault[] };
export type CheckedLine = { readonly ok: true; readonly example: Example } | Refused;
export type CheckedFormat = { readonly ok: true; readonly line: DatasetLine } | Refused;

const SCHEMAS = { dpo: preferenceSchema, rft: reinforcementSchema } as const;

/** Checks the text of one line of any format, and what the model it is for does not take. All its faults are found. */
export function checkFormatLine(text: string, format: Format, capability?: Capability): CheckedFormat {
  const read = parseLine(text);
  if (!read.ok) return read;
  return checkFormat(read.value, format, capability);
}

/** Checks a line of any format that is already parsed. */
export function checkFormat(given: unknown, format: Format, capability?: Capability): CheckedFormat {
  const list = new FaultList();
  const value = withoutAbsent(given, format === "rft");
  list.addAll(faultsOf(value, format));
  if (capability !== undefined && isFields(value)) {
    const turns = format === "dpo" && isFields(value.input) ? value.input.messages : value.messages;
    if (Array.isArray(turns)) checkCapability(turns, capability, list);
    const tools = format === "dpo" && isFields(value.input) ? value.input.tools : value.tools;
    checkToolNames(tools, capability, list);
    // By the value: in the line's text a token may stand escaped.
    const token = capability.provider === "local" ? null : SPECIAL_TOKEN.exec(JSON.stringify(value));
    if (token !== null) list.add("special_token", `A text holds the special token ${token[0]}.`);
  }
  if (list.faults.length > 0) return { ok: false, faults: list.faults };
  const schema = format === "dpo" || format === "rft" ? SCHEMAS[format] : exampleSchema;
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, line: parsed.data };
  return { ok: false, faults: badFields(parsed.error.issues) };
}

function badFields(
  issues: readonly { readonly path: PropertyKey[]; readonly message: string }[],
): readonly LineFault[] {
  const list = new FaultList();
  for (const issue of issues) {
    const at = issue.path.map(String).join(".");
    list.add("bad_field", `${at}: ${issue.message}.`, at);
  }
  return list.faults;
}

/** A picture in JSON, whose writer may put a backslash before each slash. */
const PICTURE = /"data:image\\?\/[a-z0-9.+-]{1,60};base64,/g;
const NOT_OF_PICTURE = /[^A-Za-z0-9+/=\\]/;

function lengthWithoutPictures(text: string): number {
  let length = text.length;
  for (const { 0: head, index } of text.matchAll(PICTURE)) {
    const from = index + head.length;
    const end = text.indexOf('"', from);
    if (end !== -1 && !NOT_OF_PICTURE.test(text.slice(from, end))) length -= end + 1 - index;
  }
  return length;
}

/** The line's JSON value, once its length, its first character and its width are looked at. */
export function parseLine(text: string): { readonly ok: true; readonly value: unknown } | Refused {
  const list = new FaultList();
  const length = text.length > LONGEST_LINE ? lengthWithoutPictures(text) : text.length;
  if (length > LONGEST_LINE)
    list.add(
      "line_too_long",
      `The line has ${length} characters besides pictures; the most is ${LONGEST_LINE}.`,
    );
  else if (text.startsWith("\uFEFF")) list.add("byte_order_mark", "The line starts with a byte-order mark.");
  else if (partsMoreValues(text, MOST_VALUES)) list.add("too_many_values", TOO_MANY_VALUES);
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
  // Before anything walks it: readers of other tools' rows too.
  const deep = placeDeeperThan(DEEPEST_NESTING, value);
  if (deep !== undefined) {
    list.add("nested_too_deeply", TOO_DEEP, placeText(deep));
    return { ok: false, faults: list.faults };
  }
  if (hasMoreValues(value, MOST_VALUES)) {
    list.add("too_many_values", TOO_MANY_VALUES);
    return { ok: false, faults: list.faults };
  }
  const inexact = inexactNumber(text);
  const repeated = repeatedKey(text, value);
  if (inexact === undefined && repeated === undefined) return { ok: true, value };
  if (inexact !== undefined) list.add("number_not_exact", NOT_EXACT, inexact.field);
  if (repeated !== undefined) list.add("repeated_key", REPEATED_KEY, repeated.slice(0, 200));
  return { ok: false, faults: list.faults };
}

/** Checks a line that is already parsed. */
export function checkExample(given: unknown): CheckedLine {
  const value = withoutAbsent(given, false);
  const faults = [...faultsOf(value)];
  if (faults.length > 0) return { ok: false, faults };
  const parsed = exampleSchema.safeParse(value);
  if (parsed.success) return { ok: true, example: parsed.data };
  return { ok: false, faults: badFields(parsed.error.issues) };
}

/** The rules alone, for lines made here, whose fields already have their types. */
export function faultsOf(value: unknown, format: Format = "sft"): readonly LineFault[] {
  const list = new FaultList();
  // First, because the further checks recurse as deep as the value goes; places are named only where there is a fault.
  if (!areCharactersGood(value, 0)) checkCharacters(value, "", 0, list);
  if (!list.faults.some((fault) => fault.rule === "nested_too_deeply")) checkShape(value, format, list);
  return list.faults;
}

function checkShape(line: unknown, format: Format, list: FaultList): void {
  if (!isFields(line)) {
    list.add(
      "not_object",
      `The line is ${Array.isArray(line) ? "a list" : line === null ? "null" : `a ${typeof line}`}, not an object.`,
    );
    return;
  }
  if (format === "dpo") checkPreference(line, list, checkTurns);
  else if (format === "rft") checkReinforcement(line, list, checkTurns);
  else {
    checkKeys(line, LINE_KEYS, "", list);
    checkTurns(line, "", list, "assistant");
  }
}

/** The turns of a conversation, with the tools and the traffic between them. */
function checkTurns(line: Fields, at: string, list: FaultList, ending: "assistant" | "user" | "open"): void {
  const place = at === "" ? "messages" : `${at}.messages`;
  const { messages } = line;
  if (ending === "open") checkKeys(line, LINE_KEYS, at, list);
  if (!Array.isArray(messages)) {
    list.add("messages_missing", "The line has no list `messages`.", place);
    return;
  }
  if (messages.length === 0) {
    list.add("messages_empty", "`messages` is empty.", place);
    return;
  }
  messages.forEach((message, index) => {
    checkMessage(message, `messages.${index}`, list);
  });
  const turns = messages.filter(isFields);
  const pictures = picturesIn(turns);
  if (pictures > MOST_PICTURES)
    list.add("too_many_images", `The example has ${pictures} pictures; the most is ${MOST_PICTURES}.`, place);
  checkRoles(turns, list, ending);
  const declared = checkTools(line.tools, list);
  checkToolTraffic(turns, declared, line.parallel_tool_calls, list);
}

function checkKeys(fields: Fields, known: ReadonlySet<string>, at: string, list: FaultList): void {
  for (const [key, value] of Object.entries(fields)) {
    if (known.has(key) || value === null) continue;
    if (!DEPRECATED.has(key) && isAbsent(value)) continue;
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
  else checkParts(content, role, `${at}.content`, list);
}

function checkRoles(turns: readonly Fields[], list: FaultList, ending: "assistant" | "user" | "open"): void {
  const assistants = turns.filter((turn) => turn.role === "assistant");
  if (!turns.some((turn) => turn.role === "user")) list.add("no_user", "No turn is the user's.", "messages");
  if (ending === "open") return;
  if (ending === "user") {
    if (turns.at(-1)?.role !== "user")
      list.add("last_not_user", "The last turn is not the user's.", `messages.${turns.length - 1}`);
    return;
  }
  if (assistants.length === 0) list.add("no_assistant", "No turn is the assistant's.", "messages");
  else if (turns.at(-1)?.role !== "assistant")
    list.add("last_not_assistant", "The last turn is not the assistant's.", `messages.${turns.length - 1}`);
  else if (assistants.every((turn) => turn.weight === 0))
    list.add("nothing_to_learn", "Every assistant turn has weight 0.", "messages");
}

/** The answer of `checkCharacters` without the places: nearly every line is good, and naming places costs most. */
function areCharactersGood(value: unknown, depth: number): boolean {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0");
  if (typeof value !== "object" || value === null) return true;
  if (depth >= DEEPEST_NESTING) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (!areCharactersGood(item, depth + 1)) return false;
    return true;
  }
  for (const key in value)
    if (!areCharactersGood(key, depth) || !isMemberGood(key, (value as Fields)[key], depth)) return false;
  return true;
}

/** Lists of tools that were good: thousands of lines share one. */
const goodTools = new WeakSet<object>();

function isMemberGood(key: string, member: unknown, depth: number): boolean {
  if (depth > 0 || key !== "tools" || !Array.isArray(member)) return areCharactersGood(member, depth + 1);
  if (goodTools.has(member)) return true;
  const good = areCharactersGood(member, depth + 1);
  if (good) goodTools.add(member);
  return good;
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
    list.add("nested_too_deeply", TOO_DEEP, at.slice(0, 100));
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (!Array.isArray(value)) checkCharacters(key, at, depth, list);
    checkCharacters(item, at === "" ? key : `${at}.${key}`, depth + 1, list);
  }
}
