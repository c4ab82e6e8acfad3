import { record, text } from "../../episodes/odd/values.ts";
import { snapshot } from "../snapshot.ts";
import { chatAnswer, chatRequest, completionsAnswer, completionsRequest } from "./chat.ts";
import type { Message } from "./conversations.ts";
import { endingOf, errorIn, faultOf, isFilteredRequest, saysAnything } from "./endings.ts";
import { ChatJoiner } from "./join-chat.ts";
import type { CallAnswer, CallForm, CallRequest, Ending, ModelCall } from "./model-call.ts";
import type { BodyObserver } from "./observe-response.ts";
import { ResponsesJoiner, responsesAnswer, responsesRequest } from "./responses.ts";
import { EventReader } from "./sse.ts";

const REQUESTS: Readonly<Record<CallForm, (body: unknown, before?: readonly Message[]) => CallRequest>> = {
  chat: chatRequest,
  "chat.completions": chatRequest,
  completions: completionsRequest,
  responses: responsesRequest,
};
const ANSWERS: Readonly<Record<CallForm, (body: unknown) => CallAnswer>> = {
  chat: chatAnswer,
  "chat.completions": chatAnswer,
  completions: completionsAnswer,
  responses: responsesAnswer,
};

export interface OpenCallOptions {
  readonly provider: string;
  readonly form: CallForm;
  /** The request's body, copied when the call was made. */
  readonly body: unknown;
  /** Reads a body that is a framework's own; absent: it is the form's. */
  readonly request?: ((body: unknown, before?: readonly Message[]) => CallRequest) | undefined;
  /** The conversation that a response goes on with, if it was captured. */
  readonly before?: readonly Message[] | undefined;
  /** When it was sent, where that is told later; absent: now. */
  readonly sentAt?: number | undefined;
  readonly now: () => number;
  /** Called once, with the record as a function: it is made where nobody waits. */
  readonly done: (record: () => ModelCall, bytes: number) => void;
  /** Told the provider's id of the answer, as soon as the caller has the answer. */
  readonly onResponseId?: ((id: string) => void) | undefined;
}

/** Answers that are parsed at once, for their id, in bytes; longer ones where nobody waits. */
const SMALL_ANSWER = 256 * 1024;

/** A call while it happens: what was sent, and the answer as far as the caller took it. */
export class OpenCall implements BodyObserver {
  readonly #options: OpenCallOptions;
  #sent: number;
  #firstToken: number | undefined;
  #lastToken: number | undefined;
  #isStream = false;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #joiner: ChatJoiner | ResponsesJoiner | undefined;
  #events: EventReader | undefined;
  #whole: unknown;
  /** The caller has taken some of the answer. */
  #isBegun = false;
  #isDone = false;
  #responseId: string | undefined;

  constructor(options: OpenCallOptions) {
    this.#options = options;
    this.#sent = options.sentAt ?? options.now();
  }

