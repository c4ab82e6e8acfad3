import type { Fields } from "../common/fields.ts";
import { Calls } from "./calls.ts";
import { TURN } from "./harmless.ts";
import { fieldsOf, isEmpty, listOf, type Part, type Reading, Unreadable, unfolded } from "./reading.ts";

export type Turn = Record<string, unknown>;

/** A row as an example: what the validator checks next. */
export interface ReadExample {
  readonly messages: readonly Turn[];
  readonly tools?: readonly unknown[] | undefined;
  readonly parallel_tool_calls?: unknown;
}

const ROLES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    system: "system",
    developer: "developer",
    human: "user",
    user: "user",
    prompter: "user",
    gpt: "assistant",
    chatgpt: "assistant",
    bing: "assistant",
    bard: "assistant",
    bot: "assistant",
    ai: "assistant",
    assistant: "assistant",
    model: "assistant",
    function_call: "call",
    tool_call: "call",
    observation: "tool",
    function_response: "tool",
    tool_response: "tool",
    tool: "tool",
    function: "tool",
  }),
);

/** Reads the turns of one row, in every dialect that exports write them; ids that a dialect lacks are made. */
export class TurnReader {
  readonly reading: Reading;
  readonly #unfolds: boolean;
  readonly #calls = new Calls();

  /** @param unfolds whether a text that holds turns as JSON is read as turns; where texts stand for themselves it is not */
  constructor(reading: Reading, unfolds = true) {
    this.reading = reading;
    this.#unfolds = unfolds;
  }

  /**
   * A text as one turn of the role, a turn, a list of turns, or an object that holds one of them.
   * @throws Unreadable
   */
  turns(given: unknown, at: string, role: "user" | "assistant" | "system"): Turn[] {
    if (typeof given === "string" && !(this.#unfolds && holdsTurns(unfolded(given))))
      return [{ role, content: given }];
    const value = unfolded(given);
    if (Array.isArray(value)) return this.#list(value as unknown[], at);
    const fields = fieldsOf(value);
    if (fields === undefined) throw new Unreadable(at, "Neither a text nor turns.");
    if (isTurn(fields)) return [this.#turn(fields, at)];
    return this.#inside(this.reading.open(fields, at), role);
  }

  /** Calls that are told beside the turns. @throws Unreadable */
  calls(given: unknown): readonly { readonly function: { readonly name: unknown } }[] | undefined {
    return this.#calls.of(this.reading.open({ tool_calls: given }, ""), this.reading);
  }

  #list(all: readonly unknown[], at: string): Turn[] {
    // LangChain's requests are lists of conversations, mostly of one.
    const [first] = all;
    if (all.length === 1 && Array.isArray(first)) return this.#list(first as unknown[], `${at}.0`);
    return all.map((one, index) => {
      const fields = fieldsOf(one);
      if (fields === undefined || !isTurn(fields))
        throw new Unreadable(`${at}.${index}`, "No turn: a turn says who speaks.");
      return this.#turn(fields, `${at}.${index}`);
    });
  }

  /** The one member that holds turns or a text; what stands beside it stays unread. */
  #inside(part: Part, role: "user" | "assistant" | "system"): Turn[] {
    const key =
      part.first("messages", "message", "conversation") ??
      Object.keys(part.fields).find((one) => !isEmpty(part.fields[one]) && !part.taken.has(one));
    if (key === undefined) throw new Unreadable(part.at, "Nothing is said in it.");
    return this.turns(part.take(key), part.place(key), role);
  }

  #turn(fields: Fields, at: string): Turn {
    const wrapped = fieldsOf(fields.message) ?? fieldsOf(fields.data) ?? fieldsOf(fields.kwargs);
    const outer = this.reading.open(fields, at, TURN);
    if (wrapped === undefined) return this.#plain(outer, roleOf(fields));
    outer.taken.add("type").add("id").add("lc");
    const key = outer.first("message", "data", "kwargs") ?? "";
    outer.taken.add(key);
    if (roleOf(wrapped) !== undefined) return this.#turn(wrapped, `${at}.${key}`);
    return this.#plain(this.reading.open(wrapped, `${at}.${key}`, TURN), roleOf(fields));
  }

  #plain(part: Part, role: string | undefined): Turn {
    const { at, fields } = part;
    part.taken.add(typeof fields.role === "string" ? "role" : "from");
    if (role === undefined) throw new Unreadable(at, "It is not said who speaks.");
    if (Array.isArray(fields.id) || typeof fields.type === "string")
      part.taken.add("type").add("id").add("lc");
    const key = part.first("content", "value", "contents") ?? "content";
    const content =
      key === "contents" ? partsOf(part.take(key), this.reading, part.place(key)) : part.take(key);
    if (role === "call") return this.#calls.told(content, part.place(key));
    const legacyName = fields.role === "function" || fields.type === "function";
    const calls = role === "assistant" ? this.#calls.of(part, this.reading) : undefined;
    const turn: Turn = {
      role,
      content:
        content ?? (calls === undefined ? (typeof fields[key] === "string" ? "" : undefined) : undefined),
      name: legacyName ? void part.take("name") : part.take("name"),
      tool_calls: calls,
      tool_call_id: role === "tool" ? this.#calls.answered(part) : undefined,
      refusal: part.take("refusal"),
      weight: part.take("weight"),
    };
    return Object.fromEntries(Object.entries(turn).filter(([, value]) => value !== undefined));
  }
}

const isTurn = (fields: Fields): boolean => {
  if (roleOf(fields) !== undefined) return true;
  const inner = fieldsOf(fields.message) ?? fieldsOf(fields.data) ?? fieldsOf(fields.kwargs);
  return inner !== undefined && roleOf(inner) !== undefined;
};
const holdsTurns = (value: unknown): boolean => {
  const all = listOf(value);
  if (all !== undefined)
    return all.length > 0 && all.every((one) => fieldsOf(one) !== undefined && isTurn(fieldsOf(one) ?? {}));
  const fields = fieldsOf(value);
  return fields !== undefined && (isTurn(fields) || listOf(fields.messages) !== undefined);
};

/** `role`, ShareGPT's `from`, LangChain's `type` or the class that its `id` ends with. */
function roleOf(fields: Fields): string | undefined {
  const named = typeof fields.role === "string" ? fields.role : fields.from;
  if (typeof named === "string") return ROLES.get(named) ?? named;
  const kind = Array.isArray(fields.id) ? String(fields.id.at(-1)) : fields.type;
  if (typeof kind !== "string" || !("content" in fields || "kwargs" in fields || "data" in fields))
    return undefined;
  return ROLES.get(kind.replace(/Message(?:Chunk)?$/, "").toLowerCase());
}

/** Content parts as OpenInference writes them: `message_content` with a type and a text or an image. */
function partsOf(value: unknown, reading: Reading, at: string): unknown {
  const all = listOf(value);
  if (all === undefined) throw new Unreadable(at, "No list of parts.");
  return all.map((one, index) => {
    const place = `${at}.${index}`;
    const outer = reading.open(fieldsOf(one) ?? {}, place);
    const part = reading.open(fieldsOf(outer.take("message_content")) ?? {}, `${place}.message_content`);
    if (part.take("type") !== "image") return { type: "text", text: part.take("text") };
    const image = reading.open(fieldsOf(part.take("image")) ?? {}, `${place}.image`);
    const inner = reading.open(fieldsOf(image.take("image")) ?? {}, `${place}.image.image`);
    return { type: "image_url", image_url: { url: inner.take("url") } };
  });
}
