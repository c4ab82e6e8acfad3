import type { Settings } from "../../config/settings.ts";
import type { Files } from "../../files/files.ts";
import { type Clock, toIso } from "../../kernel/clock.ts";
import { defined, without } from "../../kernel/defined.ts";
import { bare, type Ledger, type Stored } from "../../ledger/ledger.ts";
import type { PolicyOf } from "../../redaction/policy.ts";
import { freeMemory } from "../common/free-memory.ts";
import { goldenPolicy } from "../common/golden-policy.ts";
import { Stopwatch } from "../common/stopwatch.ts";
import type { Dataset, DatasetLine, ReadyDataset, Split } from "../contract.ts";
import { NEAR_DUPLICATES } from "../line/near.ts";
import { goldenLines } from "../shards/build-shard.ts";
import type { Candidates } from "../shards/candidates.ts";
import {
  folderOf,
  groupFileKey,
  isBuildFile,
  lineGroupFileKey,
  shardKeys,
  splitFileKey,
} from "../shards/file-keys.ts";
import { formatOf } from "../shards/line-of-episode.ts";
import { createMeasure } from "../shards/measure.ts";
import {
  add,
  emptySummary,
  type KeptLine,
  readJson,
  type ShardSummary,
  writeShard,
} from "../shards/shard-file.ts";
import { candidatesOf, indexLengths } from "../shards/shard-index.ts";
import { readTokenCache, saveTokenCache, tokenCacheKey } from "../shards/token-cache.ts";
import type { DatasetStore } from "../store.ts";
import { encodingOf } from "../tokens/tokens.ts";
import { emptyReason } from "./empty-reason.ts";
import { figuresOf } from "./figures.ts";
import { reservedAmong } from "./leakage.ts";
import { type LeaksAndEdges, type LeaksAndEdgesInput, writeLeaksAndEdges } from "./leaks-and-edges.ts";
import { type Merged, merge } from "./merge.ts";
import { pairLines } from "./pairs.ts";
import { type ReservedKeys, reservedKeys } from "./reserved.ts";
import { FATES } from "./select.ts";
import {
  groupsOfSide,
  hashOfContent,
  keysOfSide,
  type LineSource,
  linesOfSide,
  sidesOf,
} from "./side-files.ts";
import { splitKeyMark } from "./split.ts";

export interface AssembleDeps {
  readonly ledger: Ledger;
  readonly store: DatasetStore;
  readonly files: Files;
  readonly settings: Pick<Settings, "splitKey" | "baseModel" | "redactSecrets">;
  readonly clock: Clock;
  readonly policyOf?: PolicyOf | undefined;
  /** Notes on another thread; without it, on this one. */
  readonly writeLeaksAndEdges?: ((input: LeaksAndEdgesInput) => Promise<LeaksAndEdges>) | undefined;
}

export type Assembled =
  | { kind: "ready"; training_count: number; validation_count: number; test_count: number }
  | { kind: "rejected"; code: string; message: string };

/** Share of near-duplicates from which a person had better look. */
const MANY_NEAR = 0.2;

