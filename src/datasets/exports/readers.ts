import type { Fields } from "../common/fields.ts";
import { toolsOf } from "./calls.ts";
import { CHOICE, LANGFUSE, LANGSMITH, REQUEST, ROW } from "./harmless.ts";
import { withToolsBeside } from "./langfuse.ts";
import { fieldsOf, isEmpty, listOf, type Part, Unreadable } from "./reading.ts";
import { readSpan, spanFields } from "./spans.ts";
import { readStored } from "./stored.ts";
import type { ReadExample, Turn, TurnReader } from "./turns.ts";

/** One shape of other tools' exports: how it is known, what it may drop and how it is read. */
export interface Reader {
  readonly shape: string;
  /** Whether a row has the shape. Whether it can be read as a whole turns out in `read`. */
  knows(row: Fields): boolean;
  readonly harmless: ReadonlySet<string>;
  /** Texts stand for themselves, also where they look like JSON. */
  readonly isPlain?: true;
  /** @throws Unreadable */
  read(part: Part, turns: TurnReader): ReadExample;
}

const has = (row: Fields, ...keys: readonly string[]): boolean => keys.some((key) => !isEmpty(row[key]));
const system = (part: Part, turns: TurnReader, key = "system"): Turn[] =>
  part.has(key) ? turns.turns(part.take(key), part.place(key), "system") : [];

/** Question and answer under the first of the names that is there. */
function twoSides(
  part: Part,
  turns: TurnReader,
  asked: readonly string[],
  answered: readonly string[],
): Turn[] {
  const question = part.first(...asked);
  const answer = part.first(...answered);
  if (question === undefined) throw new Unreadable(part.at, `There is no \`${asked[0]}\`.`);
  if (answer === undefined) throw new Unreadable(part.at, `There is no \`${answered[0]}\`.`);
  return [
    ...turns.turns(trimmed(part.take(question)), part.place(question), "user"),
    ...turns.turns(trimmed(part.take(answer)), part.place(answer), "assistant"),
  ];
}
/** Completions of the older kind begin with a space. */
const trimmed = (value: unknown): unknown => (typeof value === "string" ? value.trim() : value);

/** Turns of a chat line with what belongs to older or other forms of it: `functions`, `ideal` of an evaluation. */
function chat(part: Part, turns: TurnReader): ReadExample {
  const tools = toolsOf(part.take("tools"), part.place("tools"));
  const functions = toolsOf(part.take("functions"), part.place("functions"));
  const messages = turns.turns(part.take("messages"), part.place("messages"), "user");
  const ideal = part.has("ideal")
    ? turns.turns(single(part.take("ideal")), part.place("ideal"), "assistant")
    : [];
  return {
    messages: [...messages, ...ideal],
    tools:
      tools === undefined && functions === undefined ? undefined : [...(tools ?? []), ...(functions ?? [])],
    parallel_tool_calls: part.take("parallel_tool_calls"),
  };
}
const single = (value: unknown): unknown =>
  Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value;

/** Alpaca's `history`: pairs of what was asked and answered before. */
function history(part: Part): Turn[] {
  const all = part.take("history");
  if (all === undefined) return [];
  const pairs = listOf(all);
  if (pairs === undefined) throw new Unreadable(part.place("history"), "`history` is no list of pairs.");
  return pairs.flatMap((pair, index) => {
    const both = listOf(pair) ?? [];
    if (both.length !== 2 || !both.every((one) => typeof one === "string"))
      throw new Unreadable(part.place(`history.${index}`), "No pair of question and answer.");
    return [
      { role: "user", content: both[0] },
      { role: "assistant", content: both[1] },
    ];
  });
}

function alpaca(part: Part, turns: TurnReader): ReadExample {
  const further = part.text(part.first("input", "context") ?? "input");
  const asked = [part.text("instruction"), further].filter((text) => text !== undefined);
  const output = part.text(part.first("output", "response") ?? "output");
  if (output === undefined) throw new Unreadable("output", "There is no `output`.");
  const tools = toolsOf(part.take("tools"), "tools");
  return {
    messages: [
      ...system(part, turns),
      ...history(part),
      { role: "user", content: asked.join("\n\n") },
      { role: "assistant", content: output },
    ],
    tools,
  };
}

function between(part: Part, turns: TurnReader, asked: string, answered: readonly string[]): ReadExample {
  const answer = part.first(...answered);
  if (answer === undefined) throw new Unreadable(part.at, `There is no \`${answered[0]}\`.`);
  const input = part.take(asked);
  const fields = fieldsOf(input);
  // A whole request for an answer, with its tools.
  const isRequest = fields !== undefined && listOf(fields.messages) !== undefined;
  const request = isRequest ? turns.reading.open(fields, part.place(asked), REQUEST) : undefined;
  const messages =
    request === undefined
      ? turns.turns(input, part.place(asked), "user")
      : turns.turns(request.take("messages"), request.place("messages"), "user");
  return {
    messages: [...messages, ...answerOf(part.take(answer), part.place(answer), turns)],
    tools: toolsOf(request?.take("tools"), part.place(`${asked}.tools`)),
    parallel_tool_calls: request?.take("parallel_tool_calls"),
  };
}

