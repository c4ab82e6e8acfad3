import type { AgentSettings } from "../config/agent-settings.ts";
import { amount, listed } from "../episodes/odd/values.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { timeOrderedId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/logger.ts";
import type { PseudonymSettings } from "../redaction/pseudonyms.ts";
import { faultOfCall } from "./calls/endings.ts";
import type { ModelCall } from "./calls/model-call.ts";
import { callAsEpisode } from "./calls/to-episode.ts";
import {
  type CapturedCall,
  type CapturedEpisode,
  type EndCapture,
  finishEpisode,
  type MessageLike,
  type StartCapture,
} from "./episode.ts";
import { rememberAnswer } from "./episode-of.ts";
import {
  CAPTURE_LIMITS,
  type CaptureLimits,
  type CaptureRest,
  type CaptureStats,
  noStats,
  type Send,
} from "./limits.ts";
import { atProcessEnd } from "./process-end.ts";
import { puttingAway, type StorePart } from "./put-away.ts";
import { CaptureQueue } from "./queue.ts";
import { safeLogger } from "./safe-logger.ts";
import { leftOutOf, snapshot } from "./snapshot.ts";
import { warmUp } from "./warm-up.ts";

export type { StartCapture } from "./episode.ts";
export type { CaptureRest, CaptureStats, Send } from "./limits.ts";
export type { StorePart } from "./put-away.ts";

/** One call of a tool; `result` and `arguments` may be any value. */
export interface ToolCallRecord {
  readonly id?: string | undefined;
  readonly toolName: string;
  readonly arguments?: unknown;
  readonly result?: unknown;
  readonly durationMs?: number | undefined;
  readonly error?: unknown;
}

interface ToolResultCapture extends ToolCallRecord, Partial<Omit<StartCapture, "messages">> {}

/** One episode while it happens. Its id is known from the start, so that rewards can refer to it. */
export interface CaptureHandle {
  readonly id: string;
  recordToolCall(call: ToolCallRecord): void;
  recordMessage(...messages: MessageLike[]): void;
  /** The model that really answered: read it from the call, not from a setting that may have changed since. */
  setModel(model: string): void;
  /** Hands the episode over. A second end is ignored. */
  endCapture(end: EndCapture): void;
  /** Forgets the episode. */
  discard(): void;
}

/** Whom a call belongs to, asked when it is made. */
export type Belonging = Partial<
  Pick<StartCapture, "agentId" | "sessionId" | "correlationId" | "userId" | "traceId" | "spanId" | "metadata">
>;

/** A call of a model that a wrapper looks on at. */
export interface OpenedModelCall {
  /** The episode's id, for rewards. */
  readonly id: string;
  /** The hook's clock, in ms since 1970. */
  readonly now: () => number;
  /** Hands the call over; `make` is called where nobody waits. A second end is ignored. */
  end(make: () => ModelCall, bytes: number): void;
  /** Keeps that an answer became this episode, for `episodeIdOf`: by its object, or by the provider's id of it. */
  readonly remember: (answer: unknown) => void;
  /** What to do when the hook closes, or the process ends, while the call is open. */
  onClose(abandon: () => void): void;
}

export interface CaptureHook {
  readonly enabled: boolean;
  /** For wrappers: a call of a model begins, which becomes one episode (`calls/model-call.ts`). */
  openModelCall(belongsTo: () => Belonging): OpenedModelCall;
  startCapture(start: StartCapture): CaptureHandle;
  recordToolCall(handle: CaptureHandle, call: ToolCallRecord): void;
  recordMessage(handle: CaptureHandle, ...messages: MessageLike[]): void;
  setModel(handle: CaptureHandle, model: string): void;
  endCapture(handle: CaptureHandle, end: EndCapture): void;
  /** A tool call that is an episode of its own, in the original's words; returns the episode's id. */
  captureFromToolResult(capture: ToolResultCapture): string;
  /** Resolves when everything captured so far was sent, spilled, counted as lost or tried in vain. Never rejects. */
  flush(): Promise<void>;
  /**
   * As `flush`, for at most so many ms and the time that a write to disk takes; then what was not sent is in the spill
   * file, or in memory where there is no folder to write to. Never rejects.
   *
   * Where a process stands still between two requests (Lambda, Azure Functions, Cloud Run), timers stand still too:
   * end each request with `await hook.flushWithin(2000)`, after the answer was sent where that can be had. Give
   * LIGHTNING_HOME a folder that outlasts the instance, if there is one.
   */
  flushWithin(ms: number): Promise<CaptureRest>;
  /**
   * Captures nothing more, sends what can be sent, and writes the rest to the spill file for the next process: within ten
   * seconds. Says what is left. Never rejects.
   */
  close(): Promise<CaptureRest>;
  stats(): CaptureStats;
}

