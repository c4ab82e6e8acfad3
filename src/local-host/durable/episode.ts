import { randomUUID } from "node:crypto";
import { toIso } from "../../kernel/clock.ts";
import { missingFunction } from "./failures.ts";
import {
  EventType,
  type ExecutionStarted,
  type HistoryEvent,
  isTerminal,
  type ParentInstance,
  Status,
  type StatusNumber,
  type StoredEvent,
  store,
} from "./history.ts";
import type { FunctionInvoker } from "./port.ts";
import { type Answer, type ReplayResult, replay } from "./replay.ts";
import type { Decision } from "./replay-context.ts";
import type { Activity, Instance, Message } from "./store.ts";
import { orchestratorTrigger, readAnswer } from "./trigger.ts";

/**
 * Generations of continue-as-new that run in one work item. The framework has no limit; without one, an
 * orchestrator that continues as new without waiting could be neither stopped nor saved.
 */
const GENERATIONS_PER_WORK_ITEM = 50;

export interface NewInstance {
  readonly id: string;
  readonly executionId: string;
  readonly name: string;
  readonly version: string;
  readonly input: string | null;
  readonly createdAt: number;
}

/** Everything a work item changes; it is committed as one. */
export interface Plan {
  readonly consumed: readonly number[];
  readonly change: {
    readonly executionId: string;
    readonly version: string;
    readonly status: StatusNumber;
    readonly input: string | null;
    readonly output: string | null;
    readonly customStatus: string | null;
    readonly updatedAt: number;
  };
  /** How many of the stored events stay: all of them, or none after continue-as-new. */
  readonly kept: number;
  readonly history: readonly StoredEvent[];
  readonly activities: readonly Omit<Activity, "id">[];
  readonly messages: readonly Omit<Message, "id">[];
  readonly starts: readonly { readonly instance: NewInstance; readonly started: Omit<Message, "id"> }[];
  /** What the engine should tell the people: a level and a sentence. */
  readonly notes: readonly { readonly level: "warn" | "error"; readonly text: string }[];
}

export interface EpisodeDeps {
  readonly invoker: FunctionInvoker;
  readonly now: () => number;
  readonly defaultVersion: string;
}

/** The ExecutionStarted message of a new execution. */
export function startMessage(
  instance: NewInstance,
  parent: ParentInstance | null,
  timestamp: string,
): Omit<Message, "id"> {
  const event: ExecutionStarted = {
    EventType: EventType.ExecutionStarted,
    EventId: -1,
    Timestamp: timestamp,
    OrchestrationInstance: { InstanceId: instance.id, ExecutionId: instance.executionId },
    ParentInstance: parent,
    Name: instance.name,
    Version: instance.version,
    Input: instance.input,
  };
  return {
    instanceId: instance.id,
    executionId: instance.executionId,
    due: null,
    event: store(event),
  };
}

export const newExecutionId = (): string => randomUUID().replaceAll("-", "");

/**
 * One work item of an instance: its new messages become history, the orchestrator function runs against the whole
 * of it, and what it decided becomes a plan. Returns undefined when none of the messages is for this execution, and
 * "missing" when the app has no such orchestrator.
 */
