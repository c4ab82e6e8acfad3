import type { Settings } from "../../config/settings.ts";
import type { Episode } from "../../episodes/contract.ts";
import { type Files, lines } from "../../files/files.ts";
import type { PolicyOf, RedactionPolicy } from "../../redaction/policy.ts";
import { STANDARD } from "../../redaction/redact.ts";
import type { Reward } from "../../rewards/contract.ts";
import { standingRewards } from "../../rewards/standing.ts";
import { goldenPolicy } from "../common/golden-policy.ts";
import { letOthersRun } from "../common/let-others-run.ts";
import { Stopwatch } from "../common/stopwatch.ts";
import type { Dataset, DatasetLine, Shard } from "../contract.ts";
import { isCorrected } from "../line/corrected.ts";
import { endingLeftOut } from "../line/ending.ts";
import { sessionKey, turnsOf } from "../line/normalise.ts";
import { GOLDEN_SCORE } from "../line/score.ts";
import { type DatasetStore, inRange } from "../store.ts";
import { type Encoding, encodingOf } from "../tokens/tokens.ts";
import { checkFormat } from "../validate/line.ts";
import { correctionLines } from "./corrections.ts";
import { planKey, SESSION_FIELD, shardKeys, sourceFileKey } from "./file-keys.ts";
import { chosen, createUnresolved, formatOf, isTagged, lineOf, stratumOf } from "./line-of-episode.ts";
import { createMeasure, LONGEST_EXAMPLE, type Measured } from "./measure.ts";
import { planEpisodeShards } from "./plan.ts";
import {
  add,
  emptySummary,
  type KeptLine,
  readJson,
  type ShardSummary,
  writeJson,
  writeShard,
} from "./shard-file.ts";
import { readTokenCache, type TokenCache, tokenCacheKey } from "./token-cache.ts";
import { withParts } from "./with-parts.ts";

/** Lines that are handed on together, in characters: those of episodes with pictures are long. */
const MOST_HELD = 8 * 1024 * 1024;
/** Golden lines between turns of the loop: each takes tens of microseconds. */
const LINES_AT_ONCE = 64;

export interface ShardDeps {
  readonly knownTokens: ReturnType<typeof tokenCaches>;
  readonly store: DatasetStore;
  readonly files: Files;
  readonly settings: Pick<Settings, "splitKey" | "baseModel" | "redactSecrets">;
  /** The redaction that holds for an agent; absent: the standard rules. */
  readonly policyOf?: PolicyOf | undefined;
}

/** Counts of earlier builds, read once for all shards of a build that one thread makes. */
export function tokenCaches(files: Files) {
  let held: { readonly id: string; readonly known: TokenCache } | undefined;
  return async (
    { id, agent_id }: Pick<Dataset, "id" | "agent_id">,
    encoding: Encoding,
  ): Promise<TokenCache> => {
    if (held?.id !== id) held = { id, known: await readTokenCache(files, tokenCacheKey(agent_id, encoding)) };
    return held.known;
  };
}

/** Answers the ranges to be read. The plan is kept, so that planning again while episodes arrive answers the same. */
export async function planShards(deps: ShardDeps, dataset: Dataset): Promise<Shard[]> {
  const kept = await readJson<Shard[]>(deps.files, planKey(dataset.id));
  if (kept !== undefined) return referring(kept);
  const shards =
    dataset.recipe.kind === "golden" ? [{ index: 0 }] : await planEpisodeShards(deps.store, dataset);
  await writeJson(deps.files, planKey(dataset.id), shards);
  return referring(shards);
}

/** A durable payload stays under 16 KB, some 85 bytes a shard: larger plans go by number, the ranges stay in the file. */
const MOST_RANGES = 100;
const referring = (shards: readonly Shard[]): Shard[] =>
  shards.length <= MOST_RANGES ? [...shards] : shards.map(({ index }) => ({ index }));

