import type { MessageInput as Message, ToolDefinitionInput as ToolDefinition } from "../../wire/types.ts";
import {
  besides,
  isEmpty,
  isGiven,
  type Json,
  LONGEST_NAME,
  list,
  listed,
  parsedText,
  present,
  record,
  saysNothing,
  shortened,
  text,
  textOrJson,
} from "./values.ts";

/**
 * What clients and servers really send, made what the schema holds: null is absent, a missing id is made, arguments are
 * text, an unknown role speaks as the user under its own name. Each function is pure and takes any JSON.
 */
type Content = Message["content"];
type Part = Extract<NonNullable<Content>, readonly unknown[]>[number];

export function contentOf(value: unknown): Content {
  if (typeof value === "string") return value;
  if (!isGiven(value)) return null;
  if (Array.isArray(value)) return value.filter(isGiven).map(partOf);
  return typeof record(value).type === "string" ? [partOf(value)] : textOrJson(value);
}

function partOf(value: unknown): Part {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { type: "text", text: textOrJson(value) };
  const members = present(value as Json);
  const { text: said, ...others } = members;
  // The Assistants form has the text one level deeper.
  const written = said === undefined ? undefined : (text(record(said).value) ?? textOrJson(said));
  return {
    ...others,
    type: typeof members.type === "string" ? members.type : written === undefined ? "unknown" : "text",
    ...(written === undefined ? {} : { text: written }),
  };
}

/** The text of a message's content, its parts joined. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  return list(content)
    .map((part) => text(record(part).text) ?? "")
    .join("");
}

export interface RawCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  readonly type: string;
}

/**
 * A call of any spelling: `{function: {name, arguments}}`, `{custom: {name, input}}`, whose input is plain text, or the
 * members in the call itself. One that has no name keeps all it has as its arguments.
 * @param place - Where it stands, as `3.0`: ids that are missing are made of it.
 */
export function callOf(value: unknown, place: string): RawCall {
  const raw = record(value);
  const type = text(raw.type) ?? "function";
  const nested = record(raw[type] ?? raw.function ?? raw.custom);
  const called = isEmpty(nested) ? raw : nested;
  const name = text(called.name);
  const { id: _id, ...whole } = raw;
  return {
    id: shortened(text(raw.id) ?? text(raw.call_id) ?? `call_${place}`),
    name: shortened(name ?? (called === raw && type !== "function" ? type : "unknown")),
    arguments:
      name === undefined && !("arguments" in called) && !("input" in called)
        ? textOrJson(present(whole))
        : "input" in called && !isGiven(called.arguments)
          ? JSON.stringify({ input: called.input })
          : textOrJson(called.arguments),
    type,
  };
}

const CALL_MEMBERS = new Set(["id", "call_id", "index", "type", "function", "custom"]);
const CALLED_MEMBERS = new Set(["name", "arguments", "input"]);

/** What a call holds beside: signatures of a provider's, members of the function that are no arguments. */
export function besideCall(value: unknown): Record<string, unknown> {
  const raw = record(value);
  const nested = record(raw.function ?? raw.custom);
  if (isEmpty(nested)) return {};
  const beside = { ...besides(nested, CALLED_MEMBERS), ...besides(raw, CALL_MEMBERS) };
  const type = text(raw.type);
  return isEmpty(beside) ? {} : { ...(type === undefined ? {} : { type }), ...beside };
}

/** A call in chat form, which knows functions only. */
export const chatCall = ({ id, name, arguments: args }: RawCall) => ({
  id,
  type: "function" as const,
  function: { name, arguments: args },
});

const ROLES = new Set<string>(["system", "developer", "user", "assistant", "tool"]);
const ROLE_NAMES: ReadonlyMap<string, Message["role"]> = new Map(
  Object.entries<Message["role"]>({ function: "tool", model: "assistant" }),
);

/** Members that have their place in a message; others are kept beside it. */
const MEMBERS = new Set([
  "role",
  "content",
  "name",
  "tool_calls",
  "function_call",
  "tool_call_id",
  "refusal",
  "weight",
]);

/**
 * The messages of a chat request; `undefined` values are gone, every tool message names a call. `others` is what messages
 * and calls hold that has no place in them, as `{message: 3, reasoning_content: "…"}` or `{message: 3, call: 0, …}`.
 */
