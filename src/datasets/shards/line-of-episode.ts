import { capabilityOf } from "../../catalog/capabilities.ts";
import type { Episode } from "../../episodes/contract.ts";
import type { RedactionPolicy } from "../../redaction/policy.ts";
import { redact } from "../../redaction/redact.ts";
import type { Reward } from "../../rewards/contract.ts";
import type { Stopwatch } from "../common/stopwatch.ts";
import { type EncodedLine, encode, learnLastOnly } from "../line/encode.ts";
import { endingLeftOut } from "../line/ending.ts";
import { toExample } from "../line/example.ts";
import { failedCalls, unlearnFailed } from "../line/failed-calls.ts";
import { noLesson } from "../line/no-lesson.ts";
import { scoreOf } from "../line/score.ts";
import type { Format, Recipe } from "../recipe-contract.ts";
import { picturesIn } from "../validate/content-parts.ts";
import { faultsOf } from "../validate/line.ts";
import { templateWarnings } from "../validate/line-warnings.ts";

export const formatOf = (recipe: Recipe): Format => recipe.format ?? "sft";

export interface EpisodeLine extends EncodedLine {
  /**
   * What the line is kept in spite of: `derived_tool_definition`, a tool was called but never defined;
   * `failed_call…`, a call failed; `template:…`, open models' templates object.
   */
  readonly warnings: readonly string[];
}

/** Why an episode is left out by what stands on it, or its score. The cheap questions, before its rewards are read. */
export function chosen(episode: Episode, recipe: Recipe): number | string {
  const score = scoreOf(episode, recipe.sources);
  if (episode.redaction?.withheld === true) return "withheld";
  const isPaired = formatOf(recipe) === "dpo";
  const ending = endingLeftOut(episode, recipe.include_endings);
  // A correction of it may still be the better of a pair, so those who want pairs look at its rewards first.
  if (ending !== undefined && (score === undefined || !isPaired)) return ending;
  if (score === undefined) return "no_reward";
  if (episode.reward_vetoed === true) return "vetoed";
  // A preference needs the bad answer too.
  if (!isPaired && score < (recipe.min_reward ?? -1)) return "below_reward";
  if (recipe.tools !== undefined && !recipe.tools.some((tool) => episode.tool_names.includes(tool)))
    return "other_tool";
  if (recipe.models !== undefined && !recipe.models.includes(episode.model_deployment ?? ""))
    return "other_model";
  return score;
}

/** Whether the episode or one of its rewards carries a wanted tag. */
export function isTagged(
  episode: Episode,
  rewards: readonly Reward[],
  wanted: readonly string[] | undefined,
): boolean {
  if (wanted === undefined) return true;
  const tags = [episode.metadata.tags, ...rewards.map((reward) => reward.metadata.tags)].flat();
  return wanted.some((tag) => tags.includes(tag));
}

/** The episode's line in the recipe's format, or the reason why it is left out. */
export function lineOf(
  episode: Episode,
  recipe: Recipe,
  unresolved: Unresolved,
  stages: Stopwatch,
): EpisodeLine | string {
  const format = formatOf(recipe);
  const { example, derivedTools, failed } = stages.time("convert", () => {
    const made = toExample(episode, {
      includeTools: recipe.include_tools,
      systemPrompt: recipe.system_prompt,
    });
    const failedIds = failedCalls(made.example.messages, episode.tool_calls);
    // Pairs weigh nothing, and of plain chat no trainer reads a weight: there it can only be said.
    const isWeighed = failedIds.size > 0 && (format === "sft" || format === "rft");
    const { messages } = made.example;
    return {
      derivedTools: made.derivedTools,
      example: isWeighed ? { ...made.example, messages: unlearnFailed(messages, failedIds) } : made.example,
      failed: failedIds.size === 0 ? [] : [isWeighed ? "failed_call_not_learnt" : "failed_call_kept"],
    };
  });
  const reason = noLesson(episode, example, recipe);
  if (reason !== undefined) return reason;
  const fault = stages.time("validate", () => faultsOf(example)[0]);
  if (fault !== undefined) return `invalid:${fault.rule}`;
  if (isNotForPictures(recipe.for_model) && picturesIn(example.messages) > 0) return "images_not_taken";
  if (unresolved(episode.redaction?.version, example)) return "unresolved_redaction";
  // A line for reinforcement has no weights: its references are all the calls that did not fail.
  const learnt = recipe.learn === "last" && format !== "rft" ? learnLastOnly(example) : example;
  const encoded = stages.time("convert", () => encode(format, learnt, episode));
  if (typeof encoded === "string") return `invalid:${encoded}`;
  const warnings = [
    ...failed,
    ...(derivedTools.length > 0 ? ["derived_tool_definition"] : []),
    ...(format === "chat" ? templateWarnings(learnt.messages).map((one) => `template:${one}`) : []),
  ];
  return { ...encoded, warnings };
}

/** Whether the base model is one that is not trained on pictures. */
const isNotForPictures = (model: string | undefined): boolean =>
  model !== undefined && !capabilityOf("azure", model).images;

/** Whether today's rules still find something in a line of content that was redacted by rules of this version, or by none. */
export type Unresolved = (redactedBy: string | undefined, line: unknown) => boolean;

/**
 * Only asked of content that was redacted by other rules than today's, or by none; what was found and replaced then is
 * found no more. A recipe's own system prompt is in every line and of no version: it is looked at once.
 */
export function createUnresolved(policy: RedactionPolicy, systemPrompt: string | undefined): Unresolved {
  const holds = (value: unknown) => Object.keys(redact(value, policy).counts).length > 0;
  const isInPrompt = systemPrompt !== undefined && holds(systemPrompt);
  return (redactedBy, line) => isInPrompt || (redactedBy !== policy.version && holds(line));
}

/** What an example is counted by against its cap. */
export function stratumOf(episode: Episode, recipe: Recipe): string | undefined {
  if (recipe.cap === undefined) return undefined;
  const by = {
    tool: episode.tool_names[0] ?? "no tool",
    model: episode.model_deployment ?? "no model",
    session: episode.session_id ?? episode.id,
    source: episode.reward_sources?.join("+") ?? "no source",
  };
  return by[recipe.cap_by ?? "tool"];
}
