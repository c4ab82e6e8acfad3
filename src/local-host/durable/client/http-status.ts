import { EventType, type HistoryEvent, Status, statusName } from "../history/history.ts";
import type { Instance } from "../store/store.ts";

type Types = typeof EventType;
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

/**
 * Longer texts go out as they are stored, piece by piece: to read fifty megabytes of JSON and write them again holds
 * everybody up for seconds.
 */
const LONG = 64 * 1024;
/** Events after which a long loop yields to the event loop. */
const BREATH = 250;

/** Marks where a long text's parts yield to the event loop. */
export const breath = "";

/** An instance as the extension's HTTP API shows it; in parts, for it may be of any length. */
export function* statusText(
  instance: Instance,
  showInput: boolean,
  history?: Iterable<string>,
): Iterable<string> {
  const { name, id: instanceId, customStatus, createdAt, updatedAt } = instance;
  const runtimeStatus = statusName(instance.status);
  const version = instance.version === "" ? {} : { version: instance.version };
  yield `${JSON.stringify({ name, ...version, instanceId, runtimeStatus }).slice(0, -1)},"input":`;
  yield* showInput ? jsonText(instance.input, true) : ["null"];
  yield `,"customStatus":${JSON.stringify(json(customStatus))},"output":`;
  yield* outputText(instance);
  yield `,"createdTime":"${seconds(createdAt)}","lastUpdatedTime":"${seconds(updatedAt)}"`;
  if (history !== undefined) {
    yield ',"historyEvents":';
    yield* history;
  }
  yield "}";
}

/** A result is JSON text; what became of the others is told in plain words. */
export function outputText({ output, status }: Pick<Instance, "output" | "status">): Iterable<string> {
  return jsonText(output, status === Status.Completed);
}

/** A stored text as JSON. @param isJson what a long one is, for it is not tried */
function* jsonText(text: string | null, isJson: boolean): Iterable<string> {
  if (text === null || text.length <= LONG) {
    yield JSON.stringify(json(text));
    return;
  }
  if (!isJson) yield '"';
  for (let from = 0, to: number; from < text.length; from = to) {
    to = Math.min(from + LONG, text.length);
    // Both halves of a character stay together.
    if (/[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to++;
    const slice = text.slice(from, to);
    yield isJson ? slice : JSON.stringify(slice).slice(1, -1);
  }
  if (!isJson) yield '"';
}

/** History for people, event by event. */
export function historyText(read: () => Iterable<HistoryEvent>, showOutput: boolean): Iterable<string> {
  return jsonArray(historyView(read, showOutput));
}

/** The text of a JSON array of texts, each in parts. */
export function* jsonArray(items: Iterable<Iterable<string> | typeof breath>): Iterable<string> {
  let before = "[";
  for (const item of items) {
    if (item === breath) {
      yield breath;
      continue;
    }
    yield before;
    yield* item;
    before = ",";
  }
  yield before === "[" ? "[]" : "]";
}

/**
 * OrchestratorStarted and OrchestratorCompleted are left out, and a finished activity or child takes the place of the
 * event that scheduled it, with its name, time and id; a timer's two events both stand. It is read twice, first for what
 * is finished, so that it need not be in memory.
 */
function* historyView(
  read: () => Iterable<HistoryEvent>,
  showOutput: boolean,
): Iterable<Iterable<string> | typeof breath> {
  const scheduled = new Map<number, Cause>();
  const finished = new Set<number>();
  let count = 0;
  for (const event of read()) {
    if (++count % BREATH === 0) yield breath;
    if ("TaskScheduledId" in event) finished.add(event.TaskScheduledId);
    else if (schedules(event))
      scheduled.set(event.EventId, {
        FunctionName: event.Name,
        ScheduledTime: event.Timestamp,
        ...("InstanceId" in event ? { InstanceId: event.InstanceId } : {}),
      });
  }
  for (const event of read()) {
    if (++count % BREATH === 0) yield breath;
    if (
      event.EventType === EventType.OrchestratorStarted ||
      event.EventType === EventType.OrchestratorCompleted ||
      (schedules(event) && finished.has(event.EventId))
    )
      continue;
    yield eventText(event, scheduled, showOutput);
  }
}

function* eventText(
  event: HistoryEvent,
  scheduled: ReadonlyMap<number, Cause>,
  showOutput: boolean,
): Iterable<string> {
  const text = JSON.stringify(shown(event, scheduled));
  if (!showOutput || !("Result" in event)) {
    yield text;
    return;
  }
  yield `${text.slice(0, -1)},"Result":`;
  yield* event.EventType === EventType.ExecutionCompleted
    ? outputText({ output: event.Result, status: event.OrchestrationStatus })
    : jsonText(event.Result, true);
  yield "}";
}

/** What set an activity or a child going. */
interface Cause {
  readonly FunctionName: string;
  readonly ScheduledTime: string;
  readonly InstanceId?: string;
}

function schedules(
  event: HistoryEvent,
): event is Extract<HistoryEvent, { EventType: Types["TaskScheduled" | "SubOrchestrationInstanceCreated"] }> {
  return (
    event.EventType === EventType.TaskScheduled ||
    event.EventType === EventType.SubOrchestrationInstanceCreated
  );
}

/** Members that the API does not list, or under another name. */
const UNLISTED = new Set([
  "EventType",
  "EventId",
  "TaskScheduledId",
  "TimerId",
  "OrchestrationInstance",
  "OrchestrationStatus",
  "ParentInstance",
  "Version",
  "Result",
]);

function shown(event: HistoryEvent, scheduled: ReadonlyMap<number, Cause>): Record<string, unknown> {
  const entry: Record<string, unknown> = { EventType: EVENT_NAMES[event.EventType] };
  if ("TaskScheduledId" in event) Object.assign(entry, scheduled.get(event.TaskScheduledId));
  if (event.EventType === EventType.ExecutionStarted) {
    const { Name: FunctionName, ScheduledStartTime = null, ...rest } = event;
    const untraced = { Correlation: null, ParentTraceContext: null, GenerateNewTrace: false, Generation: 0 };
    Object.assign(entry, { FunctionName, ScheduledStartTime, ...untraced }, listed(rest));
  } else Object.assign(entry, listed(event));
  if (event.EventType === EventType.ExecutionCompleted)
    entry.OrchestrationStatus = statusName(event.OrchestrationStatus);
  return entry;
}

const listed = (event: object): object =>
  Object.fromEntries(Object.entries(event).filter(([name]) => !UNLISTED.has(name)));
