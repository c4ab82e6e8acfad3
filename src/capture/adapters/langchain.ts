import { record, text } from "../../episodes/odd/values.ts";
import { beginCall, type CallContext, quietly } from "../begin-call.ts";
import type { CaptureHook } from "../capture.ts";
import { langchainAnswer, langchainChunk, langchainRequest, wireMessages } from "./langchain-form.ts";

/** A callback handler of LangChain; its arguments are the framework's own. */
export interface LightningHandler {
  readonly name: string;
  /** LangChain calls at once, and not from a queue behind the agent's back: times are true and none is lost at the end. */
  readonly awaitHandlers: boolean;
  handleChatModelStart(
    model: unknown,
    messages: readonly (readonly unknown[])[],
    runId: string,
    parentRunId?: string,
    extraParams?: unknown,
    tags?: unknown,
    metadata?: unknown,
  ): void;
  handleLLMStart(
    model: unknown,
    prompts: readonly string[],
    runId: string,
    parentRunId?: string,
    extraParams?: unknown,
    tags?: unknown,
    metadata?: unknown,
  ): void;
  handleLLMNewToken(
    token: string,
    index: unknown,
    runId: string,
    parentRunId?: string,
    tags?: unknown,
    fields?: unknown,
  ): void;
  handleLLMEnd(output: unknown, runId: string): void;
  handleLLMError(error: unknown, runId: string): void;
}

/** A stream that is left tells nobody: of more runs than these the oldest is taken for one. */
const MOST_OPEN = 1_000;

/**
 * Captures each call of a model of LangChain or LangGraph, as one episode: `model.invoke(messages, { callbacks: [handler] })`,
 * or in the config of a chain, an agent or a graph, whose models, bound tools and structured outputs inherit it.
 * The run's id is the episode's `span_id`, its parent's the `trace_id`; a graph's `thread_id` the `session_id`.
 * @param context - Asked at each call: who and where it belongs to; goes before what LangChain tells.
 */
export function lightningHandler(hook: CaptureHook, context: CallContext = () => ({})): LightningHandler {
  const open = new Map<string, ReturnType<typeof beginCall>>();

  function start(
    messages: unknown,
    runId: string,
    parentRunId: string | undefined,
    extraParams: unknown,
    metadata: unknown,
  ): void {
    if (!hook.enabled) return;
    quietly(() => {
      const told = record(metadata);
      const belongsTo = () => ({
        spanId: runId,
        traceId: parentRunId,
        sessionId: text(told.thread_id) ?? text(told.session_id),
        ...context(),
      });
      const begun = beginCall(hook, belongsTo, {
        provider: text(told.ls_provider) ?? "langchain",
        form: "chat",
        body: { messages, parameters: record(extraParams).invocation_params, model: told.ls_model_name },
        request: langchainRequest,
      });
      open.set(runId, begun);
      for (const [oldest, { call }] of open) {
        if (open.size <= MOST_OPEN) break;
        open.delete(oldest);
        call.abandoned();
      }
    });
  }
  function take(runId: string): ReturnType<typeof beginCall> | undefined {
    const begun = open.get(runId);
    open.delete(runId);
    return begun;
  }

  return {
    name: "agent-lightning",
    awaitHandlers: true,
    handleChatModelStart: (_model, [messages], runId, parentRunId, extraParams, _tags, metadata) =>
      start(quietly(() => wireMessages(messages)) ?? [], runId, parentRunId, extraParams, metadata),
    handleLLMStart: (_model, [prompt], runId, parentRunId, extraParams, _tags, metadata) =>
      start([{ role: "user", content: prompt }], runId, parentRunId, extraParams, metadata),
    handleLLMNewToken: (token, index, runId, _parentRunId, _tags, fields) => {
      const begun = open.get(runId);
      if (begun === undefined) return;
      quietly(() => {
        if (!begun.call.isStream) begun.call.answered(true);
        begun.call.chunk(langchainChunk(token, index, fields), begun.now());
      });
    },
    handleLLMEnd: (output, runId) => {
      const begun = take(runId);
      if (begun === undefined) return;
      quietly(() => {
        begun.call.whole(langchainAnswer(output), begun.now());
        begun.call.end(begun.now());
      });
    },
    handleLLMError: (error, runId) => {
      const begun = take(runId);
      if (begun === undefined) return;
      quietly(() => (begun.call.isStream ? begun.call.failed(error) : begun.call.refused(error)));
    },
  };
}
