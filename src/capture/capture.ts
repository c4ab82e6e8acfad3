import type { AgentSettings } from "../config/agent-settings.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { timeOrderedId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/logger.ts";
import type { MessageInput as Message } from "../wire/types.ts";
import {
  type CapturedCall,
  type CapturedEpisode,
  type EndCapture,
  finishEpisode,
  type StartCapture,
} from "./episode.ts";
import {
  CAPTURE_LIMITS,
  type CaptureLimits,
  CaptureQueue,
  type CaptureStats,
  noStats,
  type Send,
} from "./queue.ts";
import { snapshot } from "./snapshot.ts";

export type { StartCapture } from "./episode.ts";
export type { CaptureStats, Send } from "./queue.ts";

/** One call of a tool; `result` and `arguments` may be any value. */
export interface ToolCallRecord {
  readonly id?: string | undefined;
  readonly toolName: string;
  readonly arguments?: unknown;
  readonly result?: unknown;
  readonly durationMs?: number | undefined;
  readonly error?: unknown;
}

interface ToolResultCapture extends ToolCallRecord, Partial<Omit<StartCapture, "tools" | "messages">> {}

/** One episode while it happens. Its id is known from the start, so that rewards can refer to it. */
export interface CaptureHandle {
  readonly id: string;
  recordToolCall(call: ToolCallRecord): void;
  recordMessage(...messages: Message[]): void;
  /** The model that really answered: read it from the call, not from a setting that may have changed since. */
  setModel(model: string): void;
  /** Hands the episode over. A second end is ignored. */
  endCapture(end: EndCapture): void;
  /** Forgets the episode. */
  discard(): void;
}

export interface CaptureHook {
  readonly enabled: boolean;
  startCapture(start: StartCapture): CaptureHandle;
  recordToolCall(handle: CaptureHandle, call: ToolCallRecord): void;
  recordMessage(handle: CaptureHandle, ...messages: Message[]): void;
  setModel(handle: CaptureHandle, model: string): void;
  endCapture(handle: CaptureHandle, end: EndCapture): void;
  /** A tool call that is an episode of its own, in the original's words; returns the episode's id. */
  captureFromToolResult(capture: ToolResultCapture): string;
  /** Resolves when everything captured so far was sent, spilled or counted as lost. Never rejects. */
  flush(): Promise<void>;
  /** Flushes, then captures nothing more. */
  close(): Promise<void>;
  stats(): CaptureStats;
}

export interface CaptureDeps {
  /** Takes redacted episodes; a throw means "not taken", they come again under the same ids. */
  readonly send: Send;
  readonly settings: Pick<AgentSettings, "enableCapture" | "agentId" | "redactSecrets" | "maxOutputLength">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** JSONL of what could not be sent, readable by the owner alone; absent: such episodes are dropped and counted. */
  readonly spillFile?: string | undefined;
  readonly limits?: Partial<CaptureLimits> | undefined;
}

/** Calls of our own tools would teach the model to call them. */
export const isOwnTool = (toolName: string): boolean => toolName.startsWith("lightning_");

/**
 * Capture in the agent's own process. Each method copies what it is given and returns; redaction, sending and
 * spilling happen in the background. Nothing here throws into the agent or waits for anything. Switched off
 * (`ENABLE_LIGHTNING_CAPTURE=false`) every method does nothing.
 */
