import { type Catalog, UNKNOWN } from "../catalog/catalog.ts";
import type { Dataset } from "../datasets/contract.ts";
import { invalid } from "../kernel/errors.ts";
import type { TrainingCost } from "./contract.ts";
import type { CountPictures } from "./estimate.ts";
import type { RunIdentity } from "./rules.ts";

/** Reckons what a training may cost. */
export type EstimateCost = (
  run: Pick<RunIdentity, "base_model" | "method" | "training_type" | "hyperparameters">,
  dataset: Dataset,
) => Promise<TrainingCost> | TrainingCost;

/**
 * The price table times a bound that needs no tokenizer: a token is at least one byte of text, so a file has at most as
 * many tokens as bytes, and beside them what its pictures take; of a preference line the input is read twice. Training
 * and validation are both read; epochs that are left to the service have no bound, and neither has reinforcement, which
 * is paid by the hour.
 */
export function boundOfCost(
  catalog: Pick<Catalog, "trainingPrice">,
  countPictures: CountPictures,
): EstimateCost {
  return async (run, dataset) => {
    if (run.method === "reinforcement")
      return { usd_at_most: UNKNOWN, basis: "Reinforcement is paid by the hour, and its grader beside it." };
    const price = catalog.trainingPrice(run.base_model, run.training_type);
    const { n_epochs } = run.hyperparameters;
    if (price === UNKNOWN)
      return {
        usd_at_most: UNKNOWN,
        basis: `No dated source gives a price for training ${run.base_model} as ${run.training_type}.`,
      };
    if (typeof n_epochs !== "number")
      return { usd_at_most: UNKNOWN, basis: "The number of epochs is left to the service." };
    const size = (dataset.files?.train?.bytes ?? 0) + (dataset.files?.validation?.bytes ?? 0);
    const bytes = run.method === "dpo" ? size * 2 : size;
    if (bytes === 0) return { usd_at_most: UNKNOWN, basis: "The size of the dataset's files is not known." };
    const sides = Object.values(await countPictures(dataset, run.base_model)).filter(
      (one) => one !== undefined,
    );
    const pictures = sides.reduce((sum, one) => sum + one.pictures, 0);
    if (sides.some((one) => one.pictures > 0 && !one.known))
      return {
        usd_at_most: UNKNOWN,
        basis: `No dated source says how many tokens ${run.base_model} makes of the dataset's ${pictures} pictures.`,
      };
    const tokens = bytes + sides.reduce((sum, one) => sum + one.most, 0);
    const beside = pictures === 0 ? "" : ` and at most ${tokens - bytes} tokens of ${pictures} pictures`;
    return {
      usd_at_most: Math.ceil((tokens / 1e6) * n_epochs * price * 100) / 100,
      basis: `${bytes} bytes (at most as many tokens)${beside} × ${n_epochs} epochs × $${price} a million tokens.`,
    };
  };
}

/** @throws invalid `cost_unknown`, `budget_exceeded` */
export function holdToBudget(budget: number, cost: TrainingCost): void {
  if (cost.usd_at_most === UNKNOWN)
    throw invalid(
      "cost_unknown",
      `What this training costs is not known, so no budget can hold it. ${cost.basis}`,
      {
        field: "budget_usd",
        remedy:
          "Look the price up and leave budget_usd out, or choose a base model and epochs with a known price.",
      },
    );
  if (cost.usd_at_most > budget)
    throw invalid(
      "budget_exceeded",
      `The training may cost up to $${cost.usd_at_most}, more than the budget of $${budget}. ${cost.basis}`,
      {
        field: "budget_usd",
        remedy: "Raise the budget, train fewer epochs, or build a smaller dataset.",
        details: { usd_at_most: cost.usd_at_most, budget_usd: budget },
      },
    );
}

/**
 * A base that Azure no longer trains, or never did in this way, is refused before anything is sent. What no dated
 * source says is left for Azure to decide.
 * @throws invalid `base_model_retired`, `training_not_offered`
 */
export async function checkBase(
  catalog: Pick<Catalog, "facts" | "alternatives" | "daysUntil">,
  run: Pick<RunIdentity, "base_model" | "method" | "training_type">,
): Promise<void> {
  const facts = await catalog.facts(run.base_model);
  const others = async () =>
    (await catalog.alternatives(facts.model, run.method)).slice(0, 5).map((one) => ({
      base_model: one.model,
      training_retires: one.training_retires,
    }));
  const dated = facts.sources.map(({ source, as_of }) => `${source}, ${as_of}`).join("; ");
  if (facts.training_retires !== UNKNOWN && catalog.daysUntil(facts.training_retires) < 0) {
    const alternatives = await others();
    throw invalid(
      "base_model_retired",
      `Training on ${facts.model} ended on ${facts.training_retires} (${dated}).`,
      {
        field: "base_model",
        remedy: `Train on another base model${alternatives.length === 0 ? "" : `: ${alternatives.map((one) => one.base_model).join(", ")}`}.`,
        details: { retired: facts.training_retires, alternatives },
      },
    );
  }
  const lacks =
    facts.methods !== UNKNOWN && !facts.methods.includes(run.method)
      ? `by ${run.method} fine-tuning`
      : facts.training_types !== UNKNOWN && !facts.training_types.includes(run.training_type)
        ? `as ${run.training_type}`
        : undefined;
  if (lacks !== undefined)
    throw invalid("training_not_offered", `${facts.model} cannot be trained ${lacks} (${dated}).`, {
      field: lacks.startsWith("by") ? "base_model" : "training_type",
      remedy: "Choose one of the alternatives, or another training type.",
      details: { methods: facts.methods, training_types: facts.training_types, alternatives: await others() },
    });
}