/** Reads one range and keeps what is good enough and valid, as lines and an index. A finished shard is not redone. */
export async function buildShard(deps: ShardDeps, dataset: Dataset, asked: Shard): Promise<ShardSummary> {
  const keys = shardKeys(dataset.id, asked.index);
  const done = await readJson<ShardSummary>(deps.files, keys.summary);
  if (done !== undefined) return done;
  const plan = await readJson<Shard[]>(deps.files, planKey(dataset.id));
  const shard = plan?.[asked.index] ?? asked;
  const summary = emptySummary();
  const stages = new Stopwatch();
  const { encoding } = encodingOf(deps.settings.baseModel);
  const earlier = await stages.wait("tokens", () => deps.knownTokens(dataset, encoding));
  const measure = await createMeasure(encoding, stages, earlier, () => {
    summary.counted = (summary.counted ?? 0) + 1;
  });
  const policy = await goldenPolicy(deps.settings, dataset.agent_id, deps.policyOf);
  if (policy !== undefined) summary.redaction_version = policy.version;
  const examples =
    dataset.recipe.kind === "golden"
      ? goldenLines({ ...deps, policy }, sourceFileKey(dataset.id), dataset, summary, measure)
      : episodeLines(deps, dataset, policy ?? STANDARD, shard, summary, measure, stages);
  return await writeShard(deps.files, deps.settings.splitKey, keys, summary, examples, stages);
}

async function* episodeLines(
  { store, files, settings }: ShardDeps,
  dataset: Dataset,
  policy: RedactionPolicy,
  shard: Shard,
  summary: ShardSummary,
  measure: (line: DatasetLine) => Measured,
  stages: Stopwatch,
): AsyncGenerator<KeptLine[]> {
  const { recipe, watermark } = dataset;
  const longest = recipe.max_tokens ?? LONGEST_EXAMPLE;
  const isPaired = formatOf(recipe) === "dpo";
  const options = {
    includeTools: recipe.include_tools,
    systemPrompt: recipe.system_prompt,
    includeEndings: recipe.include_endings,
  };
  const sessionKeyOf = sessionKeys(settings.splitKey);
  const whole = withParts(files, policy);
  const unresolved = createUnresolved(policy, recipe.system_prompt);
  const pages = store.episodes(dataset.agent_id, inRange(dataset, shard));
  for (;;) {
    const page = await stages.wait("read", () => pages.next());
    if (page.done === true) return;
    const wanted: { episode: Episode; score: number }[] = [];
    for (const episode of page.value) {
      // Recorded after the request.
      if (episode.recorded_at > watermark.episodes) continue;
      summary.read++;
      const score = stages.time("filter", () => chosen(episode, recipe));
      if (typeof score === "string") add(summary.dropped, score);
      else wanted.push({ episode, score });
    }
    const rewards = await stages.wait("join", () =>
      store.rewardsOf(
        dataset.agent_id,
        wanted.map(({ episode }) => episode.id),
      ),
    );
    let batch: KeptLine[] = [];
    let held = 0;
    for (const { episode: stored, score } of wanted) {
      if (held > MOST_HELD) {
        yield batch;
        [batch, held] = [[], 0];
      }
      const its = standingRewards(rewards.get(stored.id) ?? []);
      if (!isTagged(stored, its, recipe.tags)) {
        add(summary.dropped, "other_tag");
        continue;
      }
      // What a person corrected is no lesson as it was, only the worse of a pair.
      const isNoLesson = isCorrected(stored, its) && (!isPaired || score >= (recipe.min_reward ?? -1));
      if (isNoLesson) add(summary.dropped, "corrected");
      if (isNoLesson && !isPaired) continue;
      const episode = stored.parts === undefined ? stored : await stages.wait("parts", () => whole(stored));
      if (typeof episode === "string") {
        if (!isNoLesson) add(summary.dropped, episode);
        continue;
      }
      const judged =
        endingLeftOut(episode, recipe.include_endings) ?? lineOf(episode, recipe, unresolved, stages);
      const common = {
        sessionKey: stages.time("split", () => sessionKeyOf(episode)),
        stratum: stratumOf(episode, recipe),
        at: Date.parse(episode.created_at),
        origin: originOf(episode, its),
      };
      const keep = (line: DatasetLine, text: string, ofScore: number): boolean => {
        const measured = measure(line);
        if (measured.tokens > longest) add(summary.dropped, "over_long");
        else {
          batch.push({ ...common, ...measured, line, text, score: ofScore });
          held += text.length;
        }
        return measured.tokens <= longest;
      };
      if (isPaired && judged !== "unresolved_redaction") {
        const line = typeof judged === "string" ? undefined : judged.line;
        const leaveOut = (reason: string) => add(summary.dropped, reason);
        // A correction is a reward's, which does not say by which rules it was redacted.
        for (const pair of correctionLines(episode, line, its, options, leaveOut))
          if (unresolved(undefined, pair)) leaveOut("unresolved_redaction");
          else keep(pair, JSON.stringify(pair), GOLDEN_SCORE);
      }
      if (isNoLesson) continue;
      if (typeof judged === "string") add(summary.dropped, judged);
      else if (keep(judged.line, judged.text, score)) {
        for (const warning of judged.warnings) add(summary.warnings, warning);
        if (score < 0 && !isPaired) add(summary.warnings, "judged_below_zero");
      }
    }
    yield batch;
  }
}