export async function runEpisode(
  deps: EpisodeDeps,
  instance: Instance,
  stored: readonly StoredEvent[],
  messages: readonly Message[],
): Promise<Plan | "missing" | undefined> {
  const accepted = accept(instance, stored, messages);
  if (accepted.length === 0) return undefined;
  const now = episodeTime(deps.now(), stored, accepted);
  const timestamp = toIso(now);

  let past = stored;
  let fresh: StoredEvent[] = [started(timestamp), ...accepted.map((event) => arrived(event, timestamp))];
  let { executionId } = instance;
  let customStatus: string | null = null;
  const plan = {
    activities: [] as Omit<Activity, "id">[],
    messages: [] as Omit<Message, "id">[],
    starts: [] as { instance: NewInstance; started: Omit<Message, "id"> }[],
    notes: [] as { level: "warn" | "error"; text: string }[],
  };

  for (let generation = 1; ; generation++) {
    const begin = findStarted(past, fresh);
    if (begin === undefined) return undefined;
    const parentInstanceId = begin.ParentInstance?.OrchestrationInstance.InstanceId ?? null;
    const found = deps.invoker.find(begin.Name, "orchestrationTrigger");
    let answer: Answer;
    if (found === undefined) {
      // Another version of the app may have it again; until then only terminating has a sense.
      if (!accepted.some(({ event }) => event.EventType === EventType.ExecutionTerminated)) return "missing";
      answer = { kind: "broken", message: "", stack: "" };
    } else {
      const trigger = orchestratorTrigger({
        past,
        fresh,
        input: begin.Input,
        instanceId: instance.id,
        parentInstanceId,
        isReplaying: past.length > 0,
      });
      answer = readAnswer(await deps.invoker.invoke(found.name, trigger));
    }
    // Without the function only the terminating event can be looked at: the rest would not match its actions.
    const history = found === undefined ? terminations(fresh) : events(past, fresh);
    const { id: instanceId } = instance;
    const result = replay({ name: begin.Name, instanceId, executionId, parentInstanceId, history, answer });
    if (answer.kind === "state" && answer.state.customStatus != null)
      customStatus = JSON.stringify(answer.state.customStatus);

    const decided: HistoryEvent[] = [];
    const scope = { deps, instance, executionId, begin, timestamp, plan };
    for (const decision of result.decisions) decided.push(carryOut(decision, scope));
    const end = result.decisions.find((decision) => decision.kind === "complete");
    const again = result.decisions.find((decision) => decision.kind === "continueAsNew");

    if (again !== undefined && end === undefined) {
      // Timers of the execution that ends would be dropped on arrival.
      plan.messages = plan.messages.filter(({ due }) => due === null);
      executionId = newExecutionId();
      const next = { ...instance, executionId, input: again.input, version: begin.Version };
      const begun = startMessage(next, begin.ParentInstance, timestamp);
      const carried = result.carryOver.map((event) => store(event));
      if (generation < GENERATIONS_PER_WORK_ITEM) {
        past = [];
        fresh = [started(timestamp), begun.event, ...carried, completed(timestamp)];
        continue;
      }
      plan.messages.push(
        begun,
        ...carried.map((event) => ({ instanceId: instance.id, executionId: null, due: null, event })),
      );
      const change = {
        executionId,
        version: begin.Version,
        status: Status.Running,
        input: again.input,
        output: null,
        customStatus,
        updatedAt: now,
      };
      return { ...plan, consumed: messages.map(({ id }) => id), change, kept: 0, history: [] };
    }

    if (end === undefined) plan.notes.push(...diagnose(instance.id, begin.Name, answer, result));
    return {
      ...plan,
      consumed: messages.map(({ id }) => id),
      change: {
        executionId,
        version: begin.Version,
        status: end?.status ?? (result.suspended ? Status.Suspended : Status.Running),
        input: begin.Input,
        output: end?.result ?? null,
        customStatus,
        updatedAt: now,
      },
      kept: past.length,
      history: [...fresh, ...decided.map(store), completed(timestamp)],
    };
  }
}

const started = (timestamp: string): StoredEvent =>
  store({ EventType: EventType.OrchestratorStarted, EventId: -1, Timestamp: timestamp });
const completed = (timestamp: string): StoredEvent =>
  store({ EventType: EventType.OrchestratorCompleted, EventId: -1, Timestamp: timestamp });

/** A timer's message was written when the timer was created; its event happens now. */
const arrived = (stored: StoredEvent, timestamp: string): StoredEvent =>
  stored.event.EventType === EventType.TimerFired ? store({ ...stored.event, Timestamp: timestamp }) : stored;

function* events(past: readonly StoredEvent[], fresh: readonly StoredEvent[]): Iterable<HistoryEvent> {
  for (const { event } of past) yield event;
  for (const { event } of fresh) yield event;
}

function* terminations(fresh: readonly StoredEvent[]): Iterable<HistoryEvent> {
  for (const { event } of fresh) if (event.EventType === EventType.ExecutionTerminated) yield event;
}

function findStarted(...lists: (readonly StoredEvent[])[]): ExecutionStarted | undefined {
  for (const list of lists)
    for (const { event } of list) if (event.EventType === EventType.ExecutionStarted) return event;
  return undefined;
}

