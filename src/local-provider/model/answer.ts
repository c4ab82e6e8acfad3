import { sha256 } from "../../kernel/hashing.ts";
import { fillArguments } from "./arguments.ts";
import { situationOf, type ToolsetCache } from "./cases.ts";
import {
  argmax,
  type Label,
  optionsOf,
  probabilities,
  rawFeatures,
  type Situation,
  type Sparse,
  TEXT,
  vectorOf,
} from "./classifier.ts";
import { type AnswerFormat, allowedValue, inFormat, inlinedOf } from "./formats.ts";
import { nearest } from "./memory.ts";
import type { Model } from "./model.ts";
import { answerInText } from "./prior.ts";
import { fillLike } from "./slots.ts";
import type { WireMessage, WireTool } from "./wire.ts";

export interface Question {
  readonly messages: readonly WireMessage[];
  readonly tools: readonly WireTool[];
  /** `required` forbids text, `none` forbids tools, a name asks for that tool. */
  readonly choice: "auto" | "required" | "none" | { readonly name: string };
  /** What its text must be, when it answers in text. */
  readonly format?: AnswerFormat | undefined;
}

export type Answer =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "refusal"; readonly text: string }
  | { readonly kind: "tool"; readonly id: string; readonly name: string; readonly arguments: string };

/** Examples less alike than this (cosine) have nothing to say about a text. */
const NEAR_ENOUGH_TO_QUOTE = 0.5;
const NEAR_ENOUGH_TO_IMITATE = 0.15;

/** Answers as the untrained model (`model` undefined) or as a tuned one; the same question gets the same answer. */
export function answer(model: Model | undefined, question: Question, toolsets: ToolsetCache): Answer {
  const toolset = toolsets.read(question.tools);
  const situation = situationOf(question.messages, toolset);
  const said = model?.weights.labels.filter((label) => label.startsWith("say:")) ?? [];
  const options = optionsOf(situation, said);
  const x =
    model === undefined
      ? { at: new Int32Array(), value: new Float32Array() }
      : vectorOf(model.weights, rawFeatures(situation));
  const rowOf = new Map(model?.weights.labels.map((label, i) => [label, i]) ?? []);
  const p = probabilities(
    model?.weights,
    options.labels.map((label) => rowOf.get(label)),
    options.prior,
    x,
  );
  for (let i = 0; i < p.length; i++) if (!allowed(options.labels[i] as Label, question)) p[i] = -1;
  const label = options.labels[argmax(p)] as Label;
  return carryOut(label, { question, situation, x, memory: model?.memory });
}

/** What the model knows when it has decided. */
interface Decided {
  readonly question: Pick<Question, "messages" | "tools" | "format">;
  readonly situation: Situation;
  readonly x: Sparse;
  /** Undefined: the untrained model's. */
  readonly memory: Model["memory"] | undefined;
}

/** The answer that a decision leads to: a tool with its arguments, or words. */
export function carryOut(label: Label, { question, situation, x, memory }: Decided): Answer {
  if (label.startsWith("tool:")) {
    const name = label.slice("tool:".length);
    const tool = question.tools.find((one) => one.function.name === name)?.function;
    const schema = tool?.parameters && inlinedOf(tool.parameters);
    const like = memory && nearest(memory, x, (one) => one.label === label, NEAR_ENOUGH_TO_IMITATE);
    const args =
      like?.leaves === undefined
        ? fillArguments(schema, situation.request)
        : fillLike(like.leaves, schema, situation.request);
    return toolAnswer(
      name,
      tool?.strict && schema !== undefined ? allowedValue(schema, args, situation.request) : args,
      question.messages.length,
    );
  }
  const learnt = label === TEXT ? remembered() : label.slice("say:".length);
  const { format } = question;
  if (format === undefined)
    return { kind: "text", text: learnt ?? answerInText(question.messages, situation.request) };
  const untaught = () =>
    format.kind === "schema" ? situation.request : answerInText(question.messages, situation.request);
  const text = inFormat(format, learnt ?? untaught());
  return text === undefined
    ? { kind: "refusal", text: "No answer was found that the schema allows." }
    : { kind: "text", text };

  /** The words of an example much like the question. */
  function remembered(): string | undefined {
    if (memory === undefined || situation.after !== undefined) return undefined;
    return nearest(memory, x, (one) => one.text !== undefined, NEAR_ENOUGH_TO_QUOTE)?.text;
  }
}

/** A call of a tool; the same call at the same place has the same id. */
export function toolAnswer(name: string, args: unknown, place: number): Answer {
  const text = JSON.stringify(args);
  const id = `call_${sha256(`${name}\n${text}\n${place}`).slice(0, 24)}`;
  return { kind: "tool", id, name, arguments: text };
}

function allowed(label: Label, { choice, tools }: Question): boolean {
  const tool = label.startsWith("tool:");
  if (choice === "none") return !tool;
  if (choice === "required") return tool || tools.length === 0;
  if (choice === "auto") return true;
  return label === `tool:${choice.name}`;
}
