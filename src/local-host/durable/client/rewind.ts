import {
  EventType,
  type HistoryEvent,
  type SubOrchestrationInstanceFailed,
  type TaskFailed,
} from "../history/history.ts";

export interface Rewound {
  readonly history: readonly HistoryEvent[];
  /** Children that failed and are to be rewound as well. */
  readonly failedChildren: readonly string[];
}

/**
 * A failed execution's history without its failures (TaskOrchestrationDispatcher.ProcessRewindOrchestrationDecision of
 * the framework): failed activities are forgotten, so that the replay schedules them again (a retry by hand); what was decided after the
 * first failure is forgotten with its results, since it may only exist because of that; failed children stay and are
 * rewound themselves. In the place of a failure, of what failed and of the end stands an event without meaning, as
 * DurableTask.AzureStorage leaves it.
 * @param exists whether a child is still there; one that was purged is started again
 */
export function rewound(history: readonly HistoryEvent[], exists: (child: string) => boolean): Rewound {
  const completed = new Set<number>();
  const fired = new Set<number>();
  const failed = new Set<number>();
  let firstFailure = history.length;
  for (const [at, event] of history.entries()) {
    if (isFailure(event)) {
      failed.add(event.TaskScheduledId);
      firstFailure = Math.min(firstFailure, at);
    } else if ("TaskScheduledId" in event) completed.add(event.TaskScheduledId);
    else if (event.EventType === EventType.TimerFired) fired.add(event.TimerId);
  }
  const kept = new Set<number>();
  const failedChildren: string[] = [];
  for (const [at, event] of history.entries()) {
    if (at > firstFailure) break;
    const id = event.EventId;
    if (event.EventType === EventType.TaskScheduled && completed.has(id)) kept.add(id);
    else if (event.EventType === EventType.TimerCreated && fired.has(id)) kept.add(id);
    else if (event.EventType === EventType.EventSent) kept.add(id);
    else if (event.EventType === EventType.SubOrchestrationInstanceCreated) {
      const goesOn = !failed.has(id) || exists(event.InstanceId);
      if (goesOn) kept.add(id);
      if (goesOn && failed.has(id)) failedChildren.push(event.InstanceId);
    }
  }
  const erased = (event: HistoryEvent) =>
    event.EventType === EventType.ExecutionCompleted ||
    isFailure(event) ||
    (event.EventType === EventType.TaskScheduled && failed.has(event.EventId));
  return {
    failedChildren,
    history: history.flatMap((event): HistoryEvent[] => {
      if (stays(event, kept)) return [event];
      const { EventId, Timestamp } = event;
      return erased(event) ? [{ EventType: EventType.GenericEvent, EventId, Timestamp, Data: null }] : [];
    }),
  };
}

/** The events that take a number; the final one, which is dropped, aside. */
const DECISIONS: ReadonlySet<number> = new Set([
  EventType.TaskScheduled,
  EventType.TimerCreated,
  EventType.EventSent,
  EventType.SubOrchestrationInstanceCreated,
]);

function stays(event: HistoryEvent, kept: ReadonlySet<number>): boolean {
  if (event.EventType === EventType.ExecutionCompleted || isFailure(event)) return false;
  if (DECISIONS.has(event.EventType)) return kept.has(event.EventId);
  if ("TaskScheduledId" in event) return kept.has(event.TaskScheduledId);
  return event.EventType !== EventType.TimerFired || kept.has(event.TimerId);
}

function isFailure(event: HistoryEvent): event is TaskFailed | SubOrchestrationInstanceFailed {
  return (
    event.EventType === EventType.TaskFailed || event.EventType === EventType.SubOrchestrationInstanceFailed
  );
}
