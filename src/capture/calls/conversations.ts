import type { MessageInput as Message } from "../../wire/types.ts";
import type { ModelCall } from "./model-call.ts";
import { callAsEpisode } from "./to-episode.ts";

export type { Message };

/** Conversations whose beginning is remembered, and their text in all, in characters. */
const MOST_CONVERSATIONS = 200;
const MOST_CHARACTERS = 8 * 1024 * 1024;

/**
 * What was said up to a response, by what a later request names it with: `previous_response_id` and `conversation`
 * requests bring only what is new. Bounded: the oldest is forgotten first.
 */
export class Conversations {
  readonly #kept = new Map<string, { readonly messages: readonly Message[]; readonly size: number }>();
  #size = 0;

  /** The messages before a request that goes on with this; undefined: not captured, or forgotten. */
  before(continues: string | undefined): readonly Message[] | undefined {
    return continues === undefined ? undefined : this.#kept.get(continues)?.messages;
  }

  remember(call: ModelCall, conversation: string | undefined): void {
    // Instructions are not carried over.
    const messages = callAsEpisode(call).messages.filter(
      ({ role }, i) => !(i === 0 && role === "system" && call.form === "responses"),
    );
    if (call.answer.responseId !== undefined)
      this.#keep(`previous_response_id=${call.answer.responseId}`, messages);
    if (conversation?.startsWith("conversation=")) this.#keep(conversation, messages);
  }

  #keep(name: string, messages: readonly Message[]): void {
    this.#forget(name);
    const size = JSON.stringify(messages).length;
    if (size > MOST_CHARACTERS / 4) return;
    this.#kept.set(name, { messages, size });
    this.#size += size;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_CONVERSATIONS && this.#size <= MOST_CHARACTERS) break;
      this.#forget(oldest);
    }
  }

  #forget(name: string): void {
    this.#size -= this.#kept.get(name)?.size ?? 0;
    this.#kept.delete(name);
  }
}
