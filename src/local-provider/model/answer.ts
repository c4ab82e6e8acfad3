import { sha256 } from "../../kernel/hashing.ts";
import { fillArguments } from "./arguments.ts";
import { situationOf, type ToolsetCache } from "./cases.ts";
import {
  argmax,
  type Label,
  optionsOf,
  probabilities,
  rawFeatures,
  type Sparse,
  TEXT,
  vectorOf,
} from "./classifier.ts";
import { type AnswerFormat, allowedValue, inFormat } from "./formats.ts";
import type { Memory, Model } from "./model.ts";
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
  if (label.startsWith("tool:")) {
    const name = label.slice("tool:".length);
    const tool = question.tools.find((one) => one.function.name === name)?.function;
    const schema = tool?.parameters;
    const like = model && nearest(model.memory, x, (one) => one.label === label, NEAR_ENOUGH_TO_IMITATE);
    const args =
      like?.leaves === undefined
        ? fillArguments(schema, situation.request)
        : fillLike(like.leaves, schema, situation.request);
    const text = JSON.stringify(
      tool?.strict && schema !== undefined ? allowedValue(schema, args, situation.request) : args,
    );
    const id = `call_${sha256(`${name}\n${text}\n${question.messages.length}`).slice(0, 24)}`;
    return { kind: "tool", id, name, arguments: text };
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
    if (model === undefined || situation.after !== undefined) return undefined;
    return nearest(model.memory, x, (one) => one.text !== undefined, NEAR_ENOUGH_TO_QUOTE)?.text;
  }
}

function allowed(label: Label, { choice, tools }: Question): boolean {
  const tool = label.startsWith("tool:");
  if (choice === "none") return !tool;
  if (choice === "required") return tool || tools.length === 0;
  if (choice === "auto") return true;
  return label === `tool:${choice.name}`;
}

/** The most similar stored example that qualifies (nearest neighbour); of equal ones the newest. */
function nearest(
  memory: readonly Memory[],
  x: Sparse,
  qualifies: (one: Memory) => boolean,
  least: number,
): Memory | undefined {
  const asked = new Map<number, number>();
  for (let k = 0; k < x.at.length; k++) asked.set(x.at[k] as number, x.value[k] as number);
  let best: Memory | undefined;
  let score = least;
  for (const one of memory) {
    if (!qualifies(one)) continue;
    let dot = 0;
    for (let k = 0; k < one.x.at.length; k++)
      dot += (asked.get(one.x.at[k] as number) ?? 0) * (one.x.value[k] as number);
    if (dot >= score) {
      best = one;
      score = dot;
    }
  }
  return best;
}
