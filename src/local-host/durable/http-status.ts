import { EventType, type HistoryEvent, statusName } from "./history.ts";
import type { Instance } from "./store.ts";

const EVENT_NAMES = Object.fromEntries(Object.entries(EventType).map(([name, value]) => [value, name]));

/** Input, output and custom status are JSON where they can be; other text is shown as it is. */
function json(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** .NET's sortable format: seconds. */
const seconds = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

export interface StatusOptions {
  readonly showInput: boolean;
  readonly history?: readonly HistoryEvent[] | undefined;
  readonly showHistoryOutput?: boolean;
}

/** An instance as the extension's HTTP API shows it. */
export function statusBody(instance: Instance, options: StatusOptions): Record<string, unknown> {
  return {
    name: instance.name,
    instanceId: instance.id,
    runtimeStatus: statusName(instance.status),
    input: options.showInput ? json(instance.input) : null,
    customStatus: json(instance.customStatus),
    output: json(instance.output),
    createdTime: seconds(instance.createdAt),
    lastUpdatedTime: seconds(instance.updatedAt),
    ...(options.history === undefined
      ? {}
      : { historyEvents: historyView(options.history, options.showHistoryOutput === true) }),
  };
}

/**
 * History for people: started and completed episodes are left out, and a finished task takes the place of the event
 * that scheduled it, with its name and time.
 */
function historyView(history: readonly HistoryEvent[], showOutput: boolean): Record<string, unknown>[] {
  const scheduled = new Map<number, HistoryEvent>();
  const finished = new Set<number>();
  for (const event of history) {
    if ("TaskScheduledId" in event) finished.add(event.TaskScheduledId);
    else if (event.EventType === EventType.TimerFired) finished.add(event.TimerId);
    else if (
      event.EventType === EventType.TaskScheduled ||
      event.EventType === EventType.SubOrchestrationInstanceCreated ||
      event.EventType === EventType.TimerCreated
    )
      scheduled.set(event.EventId, event);
  }
  const view: Record<string, unknown>[] = [];
  for (const event of history) {
    if (
      event.EventType === EventType.OrchestratorStarted ||
      event.EventType === EventType.OrchestratorCompleted ||
      (scheduled.get(event.EventId) === event && finished.has(event.EventId))
    )
      continue;
    view.push(shown(event, scheduled, showOutput));
  }
  return view;
}

function shown(
  event: HistoryEvent,
  scheduled: ReadonlyMap<number, HistoryEvent>,
  showOutput: boolean,
): Record<string, unknown> {
  const entry: Record<string, unknown> = {
    EventType: EVENT_NAMES[event.EventType],
    Timestamp: event.Timestamp,
  };
  const of = (id: number) => {
    const cause = scheduled.get(id);
    if (cause === undefined) return;
    if ("Name" in cause) entry.FunctionName = cause.Name;
    entry.ScheduledTime = cause.Timestamp;
  };
  if ("TaskScheduledId" in event) of(event.TaskScheduledId);
  if (event.EventType === EventType.TimerFired) of(event.TimerId);
  if (event.EventType === EventType.ExecutionStarted) entry.FunctionName = event.Name;
  else if ("Name" in event) entry.Name = event.Name;
  if ("FireAt" in event) entry.FireAt = event.FireAt;
  if ("Reason" in event) entry.Reason = event.Reason;
  if ("Details" in event) entry.Details = event.Details;
  if (event.EventType === EventType.ExecutionTerminated) entry.Input = event.Input;
  if (event.EventType === EventType.ExecutionCompleted)
    entry.OrchestrationStatus = statusName(event.OrchestrationStatus);
  if (showOutput && "Result" in event) entry.Result = json(event.Result);
  return entry;
}
