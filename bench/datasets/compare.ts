import { round } from "./watch.ts";

/** Stopwatch that only the assembly has; all others are summed up by the shards. */
const ASSEMBLY = [
  "gather",
  "select",
  "sides",
  "keep_tokens",
  "content_hash",
  "write",
  "group_files",
  "leakage",
  "lineage",
];
/** Of the shards' stages those that are DuckDB's work too: filter, join, conversion, split, and reading and writing for them. */
const SHARED = ["read", "filter", "join", "convert", "split", "shard_files"];
/** The same of the assembly's. */
const SHARED_ASSEMBLY = ["gather", "sides", "write"];

/** Wall time, and processor time over all threads. */
export interface Taken {
  readonly seconds: number;
  readonly cpu_seconds: number;
}

export interface Built extends Taken {
  readonly phases: Readonly<Record<string, number>>;
  readonly stage_seconds: Readonly<Record<string, number>>;
}

/**
 * The wall time that our build spends on what DuckDB does too. Shards run on several threads, whose stages are sums:
 * of the shards' wall time they take the share that those stages have of all thread seconds. Planning counts whole.
 */
export function fourStages({ phases, stage_seconds: stages }: Built) {
  const sum = (names: readonly string[]) => names.reduce((total, name) => total + (stages[name] ?? 0), 0);
  const all = sum(Object.keys(stages).filter((name) => !ASSEMBLY.includes(name)));
  const share = all === 0 ? 1 : sum(SHARED) / all;
  return round((phases.plan ?? 0) + (phases.shards ?? 0) * share + sum(SHARED_ASSEMBLY));
}

/** Ours beside DuckDB, both of one run. Processor time is what a busy machine changes least. */
export function beside(ours: Built, duckdb: Taken) {
  const four = fourStages(ours);
  return {
    cpu_seconds_ratio: round(ours.cpu_seconds / duckdb.cpu_seconds),
    whole_build_ratio: round(ours.seconds / duckdb.seconds),
    four_stages_seconds: four,
    four_stages_ratio: round(four / duckdb.seconds),
    duckdb_seconds: duckdb.seconds,
  };
}
