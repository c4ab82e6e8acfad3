import {
  EventType,
  type HistoryEvent,
  type SubOrchestrationInstanceFailed,
  type TaskFailed,
} from "./history.ts";

export interface Rewound {
  readonly history: readonly HistoryEvent[];
  /** Children that failed and are to be rewound as well. */
  readonly failedChildren: readonly string[];
}

/**
 * A failed execution's history without its failures (TaskOrchestrationDispatcher.ProcessRewindOrchestrationDecision of
 * the framework): failed activities are forgotten, so that the replay schedules them anew; what was decided after the
 * first failure is forgotten with its results, since it may only exist because of that; failed children stay and are
 * rewound themselves.
 * @param exists whether a child is still there; one that was purged is started anew
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
  return { failedChildren, history: history.filter((event) => stays(event, kept)) };
}

function stays(event: HistoryEvent, kept: ReadonlySet<number>): boolean {
  switch (event.EventType) {
    case EventType.TaskScheduled:
    case EventType.TimerCreated:
    case EventType.EventSent:
    case EventType.SubOrchestrationInstanceCreated:
      return kept.has(event.EventId);
    case EventType.TaskCompleted:
    case EventType.SubOrchestrationInstanceCompleted:
      return kept.has(event.TaskScheduledId);
    case EventType.TimerFired:
      return kept.has(event.TimerId);
    case EventType.TaskFailed:
    case EventType.SubOrchestrationInstanceFailed:
    case EventType.ExecutionCompleted:
      return false;
    default:
      return true;
  }
}

function isFailure(event: HistoryEvent): event is TaskFailed | SubOrchestrationInstanceFailed {
  return (
    event.EventType === EventType.TaskFailed || event.EventType === EventType.SubOrchestrationInstanceFailed
  );
}
