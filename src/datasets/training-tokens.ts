import { type Files, lines } from "../files/files.ts";
import { letOthersRun } from "./common/let-others-run.ts";
import type { Dataset, DatasetLine, TrainingTokens } from "./contract.ts";
import { readJson, writeJson } from "./shards/shard-file.ts";
import { encodingOf, lineCounter, loadCounter } from "./tokens/tokens.ts";

type Counts = Pick<TrainingTokens, "tokens" | "longest">;

/**
 * Tokens of the training side in the vocabulary of `model`: those that the build counted, else counted now, which is
 * expensive, and cached beside the dataset's files.
 */
export async function countTrainingTokens(
  files: Files,
  dataset: Dataset,
  model: string,
): Promise<TrainingTokens> {
  const vocabulary = encodingOf(model);
  const known = dataset.token_counts;
  if (known?.encoding === vocabulary.encoding)
    return { ...vocabulary, ...(known.sides.train ?? { tokens: 0, longest: 0 }) };
  const key = `${dataset.id}/tokens_${vocabulary.encoding}.json`;
  const kept = await readJson<Counts>(files, key);
  if (kept !== undefined) return { ...vocabulary, ...kept };
  const counted = await countFile(files, dataset, lineCounter(await loadCounter(vocabulary.encoding)));
  await writeJson(files, key, counted);
  return { ...vocabulary, ...counted };
}

async function countFile(
  files: Files,
  dataset: Dataset,
  count: (line: DatasetLine) => number,
): Promise<Counts> {
  const sum = { tokens: 0, longest: 0 };
  const train = dataset.files?.train;
  if (train === undefined) return sum;
  let line = 0;
  for await (const text of lines(files.read(train.key))) {
    if (text === "") continue;
    const used = count(JSON.parse(text) as DatasetLine);
    sum.tokens += used;
    sum.longest = Math.max(sum.longest, used);
    if (++line % 16 === 0) await letOthersRun();
  }
  return sum;
}
