import { familyOf, type Method } from "../catalog/capabilities.ts";
import { pictureRuleOf } from "../catalog/picture-tokens.ts";
import { canonicalModel, canonicalTier } from "../catalog/spelling.ts";
import type { Settings } from "../config/settings.ts";
import type {
  Dataset,
  DatasetPictures,
  ReadyDataset,
  SidePictures,
  TrainingCheck,
  TrainingTokens,
} from "../datasets/contract.ts";
import { methodOf } from "../datasets/recipe-contract.ts";
import { conflict, isLightningError } from "../kernel/errors.ts";
import type { Provider } from "../provider/provider.ts";
import type { Estimate, EstimateInput, PriceTables } from "./estimate-contract.ts";
import { limitsOf } from "./estimate-limits.ts";

/** Counts the tokens of a dataset's training side in a model's vocabulary. */
export type CountTokens = (dataset: Dataset, model: string) => Promise<TrainingTokens>;

/** What the pictures of a dataset's files take by a model's rule. */
export type CountPictures = (dataset: Dataset, model: string) => Promise<DatasetPictures>;

interface ReckonDeps {
  readonly datasets: { readonly countTokens: CountTokens; readonly countPictures: CountPictures };
  readonly provider?: Pick<Provider, "kind"> | undefined;
  readonly tables?: PriceTables | undefined;
}
interface Deps extends ReckonDeps {
  readonly datasets: ReckonDeps["datasets"] & {
    /** @throws invalid `dataset_not_taken` */
    readonly checkForTraining: (dataset: ReadyDataset, check: TrainingCheck) => Promise<void>;
  };
  readonly provider?: Pick<Provider, "kind" | "listJobs" | "listFiles"> | undefined;
  readonly settings: Pick<Settings, "baseModel" | "epochs" | "trainingType">;
  /** What estimates ask of evaluations: what the dataset's held-out side can show of the model, as a sentence. */
  readonly evaluations?: { heldOutNote(dataset: Dataset): Promise<string | undefined> } | undefined;
}

/** 365 days by 24 hours, a twelfth. */
const HOURS_A_MONTH = 730;
/** The service renders tools in a form of its own; a count of their JSON is right within this. */
const TOLERANCE = 0.05;
const FOREIGN_TOLERANCE = 0.25;

/** Tokens and cost of one training, without asking the provider anything. */
export async function reckon(
  { datasets, provider, tables }: ReckonDeps,
  dataset: Dataset,
  asked: { readonly base_model: string; readonly training_type: string; readonly n_epochs: number | "auto" },
) {
  const method = methodOf(dataset.recipe.format ?? "sft");
  const counted = await datasets.countTokens(dataset, asked.base_model);
  const epochs = epochsOf(asked.n_epochs, dataset.training_count ?? 0);
  const pictures = (await datasets.countPictures(dataset, asked.base_model)).train;
  const { least, most } = pictures ?? { least: 0, most: 0 };
  const text = counted.tokens - (pictures?.stoodFor ?? 0);
  const slack = counted.exact ? TOLERANCE : FOREIGN_TOLERANCE;
  const trained = {
    low: Math.floor(text * epochs.low * (1 - slack) + least * epochs.low),
    high: Math.ceil(text * epochs.high * (1 + slack) + most * epochs.high),
  };
  const price =
    provider?.kind === "local" ? LOCAL_PRICE : priceOf(tables, asked.base_model, asked.training_type, method);
  const isUnknown = price === undefined || (pictures?.known === false && price.usd > 0);
  const cost: Estimate["cost_usd"] = isUnknown ? undefined : costOf(price, trained);
  return { method, counted, pictures, tokens: text + most, epochs, trained, price, cost };
}

/** What training on a dataset would take and cost. @throws conflict `dataset_not_ready` */
export async function estimate(deps: Deps, dataset: Dataset, input: EstimateInput): Promise<Estimate> {
  if (dataset.status !== "ready")
    throw conflict("dataset_not_ready", `The dataset is ${dataset.status}; it has no files yet.`, {
      field: "dataset_id",
      remedy: "Wait until its status is ready.",
    });
  const { settings, tables } = deps;
  const model = canonicalModel(input.base_model ?? settings.baseModel);
  const trainingType = canonicalTier(input.training_type ?? settings.trainingType);
  const n_epochs = input.n_epochs ?? settings.epochs;
  const { method, counted, pictures, tokens, epochs, trained, price, cost } = await reckon(deps, dataset, {
    base_model: model,
    training_type: trainingType,
    n_epochs,
  });
  const refusal = await refusalOf(deps, dataset, model, n_epochs);
  const limits = await limitsOf(deps, dataset, model, { counted, pictures }, trained.high);
  const verdicts = [...limits.map((one) => one.within), ...(refusal === undefined ? [] : [false])];
  const heldOut = await deps.evaluations?.heldOutNote(dataset);
  return {
    agent_id: dataset.agent_id,
    dataset_id: dataset.id,
    base_model: model,
    method,
    training_type: trainingType,
    encoding: counted.encoding,
    exact_vocabulary: counted.exact,
    examples: dataset.training_count ?? 0,
    tokens_per_epoch: tokens,
    longest_example: Math.max(counted.longest, pictures?.longest ?? 0),
    n_epochs: epochs,
    training_tokens: trained,
    price,
    cost_usd: cost,
    hosting: deps.provider?.kind === "local" ? [] : hostingOf(tables),
    limits,
    within_limits: verdicts.includes(false) ? false : verdicts.includes(undefined) ? undefined : true,
    notes: [
      ...(refusal === undefined ? [] : [`Training refuses this: ${refusal}`]),
      ...notesOf(price, method, counted.exact, dataset),
      ...notesOnPictures(model, pictures),
      ...(heldOut === undefined ? [] : [heldOut]),
    ],
  };
}