export interface CaptureDeps {
  /** Takes redacted episodes; a throw means "not taken", they come again under the same ids. */
  readonly send: Send;
  /** Keeps a large part in the receiver's files; absent: what an episode has no room for is cut. */
  readonly storePart?: StorePart | undefined;
  readonly settings: Pick<
    AgentSettings,
    "enableCapture" | "agentId" | "redactSecrets" | "maxOutputLength" | "spillOnSignals"
  > &
    PseudonymSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Beside it are the files of what could not be sent, `<spillFile>.<owner>-<n>.spill`, JSON lines that the files' owner
   * alone can read. Processes may share it. Absent: what cannot be sent waits in memory.
   */
  readonly spillFile?: string | undefined;
  readonly limits?: Partial<CaptureLimits> | undefined;
}

/** Calls of our own tools would teach the model to call them. */
export const isOwnTool = (toolName: unknown): boolean =>
  typeof toolName === "string" && toolName.startsWith("lightning_");

/**
 * Capture in the agent's own process. Each method copies what it is given and returns; redaction, sending and
 * spilling happen in the background. Nothing here throws into the agent or waits for anything. Switched off
 * (`ENABLE_LIGHTNING_CAPTURE=false`) every method does nothing.
 */
export function createCaptureHook(deps: CaptureDeps): CaptureHook {
  if (!deps.settings.enableCapture) return DISABLED;
  const { settings, clock } = deps;
  const logger = safeLogger(deps.logger);
  const limits = { ...CAPTURE_LIMITS, ...deps.limits };
  const { storePart } = deps;
  const send = storePart === undefined ? deps.send : puttingAway({ ...deps, storePart, logger, limits });
  const mostBytes = storePart === undefined ? undefined : limits.maxEpisodeBytes;
  const queue = new CaptureQueue({ ...deps, send, logger, limits });
  warmUp(settings);
  /** Model calls that have begun and not ended, and how each is given up. */
  const open = new Map<string, () => void>();
  const abandonOpen = () => {
    for (const abandon of open.values()) quietly(abandon, undefined);
    open.clear();
  };
  const forgetEnd = atProcessEnd({
    // Calls under way are given up where the process ends for certain alone: an app may end in its own time.
    save: () => queue.spillNow(),
    ending: () => {
      abandonOpen();
      queue.spillNow();
      queue.release();
    },
    signals: settings.spillOnSignals,
  });

  /** A fault of ours is counted and logged, never the agent's problem. */
  function quietly<T>(work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (thrown) {
      queue.fault();
      logger.debug("capture fault", { reason: messageOf(thrown) });
      return otherwise;
    }
  }

  function hand(episode: CapturedEpisode, bytes: number): void {
    queue.push({ bytes: bytes + 500, finish: () => finishEpisode(episode, settings, mostBytes) });
  }

  function startCapture(start: StartCapture): CaptureHandle {
    const startedAt = clock.now();
    // A text that is told twice, as the answer and in the conversation, is held once.
    const texts = new Set<string>();
    const copied = snapshot(start, texts);
    const given = copied.value as StartCapture;
    const calls: CapturedCall[] = [];
    const messages = [...listed(given.messages)] as MessageLike[];
    let { bytes } = copied;
    let model = given.model;
    let isOpen = true;
    const id = timeOrderedId("ep", startedAt);
    return {
      id,
      recordToolCall: (call) =>
        quietly(() => {
          if (!isOpen) return;
          const taken = takeCall(call, texts);
          calls.push(taken.call);
          bytes += taken.bytes;
        }, undefined),
      recordMessage: (...more) =>
        quietly(() => {
          const taken = snapshot(more, texts);
          messages.push(...(taken.value as MessageLike[]));
          bytes += taken.bytes;
        }, undefined),
      setModel(name) {
        model = snapshot(name).value as string | undefined;
      },
      endCapture: (end) =>
        quietly(() => {
          if (!isOpen) return;
          isOpen = false;
          const { error, ...rest } = end;
          const taken = snapshot(rest, texts);
          const told = taken.value as EndCapture;
          const now = clock.now();
          hand(
            {
              start: given,
              end: { ...told, error: textOfError(error), errorBy: told.errorBy ?? faultOfCall(error) },
              id,
              createdAt: toIso(startedAt),
              latencyMs: told.latencyMs ?? Math.max(0, now - startedAt),
              agentId: given.agentId ?? settings.agentId,
              model: told.model ?? model,
              messages,
              calls,
              leftOut: leftOutOf(given),
            },
            bytes + taken.bytes,
          );
        }, undefined),
      discard() {
        isOpen = false;
      },
    };
  }

  function openModelCall(belongsTo: () => Belonging): OpenedModelCall {
    const startedAt = clock.now();
    const id = timeOrderedId("ep", startedAt);
    const belonging = quietly(() => snapshot(belongsTo()).value as Belonging, {});
    let isOpen = true;
    return {
      id,
      now: () => clock.now(),
      remember: (answer) => rememberAnswer(answer, id),
      onClose: (abandon) => {
        if (!isOpen) return;
        open.set(id, abandon);
        for (const [oldest, abandonOldest] of open) {
          if (open.size <= limits.maxOpen) break;
          open.delete(oldest);
          quietly(abandonOldest, undefined);
        }
      },
      end: (make, bytes) =>
        quietly(() => {
          if (!isOpen) return;
          isOpen = false;
          open.delete(id);
          queue.push({
            bytes: bytes + 500,
            finish: () => {
              const call = make();
              if (call.ending.state === "unread") queue.noteUnread();
              return finishEpisode(episodeOf(call, { id, startedAt, belonging }), settings, mostBytes);
            },
          });
        }, undefined),
    };
  }

  function episodeOf(
    call: ModelCall,
    { id, startedAt, belonging }: { id: string; startedAt: number; belonging: Belonging },
  ): CapturedEpisode {
    const { start, end, messages, calls } = callAsEpisode(call);
    return {
      start: { ...start, ...belonging },
      end,
      id,
      createdAt: toIso(startedAt),
      latencyMs: end.latencyMs,
      agentId: belonging.agentId ?? settings.agentId,
      model: start.model,
      messages,
      calls,
      leftOut: call.request.leftOut,
    };
  }

  return {
    enabled: true,
    openModelCall,
    startCapture: (start) => quietly(() => startCapture(start), NOTHING),
    recordToolCall: (handle, call) => handle.recordToolCall(call),
    recordMessage: (handle, ...messages) => handle.recordMessage(...messages),
    setModel: (handle, model) => handle.setModel(model),
    endCapture: (handle, end) => handle.endCapture(end),
    captureFromToolResult: (capture) =>
      quietly(() => {
        if (isOwnTool(capture.toolName)) return "";
        const now = clock.now();
        const { id: callId, toolName, arguments: args, result, error, durationMs, ...belonging } = capture;
        const taken = takeCall({ id: callId, toolName, arguments: args, result, error, durationMs });
        const { value, bytes } = snapshot(belonging);
        const start = value as StartCapture;
        const id = timeOrderedId("ep", now);
        hand(
          {
            start,
            end: { assistantOutput: "", error: taken.call.error },
            id,
            createdAt: toIso(now - (amount(durationMs) ?? 0)),
            latencyMs: durationMs,
            agentId: start.agentId ?? settings.agentId,
            model: start.model,
            messages: [],
            calls: [taken.call],
            isToolResult: true,
          },
          bytes + taken.bytes,
        );
        return id;
      }, ""),
    flush: () => queue.flush(),
    flushWithin: (ms) => queue.flushWithin(ms),
    async close() {
      abandonOpen();
      const rest = await queue.close();
      forgetEnd();
      return rest;
    },
    stats: () => queue.stats(),
  };
}