  get isStream(): boolean {
    return this.#isStream;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** The client sends it again. */
  sentAgain(): void {
    this.#sent = this.#options.now();
  }

  /** The head of the answer is there. */
  answered(isStream: boolean): void {
    this.#isStream = isStream;
    if (!isStream) {
      this.#lastToken = this.#options.now();
      return;
    }
    this.#joiner = this.#options.form === "responses" ? new ResponsesJoiner() : new ChatJoiner();
    this.#events = new EventReader();
  }

  piece(bytes: Uint8Array, at: number | undefined): void {
    if (this.#isDone) return;
    this.#bytes += bytes.byteLength;
    this.#isBegun = true;
    this.#lastToken = at ?? this.#lastToken;
    if (!this.#isStream) this.#pieces.push(bytes);
    else for (const data of this.#events?.add(bytes) ?? []) this.#event(data, at);
  }

  /** One event of a stream, parsed already. */
  chunk(value: unknown, at: number | undefined): void {
    this.#isBegun = true;
    this.#lastToken = at ?? this.#lastToken;
    if (this.#joiner?.add(value)) this.#firstToken ??= at;
    this.#tell(this.#joiner?.responseId);
  }

  /** The whole answer, parsed already, in the form's own shape; it stands for what chunks told before. */
  whole(value: unknown, at: number): void {
    if (this.#isDone) return;
    this.#whole = value;
    this.#lastToken = at;
  }

  end(at: number): void {
    for (const data of this.#events?.end() ?? []) this.#event(data, at);
    this.#finish({}, this.#options.now());
  }

  failed(thrown: unknown): void {
    const fault = faultOf(thrown);
    this.#finish(fault.by === "caller" ? { aborted: true } : { fault }, undefined);
  }

  cancelled(): void {
    this.#finish({ aborted: true }, undefined);
  }

  /** Nobody takes the answer, or the rest of it, any more: it was collected, or the process ends. */
  abandoned(): void {
    this.#finish(this.#isBegun ? { aborted: true } : { state: "unread" }, undefined);
  }

  /** No answer came. */
  refused(thrown: unknown): void {
    const state = isFilteredRequest(thrown) ? "filtered" : "failed";
    this.#finish({ state, fault: faultOf(thrown) }, undefined);
  }

  #event(data: string, at: number | undefined): void {
    if (data === "[DONE]") return;
    try {
      this.chunk(JSON.parse(data), at);
    } catch {
      // No JSON: the client will say so to its caller.
    }
  }

  #tell(responseId: string | undefined): void {
    if (responseId === undefined || responseId === this.#responseId) return;
    this.#responseId = responseId;
    this.#options.onResponseId?.(responseId);
  }

  #finish(known: Partial<Ending>, read: number | undefined): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const { provider, form, body, before, done, request = REQUESTS[form] } = this.#options;
    const times = { sent: this.#sent, firstToken: this.#firstToken, lastToken: this.#lastToken, read };
    const pieces = this.#pieces;
    const joiner = this.#joiner;
    const small =
      this.#whole ?? (joiner === undefined && this.#bytes <= SMALL_ANSWER ? parsed(pieces) : undefined);
    this.#tell(text(record(small).id) ?? joiner?.responseId);
    const make = (): ModelCall => {
      const came = snapshot(small ?? (joiner === undefined ? parsed(pieces) : joiner.result())).value;
      const answer = ANSWERS[form](came);
      const told = came === undefined ? undefined : endingOf(form, came, answer);
      // A client that meets an error among the events stops reading: that is no choice of its caller's.
      const isError = joiner !== undefined && errorIn(came) !== undefined;
      const ending = isError && told !== undefined ? told : endingFrom(known, told, saysAnything(answer));
      return { provider, form, request: request(body, before), answer, ending, times };
    };
    // What a stream's events say is held, not their frames, which are many times as long.
    done(make, joiner === undefined ? this.#bytes : snapshot(joiner.result()).bytes);
  }
}

/** How the call ended, by what became of reading it and, as far as anything came, by what the answer says. */
function endingFrom(known: Partial<Ending>, told: Ending | undefined, isBegun: boolean): Ending {
  const { state, fault, aborted } = known;
  if (state !== undefined) return { ...known, state };
  const isWhole = told !== undefined && told.state !== "failed" && told.state !== "unfinished";
  // The reader was stopped, or left, after the model had said how it ends: the answer is what it is.
  if (aborted) return { ...(isWhole ? told : { state: "unfinished" }), aborted };
  if (fault === undefined) return told ?? { state: "unfinished" };
  return isWhole ? told : { state: isBegun ? "unfinished" : "failed", fault };
}

function parsed(pieces: readonly Uint8Array[]): unknown {
  if (pieces.length === 0) return undefined;
  const written = Buffer.concat(pieces).toString("utf8");
  try {
    return JSON.parse(written);
  } catch {
    return { error: { message: `The answer is no JSON: ${written.slice(0, 200)}` } };
  }
}
