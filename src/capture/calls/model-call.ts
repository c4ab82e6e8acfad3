import type { EndingState, FaultBy } from "../../episodes/endings.ts";
import type { TokenCounts } from "../../episodes/odd/usage.ts";
import type { MessageInput as Message, ToolDefinitionInput as ToolDefinition } from "../../wire/types.ts";

/**
 * One call of a model, whoever made it and over whichever wire: every door of capture maps into this record, and an
 * episode is made of it (`to-episode.ts`). It holds what was sent and what came, normalised and nothing made up: an odd
 * field is put right or kept beside, never guessed.
 */
export interface ModelCall {
  /** Who answered, as OpenTelemetry names providers: `openai`, `azure.ai.openai`. */
  readonly provider: string;
  readonly form: CallForm;
  readonly request: CallRequest;
  readonly answer: CallAnswer;
  readonly ending: Ending;
  readonly times: CallTimes;
}

/** The operation of the provider's interface that was called; `chat`: a chat model by a framework's own call, over whichever wire. */
export type CallForm = "chat" | "chat.completions" | "completions" | "responses";

export interface CallRequest {
  /** The model or deployment that was asked for. */
  readonly model: string | undefined;
  /** Everything that the model was shown, in order, in chat form. */
  readonly messages: readonly Message[];
  /** Functions that it was offered. */
  readonly tools: readonly ToolDefinition[];
  readonly parallelToolCalls: boolean | undefined;
  /** Parameters that shape the answer, by their names on the wire. */
  readonly sampling: Readonly<Record<string, unknown>>;
  /** What has no place above: tools that are no functions, items of unknown kinds; by name. */
  readonly kept: Readonly<Record<string, unknown>>;
  /** Parts of the conversation that only the provider has, as `previous_response_id=resp_1`; empty: nothing is missing. */
  readonly missing: readonly string[];
  /** How many of the oldest messages were too many to be copied. */
  readonly leftOut?: number | undefined;
}

/** A tool call as the model wrote it; `arguments` is text, JSON or not. */
interface AnsweredCall {
  readonly kind: "tool_call";
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  /** `function`, or the provider's name of another kind: `custom`, `web_search`. */
  readonly type: string;
}
export type AnswerPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "refusal"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string }
  /** Bytes are not held: a pointer, or their length. */
  | { readonly kind: "image" | "audio"; readonly pointer: string; readonly transcript?: string | undefined }
  | AnsweredCall;

/** One of the answers that were asked for with `n`. */
export interface Choice {
  readonly parts: readonly AnswerPart[];
  /** The provider's own word. */
  readonly finishReason: string | undefined;
}

export interface CallAnswer {
  readonly responseId: string | undefined;
  /** The version that answered. */
  readonly responseModel: string | undefined;
  /** In the provider's order; empty: nothing came. */
  readonly choices: readonly Choice[];
  readonly usage: TokenCounts | undefined;
  /** What has no place above, by name. */
  readonly kept: Readonly<Record<string, unknown>>;
}

export interface Ending {
  readonly state: EndingState;
  readonly fault?: { readonly by: FaultBy; readonly message: string } | undefined;
  /** The caller stopped reading, or stopped the call. */
  readonly aborted?: boolean | undefined;
}

/** Instants in ms since 1970; undefined: it did not come to that. */
interface CallTimes {
  /** Of the attempt that was answered: a client that asks again begins anew. */
  readonly sent: number;
  /** The first part of an answer that is more than a frame. */
  readonly firstToken: number | undefined;
  /** The last byte of the model's answer, as it arrived and not as it was read. */
  readonly lastToken: number | undefined;
  /** The caller had taken the whole answer. */
  readonly read: number | undefined;
}
