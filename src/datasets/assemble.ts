import type { Settings } from "../config/settings.ts";
import type { Files } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import type { Stored } from "../ledger/ledger.ts";
import { CandidateTable } from "./candidates.ts";
import type { Dataset, Split } from "./contract.ts";
import { emptyReason } from "./empty.ts";
import { folderOf, groupFileKey, isBuildFile, shardKeys, splitFileKey } from "./keys.ts";
import { type Merged, merge } from "./merge.ts";
import {
  add,
  emptySummary,
  readJson,
  type ScoredExample,
  type ShardSummary,
  writeShard,
} from "./shard-file.ts";
import { goldenExamples } from "./shards.ts";
import { keysOfSide, LineHashes, type LineSource, linesOfSide, sidesOf } from "./side-files.ts";
import type { DatasetStore } from "./store.ts";

export interface AssembleDeps {
  readonly store: DatasetStore;
  readonly files: Files;
  readonly settings: Pick<Settings, "splitKey">;
  readonly clock: Clock;
}

export type Assembled =
  | { kind: "ready"; training_count: number; validation_count: number; test_count: number }
  | { kind: "rejected"; code: string; message: string };

/**
 * Merges the shards into the dataset: decides over their indexes, copies the chosen lines into one file a side, and
 * writes the manifest last, so that files and manifest appear together. Running it again is harmless at any point.
 */
export async function assemble(
  deps: AssembleDeps,
  dataset: Stored<Dataset>,
  shards: number,
): Promise<Assembled> {
  const { files, settings, store } = deps;
  const total = await readSummaries(deps, dataset, shards);
  const { table, sources } = await readIndexes(files, dataset, shards);
  const merged = await merge(table, {
    splitKey: settings.splitKey,
    trainSplit: dataset.recipe.train_split,
    testSplit: dataset.recipe.test_split,
    maxExamples: dataset.recipe.max_examples,
  });
  if (merged.duplicates > 0) add(total.dropped, "duplicate", merged.duplicates);
  if (merged.overLimit > 0) add(total.dropped, "over_limit", merged.overLimit);
  if (sidesOf(merged).length === 0)
    return { kind: "rejected", code: "dataset_empty", message: emptyReason(dataset.recipe, total) };

  const written = await writeSides(files, dataset, table, merged, sources);
  const first = await store.firstWithContent(dataset.agent_id, written.contentHash);
  await store.update(dataset, {
    status: "ready",
    content_hash: written.contentHash,
    same_as: first === undefined || first.id === dataset.id ? undefined : first.id,
    training_count: merged.counts.train,
    validation_count: merged.counts.validation,
    test_count: merged.counts.test,
    episode_count: total.read,
    dropped: total.dropped,
    warnings: { ...dataset.warnings, ...total.warnings },
    group_counts: { ...merged.groups, largest: merged.largestGroup },
    files: written.files,
    groups: written.groups,
    error: undefined,
    error_code: undefined,
    completed_at: toIso(deps.clock.now()),
  });
  await removeShards(files, dataset.id);
  const { train, validation, test } = merged.counts;
  return { kind: "ready", training_count: train, validation_count: validation, test_count: test };
}

export async function removeShards(files: Files, id: string): Promise<void> {
  for (const key of await files.list(folderOf(id))) if (isBuildFile(id, key)) await files.delete(key);
}

/** Sums up what the shards counted; golden sets that join are read here. */
async function readSummaries(
  { files, settings, store }: AssembleDeps,
  dataset: Dataset,
  shards: number,
): Promise<ShardSummary> {
  const total = emptySummary();
  const parts = [];
  for (let shard = 0; shard < shards; shard++)
    parts.push(await readJson<ShardSummary>(files, shardKeys(dataset.id, shard).summary));
  const golden = includedExamples(files, store, dataset);
  if (golden !== undefined) {
    const keys = shardKeys(dataset.id, "golden");
    parts.push(await writeShard(files, settings.splitKey, keys, golden.summary, golden.examples));
  }
  for (const part of parts) {
    if (part === undefined) throw new Error("A shard of the build is missing.");
    total.read += part.read;
    total.kept += part.kept;
    for (const [reason, times] of Object.entries(part.dropped)) add(total.dropped, reason, times);
    for (const [reason, times] of Object.entries(part.warnings)) add(total.warnings, reason, times);
  }
  return total;
}

/** Examples of the golden datasets named in the recipe: what they train and validate on, never their test side. */
function includedExamples(files: Files, store: DatasetStore, dataset: Dataset) {
  const ids = dataset.recipe.include_golden ?? [];
  if (ids.length === 0) return undefined;
  const summary = emptySummary();
  async function* examples(): AsyncGenerator<ScoredExample[]> {
    for (const id of ids) {
      const golden = await store.read(dataset.agent_id, id);
      for (const side of ["train", "validation"] as const) {
        const file = golden?.files?.[side];
        if (file !== undefined) yield* goldenExamples(files, file.key, summary);
      }
    }
  }
  return { summary, examples: examples() };
}

async function readIndexes(files: Files, dataset: Dataset, shards: number) {
  const parts: (number | "golden")[] = Array.from({ length: shards }, (_, shard) => shard);
  if ((dataset.recipe.include_golden ?? []).length > 0) parts.push("golden");
  const sources: LineSource[] = [];
  for (const part of parts) {
    const keys = shardKeys(dataset.id, part);
    const bytes = (await files.stat(keys.index))?.bytes ?? 0;
    sources.push({ key: keys.lines, lines: CandidateTable.lengthOf(bytes) });
  }
  const table = new CandidateTable(sources.reduce((sum, source) => sum + source.lines, 0));
  let at = 0;
  for (const part of parts) {
    for await (const piece of files.read(shardKeys(dataset.id, part).index)) {
      table.bytes.set(piece, at);
      at += piece.length;
    }
  }
  if (at !== table.bytes.length) throw new Error("An index of the build is not whole.");
  return { table, sources };
}

async function writeSides(
  files: Files,
  dataset: Dataset,
  table: CandidateTable,
  merged: Merged,
  sources: readonly LineSource[],
) {
  const counts = merged.counts;
  const hashes = new LineHashes(counts.train + counts.validation + counts.test);
  const written: NonNullable<Dataset["files"]> = {};
  const groups: Partial<Record<Split, string>> = {};
  for (const side of sidesOf(merged)) {
    const key = splitFileKey(dataset, side);
    const file = await files.write(key, linesOfSide(files, table, merged, sources, side, hashes));
    written[side] = { ...file, path: files.locate(key), lines: counts[side] };
    groups[side] = groupFileKey(dataset.id, side);
    await files.write(groupFileKey(dataset.id, side), keysOfSide(table, merged, side));
  }
  return { files: written, groups, contentHash: await hashes.digest() };
}