export function createCaptureHook(deps: CaptureDeps): CaptureHook {
  if (!deps.settings.enableCapture) return DISABLED;
  const { settings, clock, logger } = deps;
  const queue = new CaptureQueue({
    ...deps,
    limits: { ...CAPTURE_LIMITS, ...deps.limits },
  });
  const onExit = () => {
    try {
      queue.spillNow();
    } catch {
      // The process is ending; nobody is left to tell.
    }
  };
  process.once("exit", onExit);
  let isClosed = false;

  /** A fault of ours is counted and logged, never the agent's problem. */
  function quietly<T>(work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (thrown) {
      queue.stats.errors++;
      try {
        logger.debug("capture fault", { reason: messageOf(thrown) });
      } catch {
        // A logger that throws must not reach the agent either.
      }
      return otherwise;
    }
  }

  function hand(episode: CapturedEpisode, bytes: number): void {
    if (isClosed) return;
    queue.push({ bytes: bytes + 500, finish: () => finishEpisode(episode, settings) });
  }

  function startCapture(start: StartCapture): CaptureHandle {
    const startedAt = clock.now();
    const copied = snapshot(start);
    const given = copied.value as StartCapture;
    const calls: CapturedCall[] = [];
    const messages: Message[] = [...(given.messages ?? [])];
    let { bytes } = copied;
    let model = given.model;
    let isOpen = true;
    const id = timeOrderedId("ep", startedAt);
    return {
      id,
      recordToolCall: (call) =>
        quietly(() => {
          if (!isOpen) return;
          const taken = takeCall(call);
          calls.push(taken.call);
          bytes += taken.bytes;
        }, undefined),
      recordMessage: (...more) =>
        quietly(() => {
          const taken = snapshot(more);
          messages.push(...(taken.value as Message[]));
          bytes += taken.bytes;
        }, undefined),
      setModel(name) {
        model = name;
      },
      endCapture: (end) =>
        quietly(() => {
          if (!isOpen) return;
          isOpen = false;
          const { error, ...rest } = end;
          const taken = snapshot(rest);
          const now = clock.now();
          hand(
            {
              start: given,
              end: { ...(taken.value as EndCapture), error: textOfError(error) },
              id,
              createdAt: toIso(startedAt),
              latencyMs: end.latencyMs ?? Math.max(0, now - startedAt),
              agentId: given.agentId ?? settings.agentId,
              model: end.model ?? model,
              messages,
              calls,
            },
            bytes + taken.bytes,
          );
        }, undefined),
      discard() {
        isOpen = false;
      },
    };
  }

  return {
    enabled: true,
    startCapture: (start) => quietly(() => startCapture(start), NOTHING),
    recordToolCall: (handle, call) => handle.recordToolCall(call),
    recordMessage: (handle, ...messages) => handle.recordMessage(...messages),
    setModel: (handle, model) => handle.setModel(model),
    endCapture: (handle, end) => handle.endCapture(end),
    captureFromToolResult: (capture) =>
      quietly(() => {
        if (isOwnTool(capture.toolName)) return "";
        const now = clock.now();
        const taken = takeCall(capture);
        const start = snapshot({ ...capture, arguments: undefined, result: undefined, error: undefined });
        const id = timeOrderedId("ep", now);
        const durationMs = capture.durationMs;
        hand(
          {
            start: start.value as StartCapture,
            end: { assistantOutput: "", error: taken.call.error },
            id,
            createdAt: toIso(now - Math.max(0, durationMs ?? 0)),
            latencyMs: durationMs,
            agentId: capture.agentId ?? settings.agentId,
            model: capture.model,
            messages: [],
            calls: [taken.call],
            isToolResult: true,
          },
          start.bytes + taken.bytes,
        );
        return id;
      }, ""),
    flush: () => queue.flush().catch(() => {}),
    async close() {
      isClosed = true;
      await queue.flush().catch(() => {});
      process.removeListener("exit", onExit);
    },
    stats: () => ({ ...queue.stats }),
  };
}

function takeCall(call: ToolCallRecord): { call: CapturedCall; bytes: number } {
  const args = snapshot(call.arguments);
  const result = snapshot(call.result);
  return {
    call: {
      id: call.id,
      toolName: call.toolName,
      arguments: args.value,
      result: result.value,
      durationMs: call.durationMs,
      error: textOfError(call.error),
    },
    bytes: args.bytes + result.bytes + 100,
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
const DISABLED: CaptureHook = Object.freeze({
  enabled: false,
  startCapture: () => NOTHING,
  recordToolCall: nothing,
  recordMessage: nothing,
  setModel: nothing,
  endCapture: nothing,
  captureFromToolResult: () => "",
  flush: async () => {},
  close: async () => {},
  stats: noStats,
});
