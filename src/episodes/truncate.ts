import type { MessageInput, ToolCallInput } from "../wire/types.ts";

/** The original's mark at the end of a text that was cut. */
export const TRUNCATION_MARK = "...[TRUNCATED]";
const LONGEST_PLACEHOLDER = 64;

/**
 * The text cut to `most` characters and marked, never inside a surrogate pair or a placeholder, and how many
 * characters went. A text that was cut before is left as it is, so that cutting twice changes nothing.
 */
export function truncateText(text: string, most: number): { text: string; cut: number } {
  if (text.length <= most) return { text, cut: 0 };
  if (text.length <= most + TRUNCATION_MARK.length && text.endsWith(TRUNCATION_MARK)) return { text, cut: 0 };
  const end = cutAt(text, most);
  return { text: text.slice(0, end) + TRUNCATION_MARK, cut: text.length - end };
}

/** The first `most` characters, fewer where they would end within a surrogate pair or a placeholder; without a mark. */
export const beginningOf = (text: string, most: number): string =>
  most <= 0 ? "" : text.length <= most ? text : text.slice(0, cutAt(text, most));

function cutAt(text: string, most: number): number {
  const open = text.lastIndexOf("[REDACTED", most - 1);
  if (open !== -1 && most - open < LONGEST_PLACEHOLDER) {
    const close = text.indexOf("]", open);
    if (close >= most && close - open < LONGEST_PLACEHOLDER) return open;
  }
  const last = text.charCodeAt(most - 1);
  return last >= 0xd800 && last <= 0xdbff ? most - 1 : most;
}

/** A tool's result cut to `most` characters: a text as such, any other value as its JSON text once it is longer. */
export function truncateResult(result: unknown, most: number): { value: unknown; cut: number } {
  const text = typeof result === "string" ? result : (JSON.stringify(result) ?? "");
  if (text.length <= most) return { value: result, cut: 0 };
  const short = truncateText(text, most);
  return { value: short.cut === 0 ? result : short.text, cut: short.cut };
}

/** Cuts every tool result of an episode, in its tool calls and its messages; counts by field path. */
export function truncateResults<
  T extends { tool_calls: ToolCallInput[]; messages?: MessageInput[] | undefined },
>(episode: T, most: number): { episode: T; truncated: Record<string, number> } {
  const truncated: Record<string, number> = {};
  const note = (path: string, cut: number) => {
    if (cut > 0) truncated[path] = cut;
  };
  const tool_calls = episode.tool_calls.map((call, i) => {
    if (call.result === undefined) return call;
    const { value, cut } = truncateResult(call.result, most);
    note(`tool_calls.${i}.result`, cut);
    return cut === 0 ? call : { ...call, result: value };
  });
  const messages = episode.messages?.map((message, i) => {
    if (message.role !== "tool" || typeof message.content !== "string") return message;
    const { text, cut } = truncateText(message.content, most);
    note(`messages.${i}.content`, cut);
    return cut === 0 ? message : { ...message, content: text };
  });
  return {
    episode: { ...episode, tool_calls, ...(messages === undefined ? {} : { messages }) },
    truncated,
  };
}
