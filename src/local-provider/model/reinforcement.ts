import { type Answer, carryOut } from "./answer.ts";
import { type Case, caseOf, optionsWith, situationOf, type ToolsetCache } from "./cases.ts";
import { argmax, type Label, probabilities, type Sparse, seeded, TEXT, vectorOf } from "./classifier.ts";
import { remember } from "./memory.ts";
import type { Memory } from "./model.ts";
import { type Progress, TICK } from "./progress.ts";
import { type Figures, LEARNING_RATE, type Method, type TrainingOptions } from "./train.ts";
import { phrases, varied } from "./tries.ts";
import { Descent, emptyWeights, frozen } from "./weights.ts";
import { textOf, type WireMessage, type WireTool } from "./wire.ts";

/** A prompt to answer, and the line that it stands on, which the grader reads. */
export interface Task {
  readonly messages: readonly WireMessage[];
  readonly tools: readonly WireTool[];
  readonly item: Readonly<Record<string, unknown>>;
}

/** An answer's mark; undefined when the grader could give none. */
type MarkAnswer = (answer: Answer, task: Task) => number | undefined;

export interface ReinforcementOptions extends TrainingOptions {
  /** How much is tried: a multiple of eight answers to each prompt. */
  readonly computeMultiplier: number;
  /** Steps between two looks at the validation side, and answers that are marked at each. */
  readonly looks: { readonly every: number; readonly examples: number };
  readonly mark: MarkAnswer;
  readonly toolsets: ToolsetCache;
}

const TRIES = 8;
/** A decision to try: by the chances that the model gives it, or without regard to them. */
interface Draw {
  readonly at: number;
  readonly explores: boolean;
}

interface Prepared {
  readonly task: Task;
  readonly one: Case;
  readonly x: Sparse;
  readonly labels: readonly Label[];
  readonly rows: readonly (number | undefined)[];
  readonly prior: Float32Array;
  /** Decisions that were tried before: the next try of one varies its arguments. */
  readonly tried: Set<number>;
  /** The best answer so far, its decision and its mark; the lowest mark beside it. */
  best?: {
    readonly answer: Answer;
    readonly at: number;
    readonly mark: number;
    readonly kept: readonly Case[];
  };
  worst: number;
}

/**
 * Reinforcement by policy gradient (Williams 1992): of each prompt several answers are tried and marked by the grader;
 * each decision is made likelier or less likely by how far its mark lies above or below the mean of the others'. Equal
 * marks teach nothing. The best answer to a prompt is remembered, for its arguments.
 */
