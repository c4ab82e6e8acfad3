import type { Settings } from "../config/settings.ts";
import { type Files, lines } from "../files/files.ts";
import type { Dataset, Shard } from "./contract.ts";
import { toExample } from "./example.ts";
import { planKey, shardKeys, sourceFileKey } from "./keys.ts";
import { sessionKey } from "./normalise.ts";
import { letOthersRun } from "./pause.ts";
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
import { type DatasetStore, inRange, worthReading } from "./store.ts";
import { checkExample, faultsOf } from "./validate.ts";

/** Episodes in a shard: a second or so of work, so that a crash costs little. */
const SHARD_EPISODES = 2000;
/** A plan is a durable payload and stays under 16 KB: some 85 bytes a shard. */
const MOST_SHARDS = 128;
/** Conversions between pauses: each takes tens of microseconds. */
const EXAMPLES_PER_PAUSE = 64;

export interface ShardDeps {
  readonly store: DatasetStore;
  readonly files: Files;
  readonly settings: Pick<Settings, "splitKey">;
}

/** Episodes that no shard reads, counted when the plan is made. */
export interface Plan {
  readonly shards: readonly Shard[];
  readonly episodes: number;
  readonly dropped: Readonly<Record<string, number>>;
}

/**
 * Cuts the episodes worth reading into ranges of about equal size. The plan is kept: planning again while rewards
 * still arrive answers the same ranges.
 */
export async function planShards(deps: ShardDeps, dataset: Dataset): Promise<Plan> {
  const kept = await readJson<Plan>(deps.files, planKey(dataset.id));
  if (kept !== undefined) return kept;
  const plan = dataset.recipe.kind === "golden" ? goldenPlan : await planEpisodes(deps.store, dataset);
  await writeJson(deps.files, planKey(dataset.id), plan);
  return plan;
}

const goldenPlan: Plan = { shards: [{ index: 0 }], episodes: 0, dropped: {} };

async function planEpisodes(store: DatasetStore, dataset: Dataset): Promise<Plan> {
  const { agent_id: agent, recipe } = dataset;
  const all = inRange(dataset);
  const worth = [...all, ...worthReading(recipe)];
  const total = await store.countEpisodes(agent, worth);
  const size = Math.max(SHARD_EPISODES, Math.ceil(total / MOST_SHARDS));
  const shards: Shard[] = [];
  let from: string | undefined;
  let last: string | undefined;
  let inShard = 0;
  for await (const { created_at: at } of store.episodeTimes(agent, worth)) {
    if (inShard >= size && at !== last && shards.length < MOST_SHARDS - 1) {
      shards.push({ index: shards.length, ...(from === undefined ? {} : { from }), to: last });
      from = last;
      inShard = 0;
    }
    last = at;
    inShard++;
  }
  shards.push({ index: shards.length, ...(from === undefined ? {} : { from }) });

  const judged = recipe.sources === undefined ? "reward_avg" : "reward_count";
  const noReward = await store.countEpisodes(agent, [...all, { field: judged, op: "defined", value: false }]);
  const episodes = await store.countEpisodes(agent, all);
  const below = episodes - total - noReward;
  return {
    shards,
    episodes,
    dropped: {
      ...(noReward > 0 ? { no_reward: noReward } : {}),
      ...(below > 0 ? { [recipe.sources === undefined ? "below_reward" : "no_reward"]: below } : {}),
    },
  };
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
  const { recipe } = dataset;
  const where = [...inRange(dataset, shard), ...worthReading(recipe)];
  for await (const episode of store.episodes(dataset.agent_id, where)) {
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
