import { EventType } from "../history/history.ts";
import type { Message } from "../store/store.ts";

/** What memory holds of an instance that has something to do. */
export interface Slot {
  readonly id: string;
  inbox: Message[];
  /** A work item is under way. */
  running: boolean;
  /** In the ready queue. */
  queued: boolean;
  /** Gathers results; the way to stop waiting. */
  gathering: (() => void) | undefined;
  /** Activities and sub-orchestrations that were started and have not reported. */
  outstanding: number;
  /** How long the last work item took, ms of real time. */
  lastMs: number;
}

export const newSlot = (id: string): Slot => ({
  id,
  inbox: [],
  running: false,
  queued: false,
  gathering: undefined,
  outstanding: 0,
  lastMs: 0,
});

/** Up to this many events an instance replays at every result: that costs less than waiting would. */
const SMALL_HISTORY = 200;
/** The share of the results still to come that is worth a replay. Each replay halves the rest: log2(n) replays for n. */
const WORTH_A_REPLAY = 0.5;
/** Replays may take one part in so many of the time: the back-off between them grows with their cost, up to the longest wait. */
const REPLAY_SHARE = 4;
const LONGEST_WAIT_MS = 500;

/**
 * How long a large instance waits for more results before it replays, in ms of real time; 0 for not at all. Real time
 * also under a virtual clock: the results are being computed right now.
 */
export function gatheringMs(slot: Slot, historyLength: number, arriving = 0): number {
  if (historyLength <= SMALL_HISTORY || slot.outstanding === 0) return 0;
  if (slot.inbox.some(({ event }) => !isResult(event.event.EventType))) return 0;
  if (slot.inbox.length + arriving >= slot.outstanding * WORTH_A_REPLAY) return 0;
  return Math.min(LONGEST_WAIT_MS, Math.max(1, slot.lastMs * REPLAY_SHARE));
}

const RESULTS: ReadonlySet<number> = new Set([
  EventType.TaskCompleted,
  EventType.TaskFailed,
  EventType.SubOrchestrationInstanceCompleted,
  EventType.SubOrchestrationInstanceFailed,
]);
/** True for what reports the end of an activity or a sub-orchestration. */
export const isResult = (eventType: number): boolean => RESULTS.has(eventType);
