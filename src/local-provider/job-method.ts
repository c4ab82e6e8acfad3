import { z } from "zod";
import { type Grader, graderSchema } from "./graders/grader.ts";

const METHODS = ["supervised", "dpo", "reinforcement"] as const;
export type MethodName = (typeof METHODS)[number];

/** OpenAI names no bound; beyond this no weight is left that says anything. */
const numberOrAuto = z.union([z.number().positive().max(1000), z.literal("auto")]).optional();
const wholeOrAuto = (most: number) =>
  z.union([z.number().int().min(1).max(most), z.literal("auto")]).optional();
const common = {
  n_epochs: wholeOrAuto(50),
  batch_size: wholeOrAuto(256),
  learning_rate_multiplier: numberOrAuto,
};
export const supervisedHyperparameters = z.strictObject(common);
const dpoHyperparameters = z.strictObject({
  ...common,
  beta: z.union([z.number().min(0).max(2), z.literal("auto")]).optional(),
});
const reinforcementHyperparameters = z.strictObject({
  ...common,
  compute_multiplier: z.union([z.number().positive().max(10), z.literal("auto")]).optional(),
  eval_interval: wholeOrAuto(10_000),
  eval_samples: wholeOrAuto(1000),
  reasoning_effort: z.literal("default", "the small model here does not reason: only `default`").optional(),
});

/** The `method` of a job's request, as OpenAI and Azure write it. */
export const methodSchema = z.discriminatedUnion(
  "type",
  [
    z.strictObject({
      type: z.literal("supervised"),
      supervised: z.strictObject({ hyperparameters: supervisedHyperparameters.nullish() }).nullish(),
    }),
    z.strictObject({
      type: z.literal("dpo"),
      dpo: z.strictObject({ hyperparameters: dpoHyperparameters.nullish() }).nullish(),
    }),
    z.strictObject({
      type: z.literal("reinforcement"),
      reinforcement: z.strictObject({
        grader: graderSchema,
        hyperparameters: reinforcementHyperparameters.nullish(),
      }),
    }),
  ],
  { error: `The local provider trains by ${METHODS.join(", ")}.` },
);

export type Hyperparameters = Record<string, number | string>;

/** What a job's row keeps of its method. */
export interface JobMethod {
  readonly type: MethodName;
  readonly grader?: Grader;
}

/** What is chosen where the request says `auto` or nothing. */
const AUTO: Readonly<Record<MethodName, Hyperparameters>> = {
  supervised: { n_epochs: 3, learning_rate_multiplier: 1 },
  dpo: { n_epochs: 3, learning_rate_multiplier: 1, beta: 0.1 },
  reinforcement: { n_epochs: 6, learning_rate_multiplier: 1, compute_multiplier: 1 },
};
const NAMES: Readonly<Record<MethodName, readonly string[]>> = {
  supervised: Object.keys(common),
  dpo: Object.keys(dpoHyperparameters.shape),
  reinforcement: Object.keys(reinforcementHyperparameters.shape),
};

/** A request's method for the job's row: every hyperparameter is named, `auto` where nothing was said. */
export function readMethod(
  method: z.output<typeof methodSchema> | null | undefined,
  legacy: z.output<typeof supervisedHyperparameters> | null | undefined,
): { method: JobMethod; hyperparameters: Hyperparameters } {
  const type = method?.type ?? "supervised";
  const own =
    method?.type === "reinforcement"
      ? method.reinforcement
      : method?.type === "dpo"
        ? method.dpo
        : method?.supervised;
  const given: Readonly<Record<string, number | string | undefined>> = {
    ...(type === "supervised" ? legacy : {}),
    ...own?.hyperparameters,
  };
  const none = (key: string) => (key === "reasoning_effort" ? "default" : "auto");
  return {
    method: method?.type === "reinforcement" ? { type, grader: method.reinforcement.grader } : { type },
    hyperparameters: Object.fromEntries(NAMES[type].map((key) => [key, given[key] ?? none(key)])),
  };
}

/** The numbers that a job runs with. `examples`: how many there are to learn from, `held` to look at. */
export function resolve(
  { type }: JobMethod,
  given: Hyperparameters,
  { examples, held, batch }: { readonly examples: number; readonly held: number; readonly batch: number },
): Hyperparameters {
  const out: Hyperparameters = { ...given, batch_size: number(given.batch_size, batch) };
  for (const [key, auto] of Object.entries(AUTO[type])) out[key] = number(given[key], auto as number);
  if (type === "reinforcement") {
    const steps = Math.ceil(examples / (out.batch_size as number));
    out.eval_interval = number(given.eval_interval, Math.max(1, Math.round(steps / 4)));
    out.eval_samples = number(given.eval_samples, Math.min(held, MOST_LOOKED_AT));
  }
  return out;
}

const MOST_LOOKED_AT = 50;
const number = (value: number | string | undefined, auto: number): number =>
  typeof value === "number" ? value : auto;

/** The method of a job as the wire has it. */
export const methodView = ({ type, grader }: JobMethod, hyperparameters: Hyperparameters) => ({
  type,
  [type]: { ...(grader === undefined ? {} : { grader }), hyperparameters },
});

/** How a job is trained; rows of earlier versions, which do not say, are supervised. */
export const methodOf = ({ method }: { readonly method?: JobMethod }): JobMethod =>
  method ?? { type: "supervised" };
