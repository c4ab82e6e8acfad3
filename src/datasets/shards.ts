import type { Settings } from "../config/settings.ts";
import { type Files, lines } from "../files/files.ts";
import type { Dataset, Shard } from "./contract.ts";
import { toExample } from "./example.ts";
import { planKey, shardKeys, sourceFileKey } from "./keys.ts";
import { sessionKey } from "./normalise.ts";
import { letOthersRun } from "./pause.ts";
import { planEpisodeShards } from "./plan.ts";
import { GOLDEN_SCORE, scoreOf } from "./score.ts";
import {
  add,
  emptySummary,
  readJson,
  type ScoredExample,
  type ShardSummary,
  writeJson,
  writeShard,
} from "./shard-file.ts";
import { type DatasetStore, inRange } from "./store.ts";
import { checkExample, faultsOf } from "./validate.ts";

/** Conversions between pauses: each takes tens of microseconds. */
const EXAMPLES_PER_PAUSE = 64;

export interface ShardDeps {
  readonly store: DatasetStore;
  readonly files: Files;
  readonly settings: Pick<Settings, "splitKey">;
}

/** Answers the ranges to be read. The plan is kept, so that planning again while episodes arrive answers the same. */
export async function planShards(deps: ShardDeps, dataset: Dataset): Promise<Shard[]> {
  const kept = await readJson<Shard[]>(deps.files, planKey(dataset.id));
  if (kept !== undefined) return kept;
  const shards =
    dataset.recipe.kind === "golden" ? [{ index: 0 }] : await planEpisodeShards(deps.store, dataset);
  await writeJson(deps.files, planKey(dataset.id), shards);
  return shards;
}

/** Reads one range and keeps what is good enough and valid, as lines and an index. A finished shard is not redone. */
export async function buildShard(deps: ShardDeps, dataset: Dataset, shard: Shard): Promise<ShardSummary> {
  const keys = shardKeys(dataset.id, shard.index);
  const done = await readJson<ShardSummary>(deps.files, keys.summary);
  if (done !== undefined) return done;
  const summary = emptySummary();
  const examples =
    dataset.recipe.kind === "golden"
      ? goldenExamples(deps.files, sourceFileKey(dataset.id), summary)
      : episodeExamples(deps, dataset, shard, summary);
  return await writeShard(deps.files, deps.settings.splitKey, keys, summary, examples);
}

async function* episodeExamples(
  { store, settings }: ShardDeps,
  dataset: Dataset,
  shard: Shard,
  summary: ShardSummary,
): AsyncGenerator<ScoredExample> {
  const { recipe, watermark } = dataset;
  for await (const episode of store.episodes(dataset.agent_id, inRange(dataset, shard))) {
    if (episode.recorded_at > watermark.episodes) continue;
    if (summary.read++ % EXAMPLES_PER_PAUSE === EXAMPLES_PER_PAUSE - 1) await letOthersRun();
    const score = scoreOf(episode, recipe.sources);
    if (episode.redaction?.withheld === true) add(summary.dropped, "withheld");
    else if (score === undefined) add(summary.dropped, "no_reward");
    else if (episode.reward_vetoed === true) add(summary.dropped, "vetoed");
    else if (score < (recipe.min_reward ?? -1)) add(summary.dropped, "below_reward");
    else {
      const { example, derivedTools } = toExample(episode, {
        includeTools: recipe.include_tools,
        systemPrompt: recipe.system_prompt,
      });
      const fault = faultsOf(example)[0];
      if (fault !== undefined) {
        add(summary.dropped, `invalid:${fault.rule}`);
        continue;
      }
      if (derivedTools.length > 0) add(summary.warnings, "derived_tool_definition");
      yield { example, score, sessionKey: sessionKey(settings.splitKey, episode) };
    }
  }
}

/** Lines that were checked when they came in. */
export async function* goldenExamples(
  files: Files,
  key: string,
  summary: ShardSummary,
): AsyncGenerator<ScoredExample> {
  for await (const line of lines(files.read(key))) {
    if (line === "") continue;
    if (summary.read++ % EXAMPLES_PER_PAUSE === EXAMPLES_PER_PAUSE - 1) await letOthersRun();
    const checked = checkExample(JSON.parse(line));
    if (checked.ok) yield { example: checked.example, score: GOLDEN_SCORE };
    else add(summary.dropped, `invalid:${checked.faults[0]?.rule ?? "unknown"}`);
  }
}