export function readMessages(value: unknown): { messages: Message[]; others: Record<string, unknown>[] } {
  const unanswered: RawCall[] = [];
  const others: Record<string, unknown>[] = [];
  const messages = listed(value)
    .filter(isGiven)
    .map((one, i): Message => {
      // What is no object is something that was said.
      if (typeof one !== "object" || Array.isArray(one)) return { role: "user", content: contentOf(one) };
      const raw = record(one);
      const said = text(raw.role) ?? "user";
      const role = ROLES.has(said) ? (said as Message["role"]) : (ROLE_NAMES.get(said) ?? "user");
      const made = [
        ...listed(raw.tool_calls),
        ...(isGiven(raw.function_call) ? [{ function: raw.function_call }] : []),
      ];
      const calls = made.map((call, at) => callOf(call, `${i}.${at}`));
      for (const [at, call] of made.entries()) {
        const beside = besideCall(call);
        if (!isEmpty(beside)) others.push({ message: i, call: at, ...beside });
      }
      unanswered.push(...calls);
      const name = text(raw.name) ?? (role === "user" && said !== "user" ? said : undefined);
      const refusal = textOrJson(raw.refusal);
      const beside = besides(raw, MEMBERS);
      for (const [member, of] of Object.entries(beside)) if (saysNothing(of)) delete beside[member];
      if (role === "user" && said !== "user" && name !== said) beside.role = said;
      if (!isEmpty(beside)) others.push({ message: i, ...beside });
      return {
        role,
        content: contentOf(raw.content),
        ...(name === undefined || said === "function" ? {} : { name: shortened(name) }),
        ...(calls.length === 0 ? {} : { tool_calls: calls.map(chatCall) }),
        ...(role === "tool" ? { tool_call_id: answered(raw, unanswered, i) } : {}),
        ...(refusal === "" ? {} : { refusal }),
        ...(raw.weight === 0 || raw.weight === 1 ? { weight: raw.weight } : {}),
      };
    });
  return { messages, others };
}

/** The call that a tool message answers: by its id, else by its name, else the oldest that has no answer yet. */
function answered(raw: Json, unanswered: RawCall[], i: number): string {
  const given = text(raw.tool_call_id);
  const id = given === undefined ? undefined : shortened(given);
  const byName = text(raw.name);
  const at = id
    ? unanswered.findIndex((call) => call.id === id)
    : Math.max(
        0,
        unanswered.findIndex((call) => call.name === byName),
      );
  const [found] = at < 0 ? [] : unanswered.splice(at, 1);
  return id ?? found?.id ?? `call_${i}`;
}

const TOOL_MEMBERS = new Set(["type", "function"]);
const FUNCTION_MEMBERS = new Set(["type", "name", "description", "parameters", "strict"]);
/** What the schema takes of one request at most. */
const MOST_TOOLS = 512;

/** The functions among the tools of a request; the others, and what a definition holds beside, as they are. */
export function toolsOf(value: unknown): { tools: ToolDefinition[]; others: unknown[] } {
  const tools: ToolDefinition[] = [];
  const others: unknown[] = [];
  for (const one of listed(value)) {
    const raw = record(one);
    const isNested = !isEmpty(record(raw.function));
    // The Responses form has the function's members in the tool itself.
    const made = isNested ? record(raw.function) : raw.type === "function" ? raw : {};
    const name = text(made.name);
    const parameters = schemaOf(made.parameters);
    if (
      name === undefined ||
      name.length > LONGEST_NAME ||
      parameters === NO_SCHEMA ||
      tools.length >= MOST_TOOLS
    ) {
      if (isGiven(one)) others.push(one);
      continue;
    }
    const description = textOrJson(made.description);
    const strict = typeof made.strict === "boolean" ? { strict: made.strict } : {};
    tools.push({
      type: "function",
      function: {
        name,
        ...(description === "" ? {} : { description }),
        ...(parameters === undefined ? {} : { parameters }),
        ...strict,
      },
    });
    const beside = {
      ...besides(made, FUNCTION_MEMBERS),
      ...(isNested ? besides(raw, TOOL_MEMBERS) : {}),
    };
    if (!isEmpty(beside)) others.push({ name, ...beside });
  }
  return { tools, others };
}

const NO_SCHEMA = Symbol("no schema");

/** A definition's parameters: an object, or one that was sent as its text. */
function schemaOf(value: unknown): Record<string, unknown> | undefined | typeof NO_SCHEMA {
  if (!isGiven(value)) return undefined;
  const read = typeof value === "string" ? parsedText(value) : value;
  if (typeof read !== "object" || read === null || Array.isArray(read)) return NO_SCHEMA;
  return Object.keys(read).some((name) => name.length > LONGEST_NAME) ? NO_SCHEMA : { ...read };
}