function takeCall(given: ToolCallRecord, texts = new Set<string>()): { call: CapturedCall; bytes: number } {
  const { error, ...rest } = given;
  const { value, bytes } = snapshot(rest, texts);
  const call = value as Partial<CapturedCall>;
  return {
    call: {
      id: call.id,
      toolName: call.toolName ?? "unknown",
      arguments: call.arguments,
      result: call.result,
      durationMs: call.durationMs,
      error: textOfError(error),
    },
    bytes: bytes + 100,
  };
}

function textOfError(error: unknown): string | undefined {
  if (error === undefined || error === null) return undefined;
  return typeof error === "string" ? error : messageOf(error);
}

const nothing = () => {};
const NOTHING: CaptureHandle = Object.freeze({
  id: "",
  recordToolCall: nothing,
  recordMessage: nothing,
  setModel: nothing,
  endCapture: nothing,
  discard: nothing,
});
const NO_REST: CaptureRest = Object.freeze({ queued: 0, onDisk: 0, dropped: 0 });
const DISABLED: CaptureHook = Object.freeze({
  enabled: false,
  openModelCall: () => ({ id: "", now: Date.now, end: nothing, remember: nothing, onClose: nothing }),
  startCapture: () => NOTHING,
  recordToolCall: nothing,
  recordMessage: nothing,
  setModel: nothing,
  endCapture: nothing,
  captureFromToolResult: () => "",
  flush: async () => {},
  flushWithin: async () => NO_REST,
  close: async () => NO_REST,
  stats: noStats,
});
