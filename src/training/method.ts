import type { Dataset } from "../datasets/contract.ts";
import { type Format, methodOf } from "../datasets/recipe-contract.ts";
import { invalid } from "../kernel/errors.ts";
import type { Hyperparameters, TrainingRun } from "./contract.ts";
import { EXAMPLE_GRADER, fieldsRead, type Grader } from "./graders.ts";

export type TrainingMethod = TrainingRun["method"];

const NAMES: Readonly<Record<string, TrainingMethod>> = {
  sft: "supervised",
  supervised: "supervised",
  dpo: "dpo",
  rft: "reinforcement",
  reinforcement: "reinforcement",
};
const FORMAT_OF: Readonly<Record<TrainingMethod, Format>> = {
  supervised: "sft",
  dpo: "dpo",
  reinforcement: "rft",
};

/** What the dataset's lines are for. @throws invalid `dataset_other_format` */
export function methodFor(dataset: Dataset, asked: string | undefined): TrainingMethod {
  const { format = "sft" } = dataset.recipe;
  if (format === "chat")
    throw invalid(
      "dataset_other_format",
      `The dataset "${dataset.id}" holds plain chat, which trainers of open models read; Azure does not.`,
      {
        field: "dataset_id",
        remedy: "Build it as sft, dpo or rft, or download its files and train with them elsewhere.",
      },
    );
  const method = methodOf(format);
  const wanted = asked === undefined ? method : NAMES[asked];
  if (wanted === method || wanted === undefined) return method;
  throw invalid(
    "dataset_other_format",
    `The dataset "${dataset.id}" holds ${format} lines, which ${wanted} training cannot read.`,
    {
      field: "method",
      remedy: `Leave method out, or build the dataset with format ${FORMAT_OF[wanted]}.`,
      details: { format, method: wanted },
    },
  );
}

/** Hyperparameters that only some methods have. */
const OWN: Readonly<Record<string, readonly TrainingMethod[]>> = {
  beta: ["dpo"],
  compute_multiplier: ["reinforcement"],
  eval_interval: ["reinforcement"],
  eval_samples: ["reinforcement"],
  reasoning_effort: ["reinforcement"],
};

/** @throws invalid `hyperparameter_of_other_method` */
export function checkHyperparameters(method: TrainingMethod, given: Hyperparameters | undefined): void {
  for (const name of Object.keys(given ?? {})) {
    const methods = OWN[name];
    if (methods === undefined || methods.includes(method)) continue;
    throw invalid(
      "hyperparameter_of_other_method",
      `\`${name}\` belongs to ${methods.join(", ")} training; this is ${method}.`,
      { field: `hyperparameters.${name}`, remedy: "Leave it out, or train on a dataset of that method." },
    );
  }
}

const SHOWN_GRADER = JSON.stringify(EXAMPLE_GRADER);

/**
 * Reinforcement needs a validation side, and a grader that reads fields which the lines have; nothing else takes one.
 * @param firstLine reads the first line of the training file
 * @throws invalid `validation_missing`, `grader_missing`, `grader_not_taken`, `grader_unknown_field`
 */
export async function checkGrading(
  method: TrainingMethod,
  dataset: Dataset,
  grader: Grader | undefined,
  firstLine: () => Promise<string | undefined>,
): Promise<void> {
  if (method !== "reinforcement") {
    if (grader === undefined) return;
    throw invalid("grader_not_taken", `A grader marks reinforcement training; this is ${method}.`, {
      field: "grader",
      remedy: "Leave the grader out, or train on a dataset of format rft.",
    });
  }
  if (grader === undefined)
    throw invalid("grader_missing", "Reinforcement needs a grader, which marks what the model answers.", {
      field: "grader",
      remedy: `Send one, such as ${SHOWN_GRADER}`,
    });
  if ((dataset.validation_count ?? 0) === 0)
    throw invalid(
      "validation_missing",
      `The dataset "${dataset.id}" has no validation side, and reinforcement needs one.`,
      { field: "dataset_id", remedy: "Build it with train_split under 1." },
    );
  const text = await firstLine();
  if (text === undefined) return;
  const has = Object.keys(JSON.parse(text) as object);
  const missing = fieldsRead(grader).filter((field) => !has.includes(field));
  if (missing.length === 0) return;
  throw invalid(
    "grader_unknown_field",
    `The grader reads item.${missing.join(", item.")}, which the dataset's lines do not have.`,
    { field: "grader", remedy: `Use fields of the lines: ${has.map((name) => `item.${name}`).join(", ")}.` },
  );
}

/** What the local provider marks answers by; others need a judge or run a program (`test/training` holds it to that). */
const LOCAL_GRADERS = ["string_check", "text_similarity", "multi"];
const NOT_LOCAL_METRICS = ["cosine", "meteor"];

/** @throws invalid `training_not_offered`: the local provider says what it cannot do before anything is stored */
export function checkLocal(
  kind: "azure" | "local",
  grader: Grader | undefined,
  hyperparameters: Hyperparameters | undefined,
): void {
  if (kind !== "local") return;
  const refuse = (what: string, field: string, remedy: string) =>
    invalid("training_not_offered", `The local provider has no ${what}.`, {
      field,
      remedy: `${remedy}, or set AZURE_OPENAI_ENDPOINT to train there.`,
    });
  for (const one of grader === undefined ? [] : gradersIn(grader)) {
    if (!LOCAL_GRADERS.includes(one.type))
      throw refuse(`${one.type} grader`, "grader", `Use ${LOCAL_GRADERS.join(", ")}`);
    if (one.type === "text_similarity" && NOT_LOCAL_METRICS.includes(one.evaluation_metric))
      throw refuse(
        `text similarity by ${one.evaluation_metric}`,
        "grader",
        "Use fuzzy_match, bleu, gleu or a rouge",
      );
  }
  const effort = hyperparameters?.reasoning_effort ?? "default";
  if (effort !== "default")
    throw refuse("model that reasons", "hyperparameters.reasoning_effort", "Leave reasoning_effort out");
}

/** A grader and those that it is made of. */
const gradersIn = (grader: Grader): Grader[] =>
  grader.type === "multi" ? [grader, ...Object.values(grader.graders)] : [grader];
