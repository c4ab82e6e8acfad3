/**
 * Every rule a line of a supervised chat file must keep, with what to do about it. Sources: OpenAI's cookbook checks
 * for chat fine-tuning data, Microsoft's fine-tuning documents and validators, and what the service is known to
 * refuse late or to mis-train on silently.
 */
export const LINE_RULES = {
  not_json: "Write one JSON object per line, without line breaks inside it.",
  not_object: 'Write an object: {"messages": [...]}.',
  unknown_key: "Remove the key, or correct its spelling.",
  deprecated_functions: "Use `tools` and `tool_calls`; `functions` and `function_call` are no longer taken.",
  messages_missing: "Add `messages`, a list of turns.",
  messages_empty: "Give at least one user and one assistant turn.",
  message_not_object: 'Write each turn as an object: {"role": "user", "content": "..."}.',
  unknown_role: "Use system, developer, user, assistant or tool.",
  missing_content:
    "Give the turn its text in `content`; only an assistant turn with tool_calls may go without.",
  empty_content: "Give the turn a text that is not empty.",
  content_not_text: "Write `content` as a text or a list of content parts.",
  bad_field: "Give the field the type that the chat format asks for.",
  weight_on_wrong_role: "Set `weight` on assistant turns only.",
  weight_not_0_or_1: "Use 0 (do not learn this turn) or 1.",
  nothing_to_learn: "Leave at least the last assistant turn with weight 1.",
  tool_calls_on_wrong_role: "Let only assistant turns hold `tool_calls`.",
  tool_calls_empty: "Remove `tool_calls`, or list at least one call.",
  tool_call_without_id: "Give every tool call an `id`.",
  duplicate_tool_call_id: "Give every tool call of the line its own `id`.",
  tool_call_without_function:
    'Write each call as {"id", "type": "function", "function": {"name", "arguments"}}.',
  arguments_not_json: "Write `arguments` as a text that holds a JSON object.",
  orphan_tool_result:
    "Put each tool result after the assistant turn that made the call, with that call's id.",
  tool_result_without_id: "Give every tool turn the `tool_call_id` of its call.",
  unmatched_tool_call: "Follow each tool call with its result before the next turn.",
  tool_not_declared: "Declare the tool in `tools`.",
  tools_invalid: 'Write each tool as {"type": "function", "function": {"name", "parameters"}}.',
  duplicate_tool: "Declare each tool once.",
  tool_calls_without_parallel: "Make one call a turn, or remove `parallel_tool_calls: false`.",
  no_user: "Add a user turn.",
  no_assistant: "Add an assistant turn: it is what the model learns.",
  last_not_assistant: "End the line with an assistant turn.",
  lone_surrogate: "Replace the broken half of a character pair; it is not valid Unicode.",
  nul_character: "Remove the NUL character.",
  byte_order_mark: "Remove the byte-order mark in the middle of the file.",
  nested_too_deeply: "Flatten the value.",
  line_too_long: "Shorten the line, or leave it out.",
} as const;

export type LineRule = keyof typeof LINE_RULES;

export interface LineFault {
  readonly rule: LineRule;
  /** Path inside the line: `messages.1.tool_calls.0.id`. */
  readonly field?: string | undefined;
  readonly message: string;
  readonly remedy: string;
}

/** Longest line taken, in characters: two million are far beyond any model's training context. */
export const LONGEST_LINE = 2_000_000;

/** Deepest nesting taken: tool schemas go ten deep, and each level costs a stack frame. */
export const DEEPEST_NESTING = 100;

export type Fields = Record<string, unknown>;
export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Collects the faults of one line. */
export class FaultList {
  readonly faults: LineFault[] = [];

  add(rule: LineRule, message: string, field?: string): void {
    this.faults.push({ rule, field, message, remedy: LINE_RULES[rule] });
  }
}
