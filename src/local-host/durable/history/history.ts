/**
 * The history of an orchestration as the Durable Task framework writes it and the JavaScript SDK reads it
 * (HistoryEventType in durable-functions 3.5.0; field names are the wire's).
 */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventSent: 14,
  EventRaised: 15,
  ContinueAsNew: 16,
  GenericEvent: 17,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
} as const;
type Types = typeof EventType;

/** Numbers of OrchestrationStatus in the framework; the names are what the HTTP API shows. */
export const Status = {
  Running: 0,
  Completed: 1,
  ContinuedAsNew: 2,
  Failed: 3,
  Canceled: 4,
  Terminated: 5,
  Pending: 6,
  Suspended: 7,
} as const;
export type StatusNumber = (typeof Status)[keyof typeof Status];
export type StatusName = keyof typeof Status;

const STATUS_NAMES = Object.fromEntries(Object.entries(Status).map(([name, value]) => [value, name]));
export const statusName = (status: number): StatusName => (STATUS_NAMES[status] ?? "Failed") as StatusName;

/** True for a status that never changes by itself. */
export const isTerminal = (status: number): boolean =>
  status === Status.Completed ||
  status === Status.Failed ||
  status === Status.Canceled ||
  status === Status.Terminated;

/** The framework's structured failure; null where an error is only text. */
export interface FailureDetails {
  readonly ErrorType: string;
  readonly ErrorMessage: string;
  readonly StackTrace?: string | null;
  readonly IsNonRetriable: boolean;
  readonly InnerFailure?: FailureDetails | null;
  readonly Properties?: Readonly<Record<string, unknown>> | null;
}

export interface ParentInstance {
  readonly Name: string;
  readonly OrchestrationInstance: { readonly InstanceId: string; readonly ExecutionId: string };
  readonly TaskScheduleId: number;
  readonly Version: string;
}

/** `EventId` is the task's id on events that decide something, -1 on events that come in. */
interface Base<Name extends keyof Types> {
  readonly EventType: Types[Name];
  readonly EventId: number;
  readonly Timestamp: string;
}

export interface ExecutionStarted extends Base<"ExecutionStarted"> {
  readonly OrchestrationInstance: { readonly InstanceId: string; readonly ExecutionId: string };
  readonly ParentInstance: ParentInstance | null;
  readonly Name: string;
  /** Null for none ("" in histories of earlier versions of this host). */
  readonly Version: string | null;
  readonly Input: string | null;
  /** Set on a start that was asked for a later time. */
  readonly ScheduledStartTime?: string;
}
interface ExecutionCompleted extends Base<"ExecutionCompleted"> {
  readonly OrchestrationStatus: StatusNumber;
  readonly Result: string | null;
  readonly FailureDetails: FailureDetails | null;
}
interface ExecutionTerminated extends Base<"ExecutionTerminated"> {
  readonly Input: string | null;
}
interface TaskScheduled extends Base<"TaskScheduled"> {
  readonly Name: string;
  readonly Version: string;
  readonly Input: null;
}
interface TaskCompleted extends Base<"TaskCompleted"> {
  readonly TaskScheduledId: number;
  /** JSON text; null, never undefined: the SDK parses it. */
  readonly Result: string | null;
}
export interface TaskFailed extends Base<"TaskFailed"> {
  readonly TaskScheduledId: number;
  readonly Reason: string;
  readonly Details: string;
  readonly FailureDetails: FailureDetails | null;
}
interface SubOrchestrationInstanceCreated extends Base<"SubOrchestrationInstanceCreated"> {
  readonly Name: string;
  readonly Version: string;
  readonly InstanceId: string;
  readonly Input: null;
}
interface SubOrchestrationInstanceCompleted extends Base<"SubOrchestrationInstanceCompleted"> {
  readonly TaskScheduledId: number;
  readonly Result: string | null;
}
export interface SubOrchestrationInstanceFailed extends Base<"SubOrchestrationInstanceFailed"> {
  readonly TaskScheduledId: number;
  readonly Reason: string;
  readonly Details: string;
  readonly FailureDetails: FailureDetails | null;
}
interface TimerCreated extends Base<"TimerCreated"> {
  readonly FireAt: string;
}
interface TimerFired extends Base<"TimerFired"> {
  readonly TimerId: number;
  readonly FireAt: string;
}
type OrchestratorStarted = Base<"OrchestratorStarted">;
type OrchestratorCompleted = Base<"OrchestratorCompleted">;
interface EventSent extends Base<"EventSent"> {
  readonly InstanceId: string;
  readonly Name: string;
  readonly Input: string | null;
}
export interface EventRaised extends Base<"EventRaised"> {
  readonly Name: string;
  readonly Input: string | null;
}
interface ExecutionSuspended extends Base<"ExecutionSuspended"> {
  readonly Reason: string | null;
}
interface ExecutionResumed extends Base<"ExecutionResumed"> {
  readonly Reason: string | null;
}

/** Means nothing to the orchestrator; a rewound instance wakes up by one. */
interface GenericEvent extends Base<"GenericEvent"> {
  readonly Data: string | null;
}

export type HistoryEvent =
  | ExecutionStarted
  | ExecutionCompleted
  | ExecutionTerminated
  | TaskScheduled
  | TaskCompleted
  | TaskFailed
  | SubOrchestrationInstanceCreated
  | SubOrchestrationInstanceCompleted
  | SubOrchestrationInstanceFailed
  | TimerCreated
  | TimerFired
  | OrchestratorStarted
  | OrchestratorCompleted
  | EventSent
  | EventRaised
  | ExecutionSuspended
  | ExecutionResumed
  | GenericEvent;

/** An event with its stored text, so that a long history is not serialised again on every work item. */
export interface StoredEvent {
  readonly event: HistoryEvent;
  /** The event's JSON without the opening brace: `IsPlayed` is put before it, see `historyJson`. */
  readonly text: string;
}

export const store = (event: HistoryEvent): StoredEvent => ({ event, text: JSON.stringify(event).slice(1) });
export const restore = (text: string): StoredEvent => ({
  event: JSON.parse(`{${text}`) as HistoryEvent,
  text,
});

/** The history array of the orchestrator trigger: events of earlier work items are played, the batch's are not. */
export function historyJson(past: readonly StoredEvent[], fresh: readonly StoredEvent[]): string {
  const parts: string[] = [];
  for (const { text } of past) parts.push(`{"IsPlayed":true,${text}`);
  for (const { text } of fresh) parts.push(`{"IsPlayed":false,${text}`);
  return `[${parts.join(",")}]`;
}
