/**
 * How an answer ended: `finished` by the model itself; `cut` at a limit of tokens; `filtered` by the provider;
 * `unfinished` where it stops without an end; `unread` where nobody took it; `failed` where none came.
 */
export const ENDINGS = ["finished", "cut", "filtered", "unfinished", "unread", "failed"] as const;
export type EndingState = (typeof ENDINGS)[number];

/** Endings of answers that are not whole: datasets leave them out unless they are asked to take them. */
export const NOT_WHOLE = ["unfinished", "cut", "filtered", "unread"] as const satisfies EndingState[];
export type NotWhole = (typeof NOT_WHOLE)[number];

/** Whose fault it was that no answer came; of these only `model` judges the model. */
export const FAULTS_BY = ["caller", "network", "provider", "model"] as const;
export type FaultBy = (typeof FAULTS_BY)[number];

/** The words of OpenAI, Azure, Anthropic, Gemini, Mistral and vLLM, as clients and gateways pass them on. */
const REASONS: Readonly<Partial<Record<EndingState, string>>> = {
  finished: "stop tool_calls function_call tool_use end_turn stop_sequence eos eos_token completed",
  cut: "length max_tokens max_output_tokens max_completion_tokens model_length",
  filtered: "content_filter safety refusal recitation blocklist prohibited_content spii",
  unfinished: "incomplete in_progress queued cancelled abort aborted pause_turn",
  failed: "failed error",
};
const BY_REASON = new Map(
  ENDINGS.flatMap((ending) => (REASONS[ending]?.split(" ") ?? []).map((reason) => [reason, ending] as const)),
);

/** What a provider's finish reason says of the ending, in whichever case, with dashes or underlines; undefined: a word that is not known. */
export const endingOfReason = (reason: string): EndingState | undefined =>
  BY_REASON.get(reason.toLowerCase().replaceAll("-", "_"));

interface Ended {
  readonly ending?: EndingState | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * How an episode's answer ended; undefined: it does not say. Earlier versions left it in `metadata.finish_reason` and
 * `metadata.stream_aborted`, of which the reason is the later word.
 */
export function endedAs({ ending, metadata = {} }: Ended): EndingState | undefined {
  if (ending !== undefined) return ending;
  const { finish_reason: reason, stream_aborted: isAborted } = metadata;
  const told = typeof reason === "string" ? endingOfReason(reason) : undefined;
  return told ?? (isAborted === true ? "unfinished" : undefined);
}

interface Faulted extends Ended {
  readonly error?: string | undefined;
  readonly error_by?: FaultBy | undefined;
  readonly assistant_output?: string | undefined;
  readonly tool_calls: readonly unknown[];
}

/**
 * Whether the episode is no judgement of the model: caller, network or provider were at fault, nobody took the answer,
 * or none came and nobody says why. An error of unknown cause beside something that the model said or did is its own.
 */
export function isNoneOfTheModels(episode: Faulted): boolean {
  if (episode.error_by !== undefined) return episode.error_by !== "model";
  const ending = endedAs(episode);
  if (ending === "failed" || ending === "unread") return true;
  return episode.error !== undefined && episode.assistant_output === "" && episode.tool_calls.length === 0;
}
