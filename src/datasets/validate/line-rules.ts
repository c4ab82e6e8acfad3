import { DEEPEST_JSON } from "../../kernel/depth.ts";
import { MOST_VALUES } from "../../kernel/width.ts";

/**
 * Every rule a line of a supervised chat file must keep, with what to do about it. Sources: OpenAI's cookbook checks
 * for chat fine-tuning data, Microsoft's fine-tuning documents and validators, and what the service is known to
 * refuse late or to mis-train on silently.
 */
export const LINE_RULES = {
  not_json: "Write one JSON object per line, without line breaks inside it.",
  not_object: 'Write an object: {"messages": [...]}.',
  unknown_key: "Remove the key, or correct its spelling.",
  deprecated_functions:
    "Use `tools` and `tool_calls`; `functions` and `function_call` are deprecated. `lightning import` converts them.",
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
  tool_name_not_taken:
    "Name tools with 1 to 64 letters, digits, `_` and `-`; rename them in `tools` and in every call.",
  too_many_tools: "Declare at most 128 tools a line: those that the conversation needs.",
  special_token: "Remove the token, or write it in another way; the service refuses the file.",
  unknown_part: "Use parts of type text, and image_url in the user's turns.",
  image_of_assistant: "Let only the user's turns hold pictures.",
  image_without_url: 'Write {"type": "image_url", "image_url": {"url": "https://..."}}.',
  image_not_taken:
    "Give an https address, or data:image/... in base64, of a JPEG, PNG or WEBP picture of at most 10 MB.",
  too_many_images: "Leave pictures out, or make several examples of it.",
  images_not_taken:
    "Leave images out (`for_model` of a build does), or choose a model that is trained on them.",
  role_not_taken: "Use a role that the model takes; `system` in the place of `developer`.",
  input_missing:
    'Write {"input": {"messages": [...]}, "preferred_output": [...], "non_preferred_output": [...]}.',
  output_missing: "Give both outputs as lists with at least one turn each.",
  output_wrong_role: "Let outputs hold assistant and tool turns only.",
  output_without_assistant: "Give each output an assistant turn.",
  identical_pair: "Leave the pair out, or give it two different outputs: equal ones teach nothing.",
  input_ends_with_assistant: "End the input before the answer: what is preferred stands in the outputs.",
  last_not_user: "End the line with the user's turn: the model answers it while it trains.",
  reference_missing: "Give the line the field, which the grader reads.",
  over_token_limit: "Shorten the example, or leave it out; the service would cut it.",
  no_user: "Add a user turn.",
  no_assistant: "Add an assistant turn: it is what the model learns.",
  last_not_assistant: "End the line with an assistant turn.",
  lone_surrogate: "Replace the broken half of a character pair; it is not valid Unicode.",
  nul_character: "Remove the NUL character.",
  byte_order_mark: "Remove the byte-order mark in the middle of the file.",
  nested_too_deeply: "Flatten the value.",
  too_many_values: "Make several lines of it, or write what is large in it as a text.",
  number_not_exact: "Write the number as a text, in quotes; a double cannot hold its digits.",
  repeated_key: "Write each key of an object once: of two, the first one's value would be lost.",
  line_too_long: "Shorten its texts, or leave it out; pictures as data: URLs do not count.",
} as const;

export type LineRule = keyof typeof LINE_RULES;

export interface LineFault {
  readonly rule: LineRule;
  /** Path inside the line: `messages.1.tool_calls.0.id`. */
  readonly field?: string | undefined;
  readonly message: string;
  readonly remedy: string;
}

/** What a file as a whole must keep. */
export const FILE_RULES = {
  too_few_examples: "Add examples: no job starts with fewer.",
  file_too_large: "Split the file, or leave examples out.",
  byte_order_mark_required: "Write the file with a byte-order mark (the build's `bom` switch).",
  not_utf8: "Save the file as UTF-8.",
  validation_missing: "Give a validation file too; the method trains with none but both.",
  validation_overlaps: "Remove the examples from one of the two files.",
  method_not_offered: "Choose a model that is trained by this method.",
  other_shape:
    "Run `lightning import --file`: it turns such rows into lines of the format, or says why it cannot.",
  too_many_tokens: "Train for fewer epochs, or on fewer examples.",
} as const;
export type FileRule = keyof typeof FILE_RULES;

/** What is worth a look and stops nothing. */
export const WARNINGS = {
  blank_line: "Empty lines were passed over.",
  byte_order_mark: "The byte-order mark at the start was passed over.",
  duplicate_line: "Lines teach the same; the build keeps one of them.",
  no_system: "Lines have no system turn; answers then depend on the prompt used later.",
  two_assistants:
    "Two assistant turns follow one another; the service has refused such files, and taken others.",
  no_reference: "Lines have no field beside `messages`; a grader that compares with one finds nothing.",
  several_system_prompts: "More than one system prompt is in use.",
  long_example: "Examples have more than 4,096 tokens; older models cut there.",
  special_token: "Texts hold special tokens such as <|endoftext|>; the hosted services refuse such files.",
  arguments_against_schema:
    "Calls have arguments that their tool's schema does not take, or lack required ones.",
  personal_data: "Texts look as if they held secrets or personal data.",
  moderation_phrase: "Prompts ask for a chain of thought; the service's content check may refuse the job.",
  escaped_newline: "Texts hold a written-out \\n where a line break may have been meant.",
  unequal_text: "Texts are not in Unicode's composed form (NFC).",
  few_pairs: "With fewer than 500 pairs, train for 1 or 2 epochs; the service's own choice is 3.",
  reference_schema_differs: "Lines have different reference fields; the grader finds some of them missing.",
  reference_all_equal: "A reference field has the same value in every line.",
  long_reference: "Reference fields are longer than 500 characters on average.",
  validation_near_training: "Validation examples are nearly the same as training examples.",
  many_examples: "Beyond 2,000 examples each further one gives less; better ones give more.",
  few_examples: "With fewer than 50 examples a model learns the form alone; hundreds are advised.",
  large_file: "Files over 150 MB are known to fail within the job.",
} as const;
export type Warning = keyof typeof WARNINGS;

/**
 * Longest line taken, in characters: two million are far beyond any model's training context. Pictures that stand in it
 * as `data:` URLs do not count: they have bounds of their own.
 */
export const LONGEST_LINE = 2_000_000;

/** Deepest nesting taken, as of any input: tool schemas go ten deep. */
export const DEEPEST_NESTING = DEEPEST_JSON;
export const TOO_DEEP = `The value goes more than ${DEEPEST_NESTING} levels deep.`;

export const TOO_MANY_VALUES = `The line holds more than ${MOST_VALUES} values: members of objects and items of arrays.`;

export { type Fields, isFields } from "../common/fields.ts";

/** Of one line; nobody reads more. */
const MOST_FAULTS = 1000;

/** Collects the faults of one line. */
export class FaultList {
  readonly faults: LineFault[] = [];

  add(rule: LineRule, message: string, field?: string): void {
    if (this.faults.length < MOST_FAULTS)
      this.faults.push({ rule, field, message, remedy: LINE_RULES[rule] });
  }

  addAll(faults: readonly LineFault[]): void {
    for (const fault of faults.slice(0, MOST_FAULTS - this.faults.length)) this.faults.push(fault);
  }
}

/** A short, safe form of a value for a message; texts are cut, since a line may hold anything. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