/** Why a training on these files would be refused before anything is sent; undefined: it would not. */
async function refusalOf(
  { datasets, provider }: Deps,
  dataset: ReadyDataset,
  model: string,
  n_epochs: number | "auto",
): Promise<string | undefined> {
  if (provider?.kind !== "azure") return undefined;
  const epochs = n_epochs === "auto" ? undefined : n_epochs;
  try {
    await datasets.checkForTraining(dataset, { provider: "azure", model, references: [], epochs });
    return undefined;
  } catch (thrown) {
    if (!isLightningError(thrown) || thrown.code !== "dataset_not_taken") throw thrown;
    return `${thrown.message} ${thrown.remedy ?? ""}`.trimEnd();
  }
}

type Price = NonNullable<Estimate["price"]>;
const LOCAL_PRICE: Price = {
  usd: 0,
  per: "million training tokens, each epoch",
  source: "the local provider trains on this machine",
  as_of: "always",
};

const isPerMillion = (price: Price): boolean => /^million\b/.test(price.per);

function costOf(price: Price, trained: { low: number; high: number }): Estimate["cost_usd"] {
  // By the hour: how long a job takes is known when it is over.
  if (!isPerMillion(price)) return undefined;
  // In thousandths of a cent first: what is a whole number of cents must not become the next one by a binary rest.
  const cents = (tokens: number) => Math.round(((tokens * price.usd) / 1_000_000) * 1e5) / 1e3;
  return { low: Math.floor(cents(trained.low)) / 100, high: Math.ceil(cents(trained.high)) / 100 };
}

function priceOf(
  tables: PriceTables | undefined,
  model: string,
  trainingType: string,
  method: Method,
): Price | undefined {
  const what = method === "reinforcement" ? "reinforcement training" : "training";
  const rows = (tables?.prices ?? []).filter(
    (row) => row.what === what && row.model !== undefined && familyOf(row.model) === familyOf(model),
  );
  const row = rows.find(({ training_type }) => training_type === undefined || training_type === trainingType);
  return row === undefined ? undefined : { usd: row.usd, per: row.per, source: row.source, as_of: row.as_of };
}

const hostingOf = (tables: PriceTables | undefined): Estimate["hosting"] =>
  (tables?.prices ?? []).flatMap((row) =>
    row.what !== "hosting" || row.per !== "hour"
      ? []
      : [
          {
            sku: row.sku ?? "any",
            usd_per_hour: row.usd,
            usd_per_month: Math.round(row.usd * HOURS_A_MONTH * 100) / 100,
            source: row.source,
            as_of: row.as_of,
          },
        ],
  );

/**
 * Epochs as they were asked for. `auto`: between 1 and what the cookbook gives as the service's choice, which is three,
 * more for fewer than 34 examples (up to 25) and fewer for more than 8,333.
 */
function epochsOf(wanted: number | "auto", examples: number): { low: number; high: number } {
  if (wanted !== "auto") return { low: wanted, high: wanted };
  if (examples === 0) return { low: 1, high: 3 };
  const usual =
    examples * 3 < 100
      ? Math.min(25, Math.ceil(100 / examples))
      : examples * 3 > 25_000
        ? Math.max(1, Math.floor(25_000 / examples))
        : 3;
  return { low: 1, high: usual };
}

function notesOf(price: Price | undefined, method: Method, exact: boolean, dataset: Dataset): string[] {
  return [
    ...(price === undefined ? ["No dated price is known for this model and tier: the cost is unknown."] : []),
    ...(method === "reinforcement"
      ? [
          "Reinforcement is paid by the hour, and the grader's tokens beside it; how long it takes is unknown.",
        ]
      : []),
    ...(exact ? [] : ["Counted with OpenAI's vocabulary; the model's own may differ by a quarter."]),
    ...((dataset.validation_count ?? 0) > 0
      ? ["Validation examples are not paid for as training tokens."]
      : []),
    "Tools are counted with every line that offers them.",
  ];
}

function notesOnPictures(model: string, found: SidePictures | undefined): string[] {
  if (found === undefined || found.pictures === 0) return [];
  const { pictures, unmeasured, most } = found;
  const rule = pictureRuleOf(model);
  if (rule === undefined)
    return [
      `${pictures} pictures: no dated source says how many tokens ${model} makes of them, so they are not counted and the cost is unknown.`,
    ];
  return [
    `${pictures} pictures are at most ${most} of the tokens per epoch (${rule.source}, ${rule.as_of}).${
      unmeasured === 0
        ? ""
        : ` The size of ${unmeasured} is not known here: they are counted with the most that a picture can take.`
    }`,
  ];
}