export function* reinforcement(
  examples: readonly Task[],
  held: readonly Task[],
  options: ReinforcementOptions,
): Generator<Progress, Method> {
  const { start, mark } = options;
  const caseFor = ({ messages, tools }: Task) =>
    caseOf(situationOf(messages, options.toolsets.read(tools)), { role: "assistant", content: "" });
  const cases = examples.map(caseFor);
  const told = examples
    .filter(({ tools }) => tools.length === 0)
    .map(({ messages }) => instructionsOf(messages));
  const weights = yield* emptyWeights(
    cases,
    start,
    phrases(told).map((phrase) => `say:${phrase}`),
  );
  const said = weights.labels.filter((label) => label.startsWith("say:"));
  const known = new Map(weights.labels.map((label, i) => [label, i]));
  const prepare = (task: Task, one: Case): Prepared => {
    const { labels, prior } = optionsWith(one.situation, said, []);
    return {
      task,
      one,
      x: vectorOf(weights, one.raw),
      labels,
      rows: labels.map((label) => known.get(label)),
      prior: Float32Array.from(prior),
      tried: new Set(),
      worst: Number.POSITIVE_INFINITY,
    };
  };
  const prepared: Prepared[] = [];
  for (const [i, task] of examples.entries()) {
    prepared.push(prepare(task, cases[i] as Case));
    yield TICK;
  }
  const valid = held.map((task) => prepare(task, caseFor(task)));
  const descent = new Descent(weights, LEARNING_RATE * options.learningRateMultiplier);
  const random = seeded(options.seed ^ 0x5eed);
  const tries = Math.max(2, Math.round(TRIES * options.computeMultiplier));

  // What was found stands in the model's memory; it changes when a better answer is found.
  let memory: readonly Memory[] | undefined;
  const memoryNow = () => {
    memory ??= remember(prepared.flatMap(bestOf), (one) => vectorOf(weights, one.raw), start?.memory);
    return memory;
  };
  const answerOf = (
    { task, one, x, labels }: Prepared,
    at: number,
    remembered: readonly Memory[] | undefined,
  ) => carryOut(labels[at] ?? TEXT, { question: task, situation: one.situation, x, memory: remembered });
  /** The model's own answer of a decision, or the best one that was found for it. */
  const own = (line: Prepared, at: number): Answer =>
    line.best?.at === at ? line.best.answer : answerOf(line, at, start?.memory);
  /** Something new: a decision that was tried before is tried with other arguments. */
  const other = (line: Prepared, at: number): Answer => {
    const answer = own(line, at);
    if (answer.kind !== "tool" || !line.tried.has(at)) return answer;
    return varied(answer, line.one.situation.request, line.task.messages.length, random) ?? answer;
  };
  const tryOut = (line: Prepared, { at, explores }: Draw) => {
    const answer = (explores ? other : own)(line, at);
    const given = mark(answer, line.task);
    line.tried.add(at);
    line.worst = Math.min(line.worst, given ?? 0);
    if (given !== undefined && given > (line.best?.mark ?? Number.NEGATIVE_INFINITY)) {
      line.best = { answer, at, mark: given, kept: keptOf(line.one, answer) };
      memory = undefined;
    }
    return { at, explores, mark: given ?? 0, faulty: given === undefined };
  };

  return {
    examples: prepared.length,
    held: valid.length,
    looks: options.looks,
    learn(i, share) {
      const line = prepared[i] as Prepared;
      const p = probabilities(weights, line.rows, line.prior, line.x);
      const marks = draw(p, tries, random).map((at) => tryOut(line, at));
      const mean = meanOf(marks.map((one) => one.mark));
      const slopes = new Float64Array(p.length);
      for (const { at, mark: given } of marks) {
        // Above the mean the decision is pulled up and all others down, in the measure of their chances.
        const advantage = given - mean;
        for (let option = 0; option < p.length; option++)
          slopes[option] =
            (slopes[option] as number) - advantage * ((option === at ? 1 : 0) - (p[option] as number));
      }
      descent.step({ ...line, slopes }, share);
      const mine = marks.filter((one) => !one.explores);
      return {
        reward_mean: meanOf(mine.map((one) => one.mark)),
        grader_error_rate: meanOf(marks.map((one) => Number(one.faulty))),
      };
    },
    check(i): Figures {
      const line = valid[i] as Prepared;
      const at = argmax(probabilities(weights, line.rows, line.prior, line.x));
      return { reward_mean: mark(answerOf(line, at, memoryNow()), line.task) ?? 0 };
    },
    model: () => ({ weights: frozen(weights), memory: memoryNow() }),
  };
}

/** The best call that was found for a prompt, where others were worse. */
const bestOf = ({ best, worst }: Prepared): readonly Case[] =>
  best === undefined || best.mark <= worst ? [] : best.kept;

/** What a call leaves to be imitated; words leave nothing. */
function keptOf({ situation }: Case, answer: Answer): Case[] {
  if (answer.kind !== "tool") return [];
  const call = { id: answer.id, function: { name: answer.name, arguments: answer.arguments } };
  return [caseOf(situation, { role: "assistant", tool_calls: [call] })];
}

/** Half by the model's chances, half without regard to them: what is never tried is never learned. */
function draw(p: Float64Array, count: number, random: () => number): Draw[] {
  return Array.from({ length: count }, (_, i) => {
    if (i % 2 === 1) return { at: Math.floor(random() * p.length), explores: true };
    let left = random();
    for (let at = 0; at < p.length; at++) {
      left -= p[at] as number;
      if (left < 0) return { at, explores: false };
    }
    return { at: argmax(p), explores: false };
  });
}

const meanOf = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;

const instructionsOf = (messages: readonly WireMessage[]): string =>
  messages
    .filter(({ role }) => role === "system" || role === "developer")
    .map(textOf)
    .join("\n");
