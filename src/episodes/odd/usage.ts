import { count, present, record } from "./values.ts";

/** Tokens as a provider counted them. */
export interface TokenCounts {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly total_tokens?: number;
  /** Of the prompt's tokens, read from the provider's cache. */
  readonly cached_tokens?: number;
  /** Of the completion's tokens, spent on reasoning. */
  readonly reasoning_tokens?: number;
}

/** Counts under the names of the chat form, the Responses form or an episode's own; what is no count is absent. */
export function usageOf(value: unknown): TokenCounts | undefined {
  const raw = record(value);
  const prompts = record(raw.prompt_tokens_details ?? raw.input_tokens_details);
  const completions = record(raw.completion_tokens_details ?? raw.output_tokens_details);
  const counts = present({
    prompt_tokens: count(raw.prompt_tokens) ?? count(raw.input_tokens),
    completion_tokens: count(raw.completion_tokens) ?? count(raw.output_tokens),
    total_tokens: count(raw.total_tokens),
    cached_tokens: count(raw.cached_tokens) ?? count(prompts.cached_tokens),
    reasoning_tokens: count(raw.reasoning_tokens) ?? count(completions.reasoning_tokens),
  });
  return Object.keys(counts).length === 0 ? undefined : counts;
}

const NAMED_COUNTS = new Set([
  "prompt_tokens",
  "input_tokens",
  "completion_tokens",
  "output_tokens",
  "total_tokens",
  "cached_tokens",
  "reasoning_tokens",
]);
/** What a provider counts beside: details, and numbers that are no counts. */
export function otherUsage(value: unknown): Record<string, unknown> | undefined {
  const others = Object.entries(present(record(value))).filter(
    ([name, of]) => !NAMED_COUNTS.has(name) || count(of) === undefined,
  );
  return others.length === 0 ? undefined : Object.fromEntries(others);
}