type Part = number | "golden" | "pairs";

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
  const { recipe } = dataset;
  if (recipe.split_key !== splitKeyMark(settings.splitKey))
    return {
      kind: "rejected",
      code: "split_key_changed",
      message: "LIGHTNING_SPLIT_KEY was changed since this build began. Ask for the dataset again.",
    };
  const stages = new Stopwatch();
  const reserved = await stages.wait("gather", () => reservedKeys(deps, dataset));
  const { total, parts, episodes, redactedBy } = await stages.wait("gather", () =>
    gather(deps, dataset, shards, stages, reserved),
  );
  const threshold = recipe.near_duplicates ?? NEAR_DUPLICATES;
  const { candidates, sources, indexes, origins } = await stages.wait("gather", () =>
    readShards(files, dataset, parts),
  );
  const sharing = {
    splitKey: settings.splitKey,
    trainSplit: recipe.train_split,
    testSplit: recipe.test_split,
    maxExamples: recipe.max_examples,
    nearDuplicates: threshold,
    cap: recipe.cap,
    minPerTool: recipe.min_per_tool,
    testAfter: recipe.test_after === undefined ? undefined : Date.parse(recipe.test_after),
    reserved,
  };
  const merged = await merge(candidates, sharing, stages);
  for (const fate of FATES)
    if (fate !== "kept" && merged.counts[fate] > 0) add(total.dropped, fate, merged.counts[fate]);
  const nearly = merged.counts.near_duplicate;
  // Loud: a set that loses as much may be a template whose examples a person would tell apart.
  if (nearly > MANY_NEAR * candidates.length) add(total.warnings, "many_near_duplicates", nearly);
  if (sidesOf(merged).length === 0)
    return { kind: "rejected", code: "dataset_empty", message: emptyReason(recipe, total) };

  const { encoding } = encodingOf(settings.baseModel);
  if ((total.counted ?? 0) > 0)
    await stages.wait("keep_tokens", () =>
      saveTokenCache(files, tokenCacheKey(dataset.agent_id, encoding), candidates),
    );
  const contentHash = await stages.wait("content_hash", () => hashOfContent(candidates, merged));
  // Beside the files, on another core where there is one.
  const noting = deps.writeLeaksAndEdges ?? ((input) => writeLeaksAndEdges(deps, input));
  const { id, agent_id, created_at } = dataset;
  const [written, noted] = await bothOrNone(
    writeSides(deps, dataset, candidates, merged, sources, stages),
    noting({
      dataset: { id, agent_id, created_at },
      indexes,
      origins,
      length: candidates.length,
      // Not the groups: another thread would be sent them for nothing.
      merged: without(merged, "group"),
      threshold,
    }),
  );
  freeMemory(merged.group);
  stages.add(noted.seconds);
  const figures = await figuresOf(candidates, merged, noted.tools, encoding);
  const first = await store.firstWithContent(dataset.agent_id, contentHash);
  const ready: ReadyDataset = defined({
    ...without(bare(dataset), "status", "error", "error_code", "files", "training_count", "completed_at"),
    status: "ready" as const,
    content_hash: contentHash,
    same_as: first === undefined || first.id === dataset.id ? undefined : first.id,
    training_count: merged.sideCounts.train,
    validation_count: merged.sideCounts.validation,
    test_count: merged.sideCounts.test,
    episode_count: episodes,
    dropped: total.dropped,
    warnings: { ...dataset.warnings, ...total.warnings },
    tokens_counted: total.counted ?? 0,
    group_counts: { ...merged.groups, largest: merged.largestGroup },
    clusters: { found: merged.clusters, largest: merged.largestCluster },
    near_duplicates:
      nearly === 0
        ? undefined
        : defined({
            left_out: nearly,
            of: candidates.length,
            example: noted.near,
          }),
    leakage: {
      shared_groups: noted.shared.groups,
      shared_examples: noted.shared.contents,
      near_pairs: noted.nearPairs,
      reserved_examples: await reservedAmong(candidates, merged, reserved),
      near_duplicates_from: threshold,
    },
    lineage: noted.lineage,
    ...figures,
    seconds: stages.seconds,
    files: written.files,
    groups: written.groups,
    line_groups: written.lineGroups,
    completed_at: toIso(deps.clock.now()),
  });
  // Last of all: a re-scan by newer rules looks at no dataset that is not ready.
  const policy = await goldenPolicy(settings, dataset.agent_id, deps.policyOf);
  if (policy !== undefined && [...redactedBy].some((version) => version !== policy.version))
    return {
      kind: "rejected",
      code: "redaction_changed",
      message: "The agent's redaction rules were changed since this build began. Ask for the dataset again.",
    };
  await store.replace(dataset, ready);
  await removeShards(files, dataset.id);
  const { train, validation, test } = merged.sideCounts;
  return { kind: "ready", training_count: train, validation_count: validation, test_count: test };
}

/** Waits for both: when one fails, the other is not left running. */
async function bothOrNone<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return await Promise.all([one, other]);
}

export async function removeShards(files: Files, id: string): Promise<void> {
  for (const key of await files.list(folderOf(id))) if (isBuildFile(id, key)) await files.delete(key);
}

