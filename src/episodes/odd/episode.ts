import { contentText, readMessages, toolsOf } from "./chat.ts";
import { otherUsage, usageOf } from "./usage.ts";
import { isEmpty, isGiven, type Json, parsedText, present, record, text, textOrJson } from "./values.ts";

/** Names and ids that senders hold as numbers, too. */
const IDS = ["correlation_id", "response_id", "trace_id", "span_id", "session_id", "user_id"] as const;
/** What was asked and answered where nothing says it in words: an image alone, a call alone. */
const NO_WORDS = "(empty)";

/**
 * An episode as clients dump it, made what the schema holds: null is absent, ids are made, arguments are text, numbers
 * as ids are text; what was asked and answered is read from the messages where it stands there alone. What has no place
 * (tools that are no functions, counts of a provider's own, members of messages) is kept in the metadata: `other_tools`,
 * `usage_details`, `message_details`. What cannot be put right stays as it is, for the schema to refuse with its place.
 * Putting right what is right changes nothing.
 */
export function putRight(given: Json): Record<string, unknown> {
  const episode = present(given);
  const kept: Record<string, unknown> = {};
  if (given.assistant_output === null) episode.assistant_output = "";
  for (const field of IDS)
    if (typeof episode[field] === "number") episode[field] = String(episode[field]);
    else if (episode[field] === "") delete episode[field];
  for (const field of ["user_input", "assistant_output", "system_prompt"])
    if (isParts(episode[field])) episode[field] = contentText(episode[field]);
  if (Array.isArray(episode.messages)) {
    const { messages, others } = readMessages(episode.messages);
    episode.messages = messages;
    if (others.length > 0) kept.message_details = others;
    if (messages.length > 0) sayInWords(episode, messages);
  }
  if (Array.isArray(episode.tools)) {
    const { tools, others } = toolsOf(episode.tools);
    episode.tools = tools;
    if (others.length > 0) kept.other_tools = others;
  }
  if (Array.isArray(episode.tool_calls))
    episode.tool_calls = episode.tool_calls.filter(isGiven).map(toolCallOf);
  if (isGiven(episode.token_usage) && !Array.isArray(episode.token_usage)) {
    const others = otherUsage(episode.token_usage);
    if (others !== undefined) kept.usage_details = others;
    if (typeof episode.token_usage === "object") episode.token_usage = usageOf(episode.token_usage);
    if (episode.token_usage === undefined) delete episode.token_usage;
  }
  // What the sender says by these names goes first.
  if (!isEmpty(kept)) episode.metadata = { ...kept, ...record(episode.metadata) };
  return episode;
}

const isParts = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((part) => text(record(part).type) !== undefined);

/** The question and the answer as text, from the messages that hold them. */
function sayInWords(
  episode: Record<string, unknown>,
  messages: readonly { readonly role: string; readonly content?: unknown; readonly refusal?: unknown }[],
): void {
  if (!isGiven(episode.user_input) || episode.user_input === "") {
    const asked = messages.findLast(({ role }) => role === "user");
    episode.user_input = contentText(asked?.content) || NO_WORDS;
  }
  if (isGiven(episode.assistant_output)) return;
  const last = messages.at(-1);
  episode.assistant_output =
    last?.role === "assistant" ? contentText(last.content) || textOrJson(last.refusal) : "";
}

/** A call in an episode's own words; one in chat form is read as such. */
function toolCallOf(value: unknown): unknown {
  if (typeof value !== "object" || Array.isArray(value)) return value;
  const { id, duration_ms, error, ...raw } = record(value);
  const called = record(raw.function);
  const inChatForm = text(raw.tool_name) === undefined && text(called.name) !== undefined;
  return {
    ...(text(id) === undefined && typeof id !== "number" ? {} : { id: String(id) }),
    ...(inChatForm
      ? { tool_name: called.name, arguments: argumentsOf(called.arguments), ...resultOf(raw) }
      : raw),
    ...(isGiven(duration_ms) ? { duration_ms } : {}),
    ...(isGiven(error) ? { error: errorText(error) } : {}),
  };
}

const resultOf = (raw: Json) => ("result" in raw ? { result: raw.result } : {});
const errorText = (error: unknown): string => text(record(error).message) ?? textOrJson(error);

function argumentsOf(written: unknown): unknown {
  if (!isGiven(written) || written === "") return {};
  if (typeof written !== "string") return written;
  return parsedText(written) ?? written;
}
