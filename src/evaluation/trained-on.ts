import type { Dataset, ReadyDataset, Split } from "../datasets/contract.ts";
import type { Files } from "../files/files.ts";
import type { TrainingRun } from "../training/contract.ts";
import { sharedGroups } from "./contamination.ts";
import type { EvaluationStore } from "./store.ts";

/** A model tuned from a tuned model, and so on: more generations than anybody trains. */
const MOST_ANCESTORS = 50;

/** Finds, by text, the examples of a file that are nearly the same as one of others. */
export type NearLines = (file: string, others: readonly string[]) => Promise<ReadonlySet<string>>;

/**
 * Every dataset that a model has learnt from: the run's own and those of the runs whose models it was tuned from,
 * whichever agent's. `complete` is false where a dataset is not in the ledger any more.
 */
export async function trainedOn(
  store: EvaluationStore,
  run: Pick<TrainingRun, "agent_id" | "dataset_id" | "base_model">,
): Promise<{ datasets: Dataset[]; complete: boolean }> {
  const datasets = new Map<string, Dataset>();
  let complete = true;
  let now: typeof run | undefined = run;
  for (let steps = 0; now !== undefined && steps < MOST_ANCESTORS; steps++) {
    const dataset = await store.readDataset(now.agent_id, now.dataset_id);
    if (dataset === undefined) complete = false;
    else datasets.set(dataset.id, dataset);
    now = await store.runOfModel(now.base_model);
  }
  return { datasets: [...datasets.values()], complete };
}

export interface Seen {
  /** Sessions and inputs of the held-out side that are in a training file. */
  readonly shared: number;
  /** Held-out examples whose text is nearly that of one that was trained on. */
  readonly near: ReadonlySet<string>;
  /**
   * False: sides made with another LIGHTNING_SPLIT_KEY can be compared by their texts, not by their sessions, or a
   * training file is gone.
   */
  readonly complete: boolean;
}

/** How much of a held-out side is in what a model was trained and tuned on. */
export async function seenIn(
  { files, nearLines }: { readonly files: Files; readonly nearLines: NearLines },
  held: ReadyDataset,
  split: Split,
  trained: readonly Dataset[],
): Promise<Seen> {
  let shared = 0;
  let complete = true;
  const others: string[] = [];
  for (const dataset of trained) {
    const own = dataset.id === held.id || sameContent(dataset, held);
    // A dataset's own other sides are held out by construction: only its training side can meet them.
    const sides: Split[] = own ? ["train"] : ["train", "validation"];
    if (own && split === "train") shared += Math.max(1, held.training_count ?? 1);
    else if (own || splitKey(dataset) === splitKey(held))
      shared += await sharedGroups(files, held, [split], dataset, sides);
    else complete = false;
    for (const side of sides) {
      const key = dataset.files?.[side]?.key;
      if (key === undefined) continue;
      if ((await files.stat(key)) === undefined) complete = false;
      else others.push(key);
    }
  }
  const key = held.files[split]?.key;
  const near =
    shared > 0 || key === undefined || others.length === 0 ? new Set<string>() : await nearLines(key, others);
  return { shared, near, complete };
}

const splitKey = (dataset: Dataset) => dataset.recipe?.split_key ?? "";
const sameContent = (a: Dataset, b: Dataset) =>
  a.content_hash !== undefined && a.content_hash === b.content_hash;

/** More of the examples than this nearly the same as trained-on ones: the set was made of them. */
const MOST_NEAR = 0.1;

/** Why the examples cannot judge the model; a few near ones are left out instead. */
export function whyContaminated(
  { shared, near, examples }: { readonly shared: number; readonly near: number; readonly examples: number },
  /** What the examples are met in, in words. */
  where = "the candidate's training data",
): string | undefined {
  if (shared > 0) return `${shared} sessions or inputs of the held-out examples are in ${where}.`;
  return near > MOST_NEAR * examples
    ? `${near} of ${examples} held-out examples are nearly the same as ones in ${where}.`
    : undefined;
}
