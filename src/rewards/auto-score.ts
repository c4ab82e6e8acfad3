import { NAMELESS_WRITERS } from "../doors/writer.ts";
import type { Episode } from "../episodes/contract.ts";
import { isNoneOfTheModels } from "../episodes/endings.ts";
import { hashedId } from "../kernel/ids.ts";
import { canonicalName } from "../kernel/names.ts";
import type { Reward, RewardSource } from "./contract.ts";
import { costPenalty, evalValue, fraction, latencyPenalty, type RewardSettings } from "./rules.ts";

/**
 * What an episode says about itself, as rewards. Read besides `request_latency_ms`, `cost_usd`, `error` and the tool
 * calls' `error`:
 *
 * | metadata | reward |
 * |---|---|
 * | `eval_score: 0.8`, or `evaluation: {score, min?, max?, rubric?, evaluator?}` | `eval_score` by the evaluation rule |
 * | `test_passed: true`, or `test_results: [{name, passed}]` | `test_result` ±1, one for each name |
 * | `safety_flags: ["pii"]` (not empty), or `safety_passed: true` | `safety_check` -1 with the flags, or ±1 |
 *
 * Anything else under these names is ignored: metadata is the agent's own, and a strange value is no poison.
 * Where the caller, the network or the provider was at fault, or no answer came or was taken, neither the error nor the
 * time nor the cost judges the model (`isNoneOfTheModels`): only what its tools answered and what the agent says counts.
 * A scorer whose rule changes gets a new version; ids are made of episode, scorer and version, so that a redelivered
 * change finds its rewards already there.
 */
export type AutoEpisode = Pick<
  Episode,
  | "id"
  | "agent_id"
  | "metadata"
  | "tool_calls"
  | "request_latency_ms"
  | "cost_usd"
  | "error"
  | "error_by"
  | "ending"
> & { readonly assistant_output?: string | undefined };

interface Score {
  readonly scorer: string;
  readonly version: number;
  readonly source: RewardSource;
  readonly value: number;
  readonly raw_value?: number | undefined;
  readonly rubric?: string | undefined;
  readonly evaluator?: string | undefined;
  readonly metadata?: Reward["metadata"] | undefined;
}
type Scorer = (episode: AutoEpisode, settings: RewardSettings) => readonly Score[];

const isScore = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const shortText = (value: unknown): string | undefined =>
  typeof value === "string" ? canonicalName(value.slice(0, 200)) : undefined;

const latency: Scorer = (episode, settings) => {
  if (!isScore(episode.request_latency_ms)) return [];
  const value = latencyPenalty(episode.request_latency_ms, settings);
  return value === undefined
    ? []
    : [
        {
          scorer: "latency",
          version: 1,
          source: "latency_penalty",
          value,
          raw_value: episode.request_latency_ms,
        },
      ];
};

const cost: Scorer = (episode, settings) => {
  if (!isScore(episode.cost_usd)) return [];
  const value = costPenalty(episode.cost_usd, settings);
  return value === undefined
    ? []
    : [{ scorer: "cost", version: 1, source: "cost_penalty", value, raw_value: episode.cost_usd }];
};

const toolError: Scorer = (episode) => {
  const failing = [
    ...new Set(episode.tool_calls.filter((c) => c.error !== undefined).map((c) => c.tool_name)),
  ];
  if (failing.length === 0 && episode.error === undefined) return [];
  return [
    {
      scorer: "tool_error",
      version: 1,
      source: "test_result",
      value: -1,
      rubric: "no_error",
      metadata: { failing_tools: failing.slice(0, 20) },
    },
  ];
};

const evaluation: Scorer = ({ metadata }, settings) => {
  const given: Record<string, unknown> = isRecord(metadata.evaluation)
    ? metadata.evaluation
    : { score: metadata.eval_score };
  const { score, min = 0, max = 1 } = given;
  if (!isScore(score) || !isScore(min) || !isScore(max) || min >= max || score < min || score > max)
    return [];
  return [
    {
      scorer: "evaluation",
      version: 1,
      source: "eval_score",
      value: evalValue(fraction(score, min, max), settings.evalThreshold),
      raw_value: score,
      rubric: shortText(given.rubric),
      evaluator: shortText(given.evaluator),
    },
  ];
};

const tests: Scorer = ({ metadata }) => {
  const results = Array.isArray(metadata.test_results) ? metadata.test_results : [];
  const named = new Map<string, boolean>();
  for (const result of results.slice(0, 100)) {
    const name = isRecord(result) ? shortText(result.name) : undefined;
    if (name !== undefined && isRecord(result) && typeof result.passed === "boolean")
      named.set(name, (named.get(name) ?? true) && result.passed);
  }
  const scores: Score[] = [...named].map(([name, passed]) => ({
    scorer: `test:${name}`,
    version: 1,
    source: "test_result",
    value: passed ? 1 : -1,
    rubric: name,
    evaluator: "auto:test",
  }));
  if (typeof metadata.test_passed === "boolean")
    scores.push({ scorer: "test", version: 1, source: "test_result", value: metadata.test_passed ? 1 : -1 });
  return scores;
};

const safety: Scorer = ({ metadata }) => {
  const flags = (Array.isArray(metadata.safety_flags) ? metadata.safety_flags : [])
    .filter((flag) => typeof flag === "string" && flag !== "")
    .slice(0, 50);
  const passed = flags.length > 0 ? false : metadata.safety_passed;
  if (typeof passed !== "boolean") return [];
  const severity = shortText(metadata.safety_severity);
  return [
    {
      scorer: "safety",
      version: 1,
      source: "safety_check",
      value: passed ? 1 : -1,
      metadata: {
        ...(flags.length === 0 ? {} : { flags }),
        ...(severity === undefined ? {} : { severity }),
      },
    },
  ];
};

/** The original's order, then what it had no writer for. */
const SCORERS: readonly Scorer[] = [latency, evaluation, tests, safety, cost, toolError];

/** The rewards an episode brings with it: the same episode always gives the same ids. */
export function autoScore(episode: AutoEpisode, settings: RewardSettings, now: string): Reward[] {
  const judged = isNoneOfTheModels(episode)
    ? { ...episode, error: undefined, request_latency_ms: undefined, cost_usd: undefined }
    : episode;
  return SCORERS.flatMap((score) => score(judged, settings)).map((score) => ({
    id: hashedId("rew", { episode_id: episode.id, scorer: score.scorer, version: score.version }),
    agent_id: episode.agent_id,
    episode_id: episode.id,
    source: score.source,
    value: score.value,
    ...(score.raw_value === undefined ? {} : { raw_value: score.raw_value }),
    ...(score.rubric === undefined ? {} : { rubric: score.rubric }),
    evaluator: score.evaluator ?? `auto:${score.scorer}`,
    writer: NAMELESS_WRITERS.auto,
    metadata: { ...score.metadata, scorer: score.scorer, scorer_version: score.version },
    created_at: now,
  }));
}