/** An answer as it is, as OpenAI's one choice, or as LangChain's one generation. */
function answerOf(value: unknown, at: string, turns: TurnReader): Turn[] {
  const fields = fieldsOf(value);
  if (fields === undefined || isEmpty(fields.choices ?? fields.generations))
    return turns.turns(
      Array.isArray(value) && value.every((one) => typeof one === "string") ? single(value) : value,
      at,
      "assistant",
    );
  const key = isEmpty(fields.choices) ? "generations" : "choices";
  const outer = turns.reading.open(fields, at, key === "choices" ? REQUEST : GENERATIONS);
  const all = listOf(outer.take(key)) ?? [];
  const [first] = all;
  const inner = listOf(first) ?? all;
  const only = fieldsOf(inner[0]);
  if (all.length !== 1 || inner.length !== 1 || only === undefined)
    throw new Unreadable(outer.place(key), "There is more than one answer; which one is right is not said.");
  const one = turns.reading.open(only, outer.place(`${key}.0`), key === "choices" ? CHOICE : GENERATION);
  const text = one.take("text");
  if (!one.has("message")) return turns.turns(text, one.place("text"), "assistant");
  const said = turns.turns(one.take("message"), one.place("message"), "assistant");
  if (text !== undefined && text !== said[0]?.content)
    throw new Unreadable(one.place("text"), "The text is not the message's.");
  return said;
}
const GENERATIONS = new Set(["llm_output", "run", "type"]);
const GENERATION = new Set(["generation_info", "type"]);

/** In this order: the first that knows a row reads it. */
export const READERS: readonly Reader[] = [
  {
    shape: "stored_completion",
    knows: (row) => has(fieldsOf(row.response) ?? row, "choices"),
    harmless: REQUEST,
    read: readStored,
  },
  { shape: "chat", knows: (row) => listOf(row.messages) !== undefined, harmless: REQUEST, read: chat },
  {
    shape: "sharegpt",
    knows: (row) => listOf(row.conversations ?? row.conversation) !== undefined,
    harmless: ROW,
    read(part, turns) {
      const key = part.first("conversations", "conversation") ?? "conversations";
      return {
        messages: [...system(part, turns), ...turns.turns(part.take(key), key, "user")],
        tools: toolsOf(part.take("tools"), "tools"),
      };
    },
  },
  {
    shape: "alpaca",
    isPlain: true,
    knows: (row) => has(row, "instruction") && has(row, "output", "response"),
    harmless: ROW,
    read: alpaca,
  },
  {
    shape: "prompt_completion",
    isPlain: true,
    knows: (row) => has(row, "prompt") && has(row, "completion"),
    harmless: ROW,
    read: (part, turns) => ({
      messages: [...system(part, turns), ...twoSides(part, turns, ["prompt"], ["completion"])],
      tools: toolsOf(part.take("tools"), "tools"),
    }),
  },
  {
    shape: "question_answer",
    isPlain: true,
    knows: (row) =>
      has(row, "question", "query") && has(row, "answer", "ground_truth", "response", "expected_answer"),
    harmless: ROW,
    read: (part, turns) => ({
      messages: [
        ...system(part, turns),
        ...twoSides(
          part,
          turns,
          ["question", "query"],
          ["answer", "ground_truth", "response", "expected_answer"],
        ),
      ],
    }),
  },
  { shape: "phoenix", knows: (row) => spanFields(row) !== undefined, harmless: new Set(), read: readSpan },
  {
    shape: "langsmith",
    knows: (row) => has(row, "inputs") && has(row, "outputs"),
    harmless: LANGSMITH,
    read(part, turns) {
      const extra = fieldsOf(fieldsOf(part.fields.extra)?.invocation_params);
      const read = between(part, turns, "inputs", ["outputs"]);
      return { ...read, tools: read.tools ?? toolsOf(extra?.tools, "extra.invocation_params.tools") };
    },
  },
  {
    shape: "langfuse",
    knows: (row) => has(row, "input") && has(row, "expectedOutput", "expected_output", "output", "ideal"),
    harmless: LANGFUSE,
    read: (part, turns) =>
      withToolsBeside(
        between(part, turns, "input", ["expectedOutput", "expected_output", "output", "ideal"]),
        part,
        turns,
      ),
  },
];

/** Rows that hold a row: an evaluation's `item`, a batch's `body`. */
export const WRAPPERS = ["item", "body", "sample"] as const;