/** Drops what is for an earlier execution, for an instance that is over, and duplicate starts. */
function accept(
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
function episodeTime(now: number, stored: readonly StoredEvent[], accepted: readonly StoredEvent[]): number {
  let time = now;
  const last = stored.findLast(({ event }) => event.EventType === EventType.OrchestratorStarted);
  if (last !== undefined) time = Math.max(time, Date.parse(last.event.Timestamp));
  for (const { event } of accepted)
    if (event.EventType === EventType.TimerFired) time = Math.max(time, Date.parse(event.FireAt));
  return time;
}

interface Scope {
  readonly deps: EpisodeDeps;
  readonly instance: Instance;
  readonly executionId: string;
  readonly begin: ExecutionStarted;
  readonly timestamp: string;
  readonly plan: Pick<Plan, "notes"> & {
    activities: Omit<Activity, "id">[];
    messages: Omit<Message, "id">[];
    starts: { instance: NewInstance; started: Omit<Message, "id"> }[];
  };
}

/** Adds a decision's effects to the plan and returns the event that history keeps of it. */
function carryOut(decision: Decision, scope: Scope): HistoryEvent {
  const { deps, instance, executionId, begin, timestamp, plan } = scope;
  const base = { EventId: decision.id, Timestamp: timestamp };
  const toSelf = (event: HistoryEvent, due: number | null = null) =>
    plan.messages.push({ instanceId: instance.id, executionId, due, event: store(event) });
  switch (decision.kind) {
    case "activity":
      plan.activities.push({
        instanceId: instance.id,
        executionId,
        taskId: decision.id,
        name: decision.name,
        input: decision.input,
      });
      return { ...base, EventType: EventType.TaskScheduled, Name: decision.name, Version: "", Input: null };
    case "timer": {
      const FireAt = decision.fireAt;
      const fired = { EventId: -1, Timestamp: FireAt, TimerId: decision.id, FireAt };
      toSelf({ EventType: EventType.TimerFired, ...fired }, Date.parse(FireAt));
      return { ...base, EventType: EventType.TimerCreated, FireAt };
    }
    case "subOrchestration": {
      const { name, instanceId: id, input } = decision;
      const version = decision.version ?? deps.defaultVersion;
      const parent: ParentInstance = {
        Name: begin.Name,
        OrchestrationInstance: { InstanceId: instance.id, ExecutionId: executionId },
        TaskScheduleId: decision.id,
        Version: begin.Version,
      };
      if (deps.invoker.find(name, "orchestrationTrigger") === undefined) {
        const failure = missingFunction("orchestrator", name);
        const failed = { EventId: -1, Timestamp: timestamp, TaskScheduledId: decision.id, ...failure };
        toSelf({ EventType: EventType.SubOrchestrationInstanceFailed, ...failed });
      } else {
        const createdAt = Date.parse(timestamp);
        const child = { id, executionId: newExecutionId(), name, version, input, createdAt };
        plan.starts.push({ instance: child, started: startMessage(child, parent, timestamp) });
      }
      const created = { Name: name, Version: version, InstanceId: id, Input: null };
      return { ...base, EventType: EventType.SubOrchestrationInstanceCreated, ...created };
    }
    case "send": {
      const raised = { EventId: -1, Timestamp: timestamp, Name: decision.name, Input: decision.input };
      plan.messages.push({
        instanceId: decision.instanceId,
        executionId: null,
        due: null,
        event: store({ EventType: EventType.EventRaised, ...raised }),
      });
      const sent = { InstanceId: decision.instanceId, Name: decision.name, Input: decision.input };
      return { ...base, EventType: EventType.EventSent, ...sent };
    }
    case "continueAsNew":
      return { ...base, EventType: EventType.OrchestratorCompleted };
    case "complete":
    default:
      if (begin.ParentInstance !== null)
        plan.messages.push(toParent(begin.ParentInstance, decision, timestamp));
      return {
        ...base,
        EventType: EventType.ExecutionCompleted,
        OrchestrationStatus: decision.status,
        Result: decision.result,
        FailureDetails: decision.failureDetails,
      };
  }
}

function toParent(
  parent: ParentInstance,
  end: Extract<Decision, { kind: "complete" }>,
  timestamp: string,
): Omit<Message, "id"> {
  const base = { EventId: -1, Timestamp: timestamp, TaskScheduledId: parent.TaskScheduleId };
  const event: HistoryEvent =
    end.status === Status.Completed
      ? { EventType: EventType.SubOrchestrationInstanceCompleted, ...base, Result: end.result }
      : {
          EventType: EventType.SubOrchestrationInstanceFailed,
          ...base,
          Reason: end.result ?? "",
          Details: end.details ?? "",
          FailureDetails: end.failureDetails,
        };
  const { InstanceId, ExecutionId } = parent.OrchestrationInstance;
  return { instanceId: InstanceId, executionId: ExecutionId, due: null, event: store(event) };
}

/** Says aloud what the real host leaves as an instance that runs for ever without a word. */
function diagnose(
  id: string,
  name: string,
  answer: Answer,
  result: ReplayResult,
): { level: "warn" | "error"; text: string }[] {
  if (result.suspended) return [];
  if (result.returned) {
    const what = result.open.map((task) => task.what).slice(0, 5);
    const text =
      `Orchestration '${name}' (${id}) has returned but stays Running until its open tasks end: ` +
      `${what.join(", ")}${result.open.length > 5 ? `, and ${result.open.length - 5} more` : ""}. ` +
      "Cancel timers that lost a Task.any, and wait for every activity.";
    return [{ level: "warn", text }];
  }
  if (result.open.length > 0 || result.waitingFor.length > 0) return [];
  const why =
    answer.kind === "state" && answer.threw
      ? "it threw an error with an empty message, or something that is not an Error; the SDK cannot report that"
      : "it waits for something the host will never give it, as after a retryTimeoutInMilliseconds or a non-retriable failure";
  const text = `Orchestration '${name}' (${id}) will run for ever, here and in Azure: ${why}. Terminate it.`;
  return [{ level: "error", text }];
}
