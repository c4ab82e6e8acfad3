import { EventType, type ExecutionStarted, isTerminal, type StoredEvent } from "../history/history.ts";
import type { Instance, Message } from "../store/store.ts";

/** The event an execution began with. */
export function findStarted(...lists: (readonly StoredEvent[])[]): ExecutionStarted | undefined {
  for (const list of lists)
    for (const { event } of list) if (event.EventType === EventType.ExecutionStarted) return event;
  return undefined;
}

/** Drops what is for an earlier execution, for an instance that is over, and duplicate starts. */
export function accept(
  instance: Instance,
  stored: readonly StoredEvent[],
  messages: readonly Message[],
): StoredEvent[] {
  if (isTerminal(instance.status)) return [];
  let begun = findStarted(stored) !== undefined;
  const accepted: StoredEvent[] = [];
  for (const { executionId, event } of messages) {
    if (executionId !== null && executionId !== instance.executionId) continue;
    if (event.event.EventType === EventType.ExecutionStarted) {
      if (begun) continue;
      begun = true;
    }
    accepted.push(event);
  }
  return accepted;
}

/**
 * The orchestrator's clock never goes back and is never before a timer that fired, or the SDK's long timer would
 * schedule itself again.
 */
export function workItemTime(
  now: number,
  stored: readonly StoredEvent[],
  accepted: readonly StoredEvent[],
): number {
  let time = now;
  const last = stored.findLast(({ event }) => event.EventType === EventType.OrchestratorStarted);
  if (last !== undefined) time = Math.max(time, Date.parse(last.event.Timestamp));
  for (const { event } of accepted)
    if (event.EventType === EventType.TimerFired) time = Math.max(time, Date.parse(event.FireAt));
  return time;
}
