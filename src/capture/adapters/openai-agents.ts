import { record, text } from "../../episodes/odd/values.ts";
import { type CallContext, quietly } from "../begin-call.ts";
import { Conversations } from "../calls/conversations.ts";
import { OpenCall } from "../calls/open-call.ts";
import { continuedFrom } from "../calls/responses.ts";
import type { CaptureHook, OpenedModelCall } from "../capture.ts";
import { snapshot } from "../snapshot.ts";
import {
  generationSpanBody,
  generationSpanRequest,
  responseSpanBody,
  responseSpanRequest,
  spanError,
} from "./openai-agents-form.ts";

/** What is asked of the framework's traces and spans; its own types stay its own. */
interface Trace {
  readonly traceId: string;
  readonly groupId: string | null;
}
interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly spanData: { readonly type: string };
  readonly error: unknown;
}

/** A trace processor of `@openai/agents`. */
export interface LightningProcessor {
  onTraceStart(trace: Trace): Promise<void>;
  onTraceEnd(trace: Trace): Promise<void>;
  onSpanStart(span: Span): Promise<void>;
  onSpanEnd(span: Span): Promise<void>;
  shutdown(): Promise<void>;
  forceFlush(): Promise<void>;
}

/** Spans that are open and sessions that are known, at most: what never ends is forgotten, the oldest first. */
const MOST_OPEN = 1_000;

/**
 * Captures each call of a model that `@openai/agents` traces, as one episode, by Responses or chat completions, streamed or
 * not: `addTraceProcessor(lightningProcessor(hook))`. The episode bears the trace's and the span's id; the group of the
 * trace is the session. Runs whose tracing is off, or leaves the data out, are not captured.
 *
 * A trace tells less than the client does: no tools in the chat form, and of a call that failed only its error. Where the
 * agent can be given a client, `setDefaultOpenAIClient(wrapOpenAI(hook, client))` captures all of it; take one of the two.
 * @param context - Asked when a call begins: who and where it belongs to; goes before what the trace tells.
 */
export function lightningProcessor(hook: CaptureHook, context: CallContext = () => ({})): LightningProcessor {
  const sessions = new Map<string, string>();
  const open = new Map<string, { readonly opened: OpenedModelCall; readonly sentAt: number }>();
  const conversations = new Conversations();

  function begin({ traceId, spanId }: Span): void {
    const opened = hook.openModelCall(() => ({
      traceId,
      spanId,
      sessionId: sessions.get(traceId),
      ...context(),
    }));
    remember(open, spanId, { opened, sentAt: opened.now() });
  }

  function end(span: Span): void {
    const begun = open.get(span.spanId);
    open.delete(span.spanId);
    if (begun === undefined) return;
    const { opened } = begun;
    const data = record(span.spanData);
    const isResponse = data.type === "response";
    const { _input: items, _response: response, input, output } = data;
    const answer = isResponse ? response : record(Array.isArray(output) ? output[0] : undefined);
    const failed = span.error !== null && span.error !== undefined;
    const isTold = (isResponse ? items : input) !== undefined || answer !== undefined;
    // Tracing without the data.
    if (!isTold && !failed) return;
    const body = snapshot(isResponse ? responseSpanBody(data) : generationSpanBody(data));
    const continues = isResponse ? continuedFrom(body.value) : undefined;
    const call = new OpenCall({
      provider: "openai",
      form: isResponse ? "responses" : "chat.completions",
      body: body.value,
      request: isResponse ? responseSpanRequest : generationSpanRequest,
      before: conversations.before(continues),
      sentAt: begun.sentAt,
      now: opened.now,
      onResponseId: opened.remember,
      done: (make, bytes) => {
        const made = make();
        if (isResponse) conversations.remember(made, continues);
        opened.end(() => made, body.bytes + bytes);
      },
    });
    call.answered(false);
    if (answer !== undefined && Object.keys(record(answer)).length > 0) {
      call.whole(snapshot(answer).value, opened.now());
      call.end(opened.now());
    } else call.refused(failed ? spanError(span.error) : new Error("The span holds no answer."));
  }

  const isCall = ({ spanData }: Span) => spanData.type === "response" || spanData.type === "generation";
  return {
    async onTraceStart({ traceId, groupId }) {
      const session = text(groupId);
      if (session !== undefined) remember(sessions, traceId, session);
    },
    async onTraceEnd({ traceId }) {
      sessions.delete(traceId);
    },
    async onSpanStart(span) {
      if (hook.enabled && isCall(span)) quietly(() => begin(span));
    },
    async onSpanEnd(span) {
      if (isCall(span)) quietly(() => end(span));
    },
    async shutdown() {
      await hook.flush();
    },
    forceFlush: () => hook.flush(),
  };
}

function remember<T>(kept: Map<string, T>, name: string, value: T): void {
  kept.set(name, value);
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST_OPEN) break;
    kept.delete(oldest);
  }
}
