import { createMark, type Grader } from "./graders/grader.ts";
import { GraderFault } from "./graders/template.ts";
import type { Lines } from "./job-examples.ts";
import { type Hyperparameters, type MethodName, methodOf, resolve } from "./job-method.ts";
import { JobRefusal } from "./job-refusal.ts";
import type { Answer } from "./model/answer.ts";
import { casesOf, ToolsetCache } from "./model/cases.ts";
import type { Model } from "./model/model.ts";
import { pairsOf, uniquePairs } from "./model/pairs.ts";
import { preferences } from "./model/preferences.ts";
import { type Progress, TICK } from "./model/progress.ts";
import { reinforcement, type Task } from "./model/reinforcement.ts";
import { supervised } from "./model/supervised.ts";
import { autoBatchSize, type Method, type TrainingOptions, train } from "./model/train.ts";
import type { WireMessage, WireTool } from "./model/wire.ts";
import type { JobRow } from "./store.ts";

export interface JobTraining {
  readonly hyperparameters: Hyperparameters;
  readonly epochs: number;
  /** Steps of all epochs. */
  readonly steps: number;
  readonly run: Generator<Progress, void>;
}

interface Plan {
  readonly examples: number;
  readonly held: number;
  make(hyperparameters: Hyperparameters, options: TrainingOptions): Generator<Progress, Method>;
}
interface Material {
  readonly train: Lines;
  readonly held: Lines;
  readonly toolsets: ToolsetCache;
  readonly grader: Grader | undefined;
}

/** Both sides as a method sees them, line by line. */
function* readBoth<Example>(material: Material, of: (line: string) => readonly Example[]) {
  const sides: { train: Example[]; held: Example[] } = { train: [], held: [] };
  for (const [side, lines] of [
    [sides.train, material.train.lines],
    [sides.held, material.held.lines],
  ] as const)
    for (const line of lines) {
      side.push(...of(line));
      yield TICK;
    }
  return sides;
}

const PLANS: Readonly<Record<MethodName, (material: Material) => Generator<Progress, Plan>>> = {
  *supervised(material) {
    const sides = yield* readBoth(material, (line) => casesOf(line, material.toolsets));
    return {
      examples: sides.train.length,
      held: sides.held.length,
      make: (_hyperparameters, options) => supervised(sides.train, sides.held, options),
    };
  },
  *dpo(material) {
    const both = yield* readBoth(material, (line) => pairsOf(line, material.toolsets));
    const sides = { ...both, train: uniquePairs(both.train) };
    return {
      examples: sides.train.length,
      held: sides.held.length,
      make: ({ beta }, options) => preferences(sides.train, sides.held, { ...options, beta: Number(beta) }),
    };
  },
  *reinforcement(material) {
    const { toolsets, grader } = material;
    if (grader === undefined) throw new Error("The job has no grader.");
    const mark = answerMark(grader);
    const sides = yield* readBoth(material, (line) => [taskOf(line)]);
    return {
      examples: sides.train.length,
      held: sides.held.length,
      make: ({ compute_multiplier, eval_interval, eval_samples }, options) =>
        reinforcement(sides.train, sides.held, {
          ...options,
          computeMultiplier: Number(compute_multiplier),
          looks: { every: Number(eval_interval), examples: Number(eval_samples) },
          mark,
          toolsets,
        }),
    };
  },
};

/** The training that a job asks for, by its method: its lines are read here, `run` is still to be run. */
export function* jobTraining(
  job: JobRow,
  files: { readonly train: Lines; readonly held: Lines },
  start: Model | undefined,
): Generator<Progress, JobTraining> {
  const method = methodOf(job);
  const plan = yield* PLANS[method.type]({ ...files, toolsets: new ToolsetCache(), grader: method.grader });
  if (plan.examples === 0)
    throw new JobRefusal(
      "invalid_training_file",
      "No line holds anything that the model could learn from.",
      "training_file",
    );
  const batch = autoBatchSize(plan.examples);
  const hyperparameters = resolve(method, job.hyperparameters, { ...plan, batch });
  const options = {
    epochs: Number(hyperparameters.n_epochs),
    batchSize: Number(hyperparameters.batch_size),
    learningRateMultiplier: Number(hyperparameters.learning_rate_multiplier),
    seed: job.seed,
    start,
  };
  return {
    hyperparameters,
    epochs: options.epochs,
    steps: Math.ceil(plan.examples / options.batchSize) * options.epochs,
    run: (function* () {
      yield* train(yield* plan.make(hyperparameters, options), options);
    })(),
  };
}

function taskOf(line: string): Task {
  const item = JSON.parse(line) as Record<string, unknown> & { messages: WireMessage[]; tools?: WireTool[] };
  return { messages: item.messages, tools: item.tools ?? [], item };
}

/** Marks answers by the job's grader. */
function answerMark(grader: Grader) {
  const mark = createMark(grader);
  return (answer: Answer, { item }: Task): number | undefined => {
    const text = answer.kind === "text" ? answer.text : "";
    const call = answer.kind === "tool" ? { name: answer.name, arguments: answer.arguments } : undefined;
    const output_tools = answer.kind === "tool" ? [{ id: answer.id, type: "function", function: call }] : [];
    try {
      return mark({ item, sample: { output_text: text, output_json: jsonOf(text), output_tools } });
    } catch (thrown) {
      if (thrown instanceof GraderFault) return undefined;
      throw thrown;
    }
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