/** Sums up what the shards counted; golden sets that join are read here, and pairs are made of single examples. */
async function gather(
  deps: AssembleDeps,
  dataset: Dataset,
  shards: number,
  stages: Stopwatch,
  reserved: ReservedKeys | undefined,
) {
  const { files, settings } = deps;
  const total = emptySummary();
  const redactedBy = new Set<string>();
  const parts: Part[] = Array.from({ length: shards }, (_, shard) => shard);
  const count = (of: ShardSummary | undefined) => {
    if (of === undefined) throw new Error("A shard of the build is missing.");
    total.read += of.read;
    total.kept += of.kept;
    for (const [reason, times] of Object.entries(of.dropped)) add(total.dropped, reason, times);
    for (const [reason, times] of Object.entries(of.warnings)) add(total.warnings, reason, times);
    if (of.counted !== undefined) total.counted = (total.counted ?? 0) + of.counted;
    if (of.redaction_version !== undefined) redactedBy.add(of.redaction_version);
    if (of.seconds !== undefined) stages.add(of.seconds);
  };
  // What was left out of a golden file when it was read.
  for (const [reason, times] of Object.entries(dataset.dropped ?? {})) add(total.dropped, reason, times);
  for (const shard of parts) count(await readJson<ShardSummary>(files, shardKeys(dataset.id, shard).summary));
  // Before the lines of golden sets, and the pairs made of single examples, are counted beside them.
  const episodes = dataset.recipe.kind === "golden" ? undefined : total.read;
  const format = formatOf(dataset.recipe);
  const hasPairs = format === "dpo" && dataset.recipe.kind !== "golden";
  if (!hasPairs && (dataset.recipe.include_golden ?? []).length === 0)
    return { total, parts, episodes, redactedBy };
  // Only now: the vocabulary takes memory that the merge's tables want.
  const { encoding } = encodingOf(settings.baseModel);
  const memory = tokenCacheKey(dataset.agent_id, encoding);
  const earlier = await readTokenCache(files, memory);
  const measure = await createMeasure(encoding, new Stopwatch(), earlier, () => {
    total.counted = (total.counted ?? 0) + 1;
  });
  const golden = await includedLines(deps, dataset, measure);
  if (golden !== undefined) {
    const keys = shardKeys(dataset.id, "golden");
    count(await writeShard(files, settings.splitKey, keys, golden.summary, golden.lines));
    parts.push("golden");
  }
  if (!hasPairs) return { total, parts, episodes, redactedBy };
  const { candidates } = await readShards(files, dataset, parts);
  // The index of the pairs will not hold what they are made of.
  if ((total.counted ?? 0) > 0) await saveTokenCache(files, memory, candidates);
  const summary = emptySummary();
  const sources = parts.map((part) => shardKeys(dataset.id, part));
  const pairs = pairLines(files, dataset, candidates, sources, summary, measure, reserved);
  count(await writeShard(files, settings.splitKey, shardKeys(dataset.id, "pairs"), summary, pairs));
  return { total, parts: ["pairs"] as Part[], episodes, redactedBy };
}

/** Lines of the golden datasets named in the recipe: what they train and validate on, never their test side. */
async function includedLines(
  { files, store, settings, policyOf }: AssembleDeps,
  dataset: Dataset,
  measure: (line: DatasetLine) => { contentHash: string; tokens: number },
) {
  const ids = dataset.recipe.include_golden ?? [];
  if (ids.length === 0) return undefined;
  const summary = emptySummary();
  const policy = await goldenPolicy(settings, dataset.agent_id, policyOf);
  if (policy !== undefined) summary.redaction_version = policy.version;
  async function* all(): AsyncGenerator<KeptLine[]> {
    for (const id of ids) {
      const golden = await store.read(dataset.agent_id, id);
      for (const side of ["train", "validation"] as const) {
        const file = golden?.files?.[side];
        if (file !== undefined)
          yield* goldenLines({ files, settings, policy }, file.key, dataset, summary, measure, {
            id,
            groupFile: golden?.line_groups?.[side],
          });
      }
    }
  }
  return { summary, lines: all() };
}

async function readShards(files: Files, dataset: Dataset, parts: readonly Part[]) {
  const keys = parts.map((part) => shardKeys(dataset.id, part));
  const indexes = keys.map((key) => key.index);
  const lengths = await indexLengths(files, indexes);
  const length = lengths.reduce((sum, one) => sum + one, 0);
  return {
    candidates: candidatesOf(files, indexes, length),
    sources: keys.map(
      (key, i): LineSource => ({ key: key.lines, lines: candidatesOf(files, [key.index], lengths[i] ?? 0) }),
    ),
    indexes,
    origins: keys.map((key) => key.origins),
  };
}

async function writeSides(
  { files }: AssembleDeps,
  dataset: Dataset,
  candidates: Candidates,
  merged: Merged,
  sources: readonly LineSource[],
  stages: Stopwatch,
) {
  const counts = merged.sideCounts;
  const written: NonNullable<Dataset["files"]> = {};
  const groups: Partial<Record<Split, string>> = {};
  const lineGroups: Partial<Record<Split, string>> = {};
  for (const side of sidesOf(merged)) {
    const key = splitFileKey(dataset, side);
    const bytes = linesOfSide(files, merged, sources, side);
    const content = dataset.recipe.bom === true ? marked(bytes) : bytes;
    const file = await stages.wait("write", () => files.write(key, content));
    written[side] = { ...file, path: files.locate(key), lines: counts[side] };
    const own = groupFileKey(dataset.id, side);
    groups[side] = own;
    await stages.wait("group_files", () => files.write(own, keysOfSide(candidates, merged, side)));
    const byLine = lineGroupFileKey(dataset.id, side);
    lineGroups[side] = byLine;
    await stages.wait("group_files", () => files.write(byLine, groupsOfSide(merged, side)));
  }
  return { files: written, groups, lineGroups };
}

async function* marked(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield Uint8Array.of(0xef, 0xbb, 0xbf);
  yield* content;
}
