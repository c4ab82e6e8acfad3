import type { Settings } from "../config/settings.ts";
import type { Episode } from "../episodes/contract.ts";
import { type Files, lines } from "../files/files.ts";
import type { Dataset, Recipe, Shard } from "./contract.ts";
import { type ConvertedExample, toExample } from "./example.ts";
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

/** Golden lines between turns of the loop: each takes tens of microseconds. */
const LINES_AT_ONCE = 64;

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
): AsyncGenerator<ScoredExample[]> {
  const { recipe, watermark } = dataset;
  for await (const page of store.episodes(dataset.agent_id, inRange(dataset, shard))) {
    const batch: ScoredExample[] = [];
    for (const episode of page) {
      // Recorded after the request.
      if (episode.recorded_at > watermark.episodes) continue;
      summary.read++;
      const outcome = judge(episode, recipe);
      if (typeof outcome === "string") add(summary.dropped, outcome);
      else {
        if (outcome.derivedTools.length > 0) add(summary.warnings, "derived_tool_definition");
        const { example, score } = outcome;
        batch.push({ example, score, sessionKey: sessionKey(settings.splitKey, episode) });
      }
    }
    yield batch;
  }
}

/** The episode's line and score, or the reason why it is left out. */
function judge(episode: Episode, recipe: Recipe): (ConvertedExample & { score: number }) | string {
  const score = scoreOf(episode, recipe.sources);
  if (episode.redaction?.withheld === true) return "withheld";
  if (score === undefined) return "no_reward";
  if (episode.reward_vetoed === true) return "vetoed";
  if (score < (recipe.min_reward ?? -1)) return "below_reward";
  const converted = toExample(episode, {
    includeTools: recipe.include_tools,
    systemPrompt: recipe.system_prompt,
  });
  const fault = faultsOf(converted.example)[0];
  return fault === undefined ? { ...converted, score } : `invalid:${fault.rule}`;
}

/** Lines that were checked when they came in. */
export async function* goldenExamples(
  files: Files,
  key: string,
  summary: ShardSummary,
): AsyncGenerator<ScoredExample[]> {
  let batch: ScoredExample[] = [];
  for await (const line of lines(files.read(key))) {
    if (line === "") continue;
    summary.read++;
    const checked = checkExample(JSON.parse(line));
    if (checked.ok) batch.push({ example: checked.example, score: GOLDEN_SCORE });
    else add(summary.dropped, `invalid:${checked.faults[0]?.rule ?? "unknown"}`);
    if (batch.length < LINES_AT_ONCE) continue;
    yield batch;
    batch = [];
    await letOthersRun();
  }
  yield batch;
}
