import type { Faults } from "../../faults.ts";
import { EventType } from "../history/history.ts";
import type { Message } from "../store/store.ts";

/** What stands where it has to: a start is first, and commands keep their order among what they are about. */
const FIXED: ReadonlySet<number> = new Set([
  EventType.ExecutionStarted,
  EventType.ExecutionTerminated,
  EventType.ExecutionSuspended,
  EventType.ExecutionResumed,
]);

const free = (message: Message): boolean => !FIXED.has(message.event.event.EventType);

/** Fault mode: the same messages, those that are free to in other places. */
export function reordered(messages: readonly Message[], faults: Faults): Message[] {
  const others = faults.shuffled(messages.filter(free));
  return messages.map((message) => (free(message) ? (others.shift() ?? message) : message));
}