/** Penalties are no judgement, but they belong to what is known of the episode. */
const originOf = (episode: Episode, rewards: readonly Reward[]): KeptLine["origin"] => [
  [episode.id],
  rewards.length < 2 ? rewards.map((reward) => reward.id) : rewards.map((reward) => reward.id).toSorted(),
  episode.tool_names,
];

/** Sessions whose keys are remembered: the turns of one stand near one another. */
const SESSIONS = 500;

function sessionKeys(splitKey: string): (episode: Episode) => string | undefined {
  const known = new Map<string, string | undefined>();
  return (episode) => {
    const of = episode.session_id;
    if (!of) return sessionKey(splitKey, episode);
    if (known.has(of)) return known.get(of);
    if (known.size >= SESSIONS) known.clear();
    const key = sessionKey(splitKey, episode);
    known.set(of, key);
    return key;
  };
}

/** A side of a built dataset whose lines go into another. */
interface Included {
  readonly id: string;
  /** The number of each line's group, one a line, which ties together what its sessions did; older datasets have none. */
  readonly groupFile: string | undefined;
}

/**
 * Lines that were checked when they came in; redaction is asked again, as its rules may have changed since.
 * @param policy undefined: lines may hold anything
 */
export async function* goldenLines(
  {
    files,
    settings: { splitKey },
    policy,
  }: Pick<ShardDeps, "files" | "settings"> & { readonly policy: RedactionPolicy | undefined },
  key: string,
  { recipe }: Pick<Dataset, "recipe">,
  summary: ShardSummary,
  measure: (line: DatasetLine) => Measured,
  included?: Included,
): AsyncGenerator<KeptLine[]> {
  const groups = included?.groupFile === undefined ? undefined : lines(files.read(included.groupFile));
  const longest = recipe.max_tokens ?? LONGEST_EXAMPLE;
  const unresolved = policy === undefined ? undefined : createUnresolved(policy, undefined);
  let batch: KeptLine[] = [];
  let number = 0;
  for await (const stored of lines(files.read(key))) {
    number++;
    if (stored === "") continue;
    summary.read++;
    const { [SESSION_FIELD]: session_id, ...value } = JSON.parse(stored) as Record<string, unknown>;
    const group: string | undefined = (await groups?.next())?.value ?? undefined;
    const tied = typeof session_id === "string" ? session_id : group && `${included?.id} ${group}`;
    const session = tied ? sessionKey(splitKey, { session_id: tied }) : undefined;
    const text = session_id === undefined ? stored : JSON.stringify(value);
    const checked = checkFormat(value, formatOf(recipe));
    if (!checked.ok) add(summary.dropped, `invalid:${checked.faults[0]?.rule ?? "unknown"}`);
    else if (unresolved?.(undefined, checked.line)) add(summary.dropped, "unresolved_redaction");
    else {
      const measured = measure(checked.line);
      if (measured.tokens > longest) add(summary.dropped, "over_long");
      else {
        const { messages, outputs } = turnsOf(checked.line);
        const called = [...messages, ...outputs].flatMap((turn) => turn.tool_calls ?? []);
        const tools = [...new Set(called.map((call) => call.function.name))];
        batch.push({
          ...measured,
          line: checked.line,
          text,
          score: GOLDEN_SCORE,
          origin: included === undefined ? [[], [], tools, number] : [[], [], tools],
          ...(session === undefined ? {} : { sessionKey: session }),
        });
      }
    }
    if (batch.length < LINES_AT_ONCE) continue;
    yield batch;
    batch = [];
    await letOthersRun();
  }
  yield batch;
}
