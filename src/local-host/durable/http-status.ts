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

/** An instance as the extension's HTTP API shows it, but for its history. */
export function statusBody(instance: Instance, showInput: boolean): Record<string, unknown> {
  return {
    name: instance.name,
    instanceId: instance.id,
    runtimeStatus: statusName(instance.status),
    input: showInput ? json(instance.input) : null,
    customStatus: json(instance.customStatus),
    output: json(instance.output),
    createdTime: seconds(instance.createdAt),
    lastUpdatedTime: seconds(instance.updatedAt),
  };
}

/** The text of a status with its history, event by event. */
export function* statusWithHistory(
  status: Record<string, unknown>,
  read: () => Iterable<HistoryEvent>,
  showOutput: boolean,
): Iterable<string> {
  yield `${JSON.stringify(status).slice(0, -1)},"historyEvents":`;
  yield* jsonArray(historyView(read, showOutput), (event) => event);
  yield "}";
}

/** The text of a JSON array, entry by entry. */
export function* jsonArray<T>(items: Iterable<T>, view: (item: T) => unknown): Iterable<string> {
  let before = "[";
  for (const item of items) {
    yield before + JSON.stringify(view(item));
    before = ",";
  }
  yield before === "[" ? "[]" : "]";
}

/**
 * History for people: started and completed episodes are left out, and a finished task takes the place of the event
 * that scheduled it, with its name and time. It is read twice, first for what is finished, so that it need not be in
 * memory.
 */
function* historyView(
  read: () => Iterable<HistoryEvent>,
  showOutput: boolean,
): Iterable<Record<string, unknown>> {
  const scheduled = new Map<number, Cause>();
  const finished = new Set<number>();
  for (const event of read()) {
    if ("TaskScheduledId" in event) finished.add(event.TaskScheduledId);
    else if (event.EventType === EventType.TimerFired) finished.add(event.TimerId);
    else if (schedules(event))
      scheduled.set(event.EventId, {
        ...("Name" in event ? { FunctionName: event.Name } : {}),
        ScheduledTime: event.Timestamp,
      });
  }
  for (const event of read()) {
    if (
      event.EventType === EventType.OrchestratorStarted ||
      event.EventType === EventType.OrchestratorCompleted ||
      (schedules(event) && finished.has(event.EventId))
    )
      continue;
    yield shown(event, scheduled, showOutput);
  }
}

/** What set a task going. */
interface Cause {
  readonly FunctionName?: string;
  readonly ScheduledTime: string;
}

function schedules(event: HistoryEvent): boolean {
  return (
    event.EventType === EventType.TaskScheduled ||
    event.EventType === EventType.SubOrchestrationInstanceCreated ||
    event.EventType === EventType.TimerCreated
  );
}

function shown(
  event: HistoryEvent,
  scheduled: ReadonlyMap<number, Cause>,
  showOutput: boolean,
): Record<string, unknown> {
  const entry: Record<string, unknown> = {
    EventType: EVENT_NAMES[event.EventType],
    Timestamp: event.Timestamp,
  };
  if ("TaskScheduledId" in event) Object.assign(entry, scheduled.get(event.TaskScheduledId));
  if (event.EventType === EventType.TimerFired) Object.assign(entry, scheduled.get(event.TimerId));
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
