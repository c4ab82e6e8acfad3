import { besides, type Json, list, present, record, text } from "../../episodes/odd/values.ts";

interface JoiningCall {
  id: string | undefined;
  readonly index: number | undefined;
  type: string | undefined;
  name: string;
  /** `arguments` of a function, `input` of a custom tool. */
  written: string;
}
interface JoiningChoice {
  text: string;
  content: string;
  refusal: string;
  reasoning: string;
  transcript: string;
  audioId: string | undefined;
  finishReason: string | undefined;
  calls: JoiningCall[];
  /** What comes beside the answer in pieces, by name: log probabilities, annotations. */
  details: Map<string, unknown>;
}

/** What each chunk says of the whole. */
const HEAD = ["id", "model", "service_tier"] as const;

/**
 * The completion that the chunks of a stream spell out, as far as they came, in the form of one that was not streamed.
 * Servers differ in how they name the call that a delta goes on with: by `index`, by `id`, by both, by neither; some use
 * index 0 for all, and some repeat the name in each delta.
 */
export class ChatJoiner {
  readonly #head: Record<string, unknown> = {};
  #usage: unknown;
  #error: unknown;
  readonly #choices = new Map<number, JoiningChoice>();

  /** True when the chunk brings a part of an answer, more than its frame. */
  add(value: unknown): boolean {
    const chunk = record(value);
    if (chunk.error !== undefined && chunk.error !== null) this.#error = chunk.error;
    for (const name of HEAD) this.#head[name] ??= chunk[name];
    this.#usage = chunk.usage ?? this.#usage;
    let brings = false;
    for (const [at, one] of list(chunk.choices).map(record).entries()) {
      const choice = this.#choice(typeof one.index === "number" ? one.index : at);
      choice.finishReason = text(one.finish_reason) ?? choice.finishReason;
      choice.text += text(one.text) ?? "";
      const delta = record(one.delta ?? one.message);
      const before = choice.calls.length;
      for (const [name, of] of Object.entries({ ...besides(one, FRAME), ...besides(delta, DELTA) }))
        choice.details.set(name, joined(choice.details.get(name), of));
      choice.content += typeof delta.content === "string" ? delta.content : "";
      choice.refusal += text(delta.refusal) ?? "";
      choice.reasoning += text(delta.reasoning_content) ?? text(delta.reasoning) ?? "";
      const audio = record(delta.audio);
      choice.audioId = text(audio.id) ?? choice.audioId;
      choice.transcript += text(audio.transcript) ?? "";
      for (const part of list(delta.tool_calls).map(record)) addCall(choice.calls, part);
      if (delta.function_call !== undefined && delta.function_call !== null)
        addCall(choice.calls, { index: -1, function: delta.function_call });
      brings ||= [one.text, delta.content, delta.refusal, delta.reasoning_content, delta.reasoning].some(
        (said) => text(said) !== undefined,
      );
      brings ||= choice.calls.length > before;
    }
    return brings;
  }

  get responseId(): string | undefined {
    return text(this.#head.id);
  }

  result(): unknown {
    return {
      ...present({ id: this.#head.id, model: this.#head.model, service_tier: this.#head.service_tier }),
      ...present({ usage: this.#usage, error: this.#error }),
      choices: [...this.#choices]
        .toSorted(([a], [b]) => a - b)
        .map(([, choice]) => ({
          finish_reason: choice.finishReason,
          text: choice.text,
          ...Object.fromEntries(choice.details),
          message: {
            content: choice.content === "" && choice.calls.length > 0 ? null : choice.content,
            ...(choice.refusal === "" ? {} : { refusal: choice.refusal }),
            ...(choice.reasoning === "" ? {} : { reasoning_content: choice.reasoning }),
            ...(choice.audioId === undefined && choice.transcript === ""
              ? {}
              : { audio: { id: choice.audioId, transcript: choice.transcript } }),
            tool_calls: choice.calls.map(({ id, type = "function", name, written }) => ({
              id,
              type,
              [type]: type === "custom" ? { name, input: written } : { name, arguments: written },
            })),
          },
        })),
    };
  }

  #choice(index: number): JoiningChoice {
    const found = this.#choices.get(index);
    if (found !== undefined) return found;
    const made: JoiningChoice = {
      text: "",
      content: "",
      refusal: "",
      reasoning: "",
      transcript: "",
      audioId: undefined,
      finishReason: undefined,
      calls: [],
      details: new Map(),
    };
    this.#choices.set(index, made);
    return made;
  }
}

/** Members of a choice and of a delta that are joined above. */
const FRAME = new Set(["index", "delta", "message", "text", "finish_reason"]);
const DELTA = new Set([
  "role",
  "content",
  "refusal",
  "reasoning_content",
  "reasoning",
  "audio",
  "tool_calls",
  "function_call",
]);

/** Lists go on, also inside objects; of anything else the last holds. */
function joined(before: unknown, more: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(more)) return [...(before as unknown[]), ...(more as unknown[])];
  const [a, b] = [record(before), record(more)];
  if (a !== before || b !== more) return more ?? before;
  return { ...a, ...Object.fromEntries(Object.entries(b).map(([name, of]) => [name, joined(a[name], of)])) };
}

function addCall(calls: JoiningCall[], part: Json): void {
  const type = text(part.type);
  const called = record(part.function ?? part.custom ?? (type === undefined ? undefined : part[type]));
  const id = text(part.id);
  const name = text(called.name) ?? "";
  const index = typeof part.index === "number" ? part.index : undefined;
  const written = called.arguments ?? called.input;
  const call = continued(calls, index, id, name) ?? { id, index, type, name: "", written: "" };
  if (!calls.includes(call)) calls.push(call);
  call.id ??= id;
  call.type ??= type ?? (part.custom === undefined ? undefined : "custom");
  if (name !== call.name) call.name += name;
  call.written +=
    typeof written === "string"
      ? written
      : written === undefined || written === null
        ? ""
        : JSON.stringify(written);
}

/** The call that a delta goes on with; undefined: it begins one. */
function continued(
  calls: readonly JoiningCall[],
  index: number | undefined,
  id: string | undefined,
  name: string,
): JoiningCall | undefined {
  const found =
    index === undefined
      ? id === undefined
        ? calls.at(-1)
        : calls.findLast((call) => call.id === id)
      : calls.findLast((call) => call.index === index);
  if (found === undefined) return undefined;
  // Another id at the same index is another call; so is a name once more, where no id says otherwise and the arguments
  // before are whole.
  if (id !== undefined && found.id !== undefined && found.id !== id) return undefined;
  if (name !== "" && id === undefined && isWhole(found.written)) return undefined;
  return found;
}

function isWhole(written: string): boolean {
  try {
    return typeof JSON.parse(written) === "object";
  } catch {
    return false;
  }
}
